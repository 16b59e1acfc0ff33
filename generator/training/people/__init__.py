"""Synthetic people before a webcam: the training data of the `house` renderer.

Flow: `assets` reads the CC0 MakeHuman files; `body` morphs a character; `garments`, `hair` and `paint`
dress and colour it; `pose` moves its `rig`; `framing` places the camera and the light; `render` draws it
with OpenGL; `labels` says where everything is; `build` writes shards; `look` makes a contact sheet.

Units are metres unless a name says otherwise. Body space is MakeHuman's: x to the person's own left,
y up, z out of the chest. Camera space: x right, y down, z away from the camera.
"""
