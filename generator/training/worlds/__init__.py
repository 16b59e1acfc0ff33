"""The worlds that stand behind the visitor, painted by our own fragment shaders.

What: one GLSL scene per theme (shaders/THEME.glsl), rendered through an EGL context (a software rasteriser will do),
finished in numpy and written as pictures with the light that belongs to them. Why: the built-in renderer can't dream
up a sharp castle at 256 pixels; it can lay a painted one behind the person it has cut out.
Flow: seed, theme -> scene.render_hdr -> finish.finish -> paint (one picture) / build (all pictures and worlds.json).
"""
