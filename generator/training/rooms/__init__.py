"""Backgrounds for compositing: rooms and outdoor scenes, ray-cast from painted planes and simple solids.

Flow: `surfaces` paints walls and floors, `things` paints what hangs on them and what screens show, `solids`
casts rays at planes, boxes, cylinders, ellipsoids and cut-outs, `furnish` fills a room, `outdoors` paints
the far away, `picture` lights, blurs and develops it, `build` writes shards.

Units are metres: x right, y up, z away from the camera's side of the room; colours linear light 0..1.
"""
