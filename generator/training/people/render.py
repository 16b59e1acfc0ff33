"""Draws a posed character with OpenGL (EGL, software rasteriser is enough): colour, part map, distance.

Passes: the key light's shadow map, a surface buffer at twice the stored size, a lighting pass, and a small
wide pass of the hands alone which tells how much of each hand the picture shows.
"""

from __future__ import annotations

import moderngl
import numpy as np

from . import pieces as pc
from . import shaders
from .framing import View

WIDTH, HEIGHT, SCALE = 256, 192, 2
NO_DEPTH = 65535
_SHADOW_PX = 640
_WIDE = 3.0  # the hands' pass sees this many times the picture's width


class Renderer:
    """One OpenGL context; upload a character once, draw it many times."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT, scale: int = SCALE):
        """Pictures of width x height pixels, drawn at `scale` times that size. Both keep the aspect of WIDTH, HEIGHT."""
        self.gl = moderngl.create_standalone_context(backend="egl")
        g = self.gl
        self.scale = scale
        self.size = (width * scale, height * scale)
        self.surface_program = g.program(shaders.VERTEX, shaders.SURFACE_FRAGMENT)
        self.shadow_program = g.program(shaders.VERTEX, shaders.SHADOW_FRAGMENT)
        self.hand_program = g.program(shaders.VERTEX, shaders.HAND_FRAGMENT)
        self.light_program = g.program(shaders.SCREEN_VERTEX, shaders.LIGHT_FRAGMENT)
        near = (moderngl.NEAREST, moderngl.NEAREST)
        self.albedo = g.texture(self.size, 4)
        self.normal = g.texture(self.size, 4, dtype="f2")
        self.distance = g.texture(self.size, 1, dtype="f4")
        for t in (self.albedo, self.normal, self.distance):
            t.filter, t.repeat_x, t.repeat_y = near, False, False
        self.surface = g.framebuffer([self.albedo, self.normal, self.distance], g.depth_renderbuffer(self.size))
        self.shadow_map = g.depth_texture((_SHADOW_PX, _SHADOW_PX))
        self.shadow_map.compare_func = "<="
        self.shadow_map.repeat_x = self.shadow_map.repeat_y = False
        self.shadow = g.framebuffer(depth_attachment=self.shadow_map)
        self.color, self.label = g.texture(self.size, 4), g.texture(self.size, 2, dtype="f4")
        self.light = g.framebuffer([self.color, self.label])
        self.hands_color = g.texture((WIDTH, HEIGHT), 2)
        self.hands = g.framebuffer([self.hands_color])
        quad = g.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], "f4").tobytes())
        self.screen = g.vertex_array(self.light_program, [(quad, "2f", "in_corner")])
        self.mesh: pc.Assembled | None = None
        self._held: list = []

    def upload(self, mesh: pc.Assembled, textures: np.ndarray) -> None:
        """Make a character current."""
        for thing in self._held:
            thing.release()
        g = self.gl
        self.mesh = mesh
        static = g.buffer(mesh.static.tobytes())
        self.moving = g.buffer(reserve=len(mesh.source) * 24)
        index = g.buffer(mesh.triangles.tobytes())
        hands = g.buffer(mesh.triangles[np.isin(mesh.tri_part, (pc.HAND_R, pc.HAND_L))].tobytes() or b"\0" * 12)
        layout = "3f 3f 2f 1f 1f 1f 1f"
        names = ["in_rest", "in_color", "in_tex", "in_part", "in_material", "in_cut", "in_layer"]
        self._held = [static, self.moving, index, hands]
        self.arrays = {}
        for key, program, elements in (("surface", self.surface_program, index), ("shadow", self.shadow_program, index), ("hands", self.hand_program, hands)):
            known = [n if n in program else None for n in names]
            sizes = layout.split()
            text = " ".join(s if n else f"{int(s[:-1]) * 4}x" for n, s in zip(known, sizes))
            moving = ("3f 3f", "in_position", "in_normal") if "in_normal" in program else ("3f 12x", "in_position")
            self.arrays[key] = g.vertex_array(program, [(static, text, *[n for n in known if n]), (self.moving, *moving)], elements)
            self._held.append(self.arrays[key])
        cloth = g.texture_array((textures.shape[2], textures.shape[1], len(textures)), 3, textures.tobytes())
        cloth.build_mipmaps()
        cloth.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self.cloth = cloth
        self._held.append(cloth)

    def draw(self, posed: np.ndarray, normals: np.ndarray, view: View) -> dict:
        """Posed vertices and normals (V,3) in camera space -> rgba (H,W,4), parts (H,W), depth_mm (H,W), hands."""
        color, label, hands = self.draw_large(posed, normals, view)
        out = downsample(color, label, self.scale)
        out["hands_visible_fraction"] = hands_shown(out["parts"], hands)
        return out

    def draw_large(self, posed: np.ndarray, normals: np.ndarray, view: View) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `draw`, before downsampling: colour (sH,sW,4), part and distance in m (sH,sW,2), the hands' wide masks (192,256,2)."""
        g, mesh = self.gl, self.mesh
        moving = np.concatenate([posed[mesh.source], normals[mesh.source]], 1).astype("f4")
        self.moving.write(moving.tobytes())
        self._uniforms(view, posed)
        g.disable(moderngl.CULL_FACE)
        g.enable(moderngl.DEPTH_TEST)
        self.shadow.use()
        self.shadow.clear(depth=1.0)
        self.arrays["shadow"].render()
        self.surface.use()
        self.surface.clear(0, 0, 0, 0, depth=1.0)
        self.cloth.use(0)
        self.arrays["surface"].render()
        g.disable(moderngl.DEPTH_TEST)
        self.light.use()
        for k, t in enumerate((self.albedo, self.normal, self.distance, self.shadow_map)):
            t.use(k)
        self.screen.render(moderngl.TRIANGLE_STRIP)
        self.hands.use()
        self.hands.clear()
        g.enable(moderngl.BLEND)
        g.blend_func = moderngl.ONE, moderngl.ONE
        self.arrays["hands"].render()
        g.disable(moderngl.BLEND)
        w, h = self.size
        color = np.frombuffer(self.color.read(), np.uint8).reshape(h, w, 4)
        label = np.frombuffer(self.label.read(), "f4").reshape(h, w, 2)
        hands = np.frombuffer(self.hands_color.read(), np.uint8).reshape(HEIGHT, WIDTH, 2) > 0
        return color, label, hands

    def _uniforms(self, view: View, posed: np.ndarray) -> None:
        clip = view.clip_from_camera()
        key = view.lights[0]
        shadow = shadow_matrix(posed, key["way"])
        put(self.surface_program, clip_from_camera=clip, fold_strength=view.fold_strength, freckles=view.freckles, hair_grain=(430.0, 60.0), hair_density=view.hair_density)
        put(self.shadow_program, clip_from_camera=shadow, hair_grain=(430.0, 60.0), hair_density=view.hair_density)
        wide = np.diag([1 / _WIDE, 1 / _WIDE, 1, 1]) @ clip
        put(self.hand_program, clip_from_camera=wide)
        put(
            self.light_program,
            albedo=0, normals=1, distances=2, shadow=3,
            shadow_from_camera=shadow,
            tan_half=(view.tan_half_x, view.tan_half_y),
            ambient_up=view.ambient_up, ambient_down=view.ambient_down, up_way=tuple(view.up_way),
            exposure=view.exposure, shadow_soft_m=view.shadow_soft,
            texel=(1 / self.size[0], 1 / self.size[1]),
        )  # fmt: skip
        self.light_program["light_way"].write(np.array([l["way"] for l in view.lights], "f4").tobytes())
        self.light_program["light_rgb"].write(np.array([l["rgb"] for l in view.lights], "f4").tobytes())


def put(program, **values) -> None:
    """Set uniforms; matrices are given row-major. A uniform that the compiler dropped is skipped."""
    for name, value in values.items():
        if name not in program:
            continue
        if isinstance(value, np.ndarray) and value.ndim == 2:
            program[name].write(value.T.astype("f4").tobytes())
        else:
            program[name].value = value


def hands_shown(parts: np.ndarray, hands: np.ndarray) -> list[float]:
    """How much of the right and the left hand a part map (H,W) shows, 0..1, against their wide masks (192,256,2)."""
    whole = hands.sum((0, 1)) * _WIDE**2
    shown = [int((parts == p).sum()) * (HEIGHT * WIDTH) / parts.size for p in (pc.HAND_R, pc.HAND_L)]
    return [float(min(1.0, s / w)) if w > 0 else 0.0 for s, w in zip(shown, whole)]


def shadow_matrix(posed: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Orthographic (4,4) from camera space to the shadow map's clip space, fitted to what is near the camera."""
    w = np.asarray(way, float)
    side = np.cross(w, [0.12, 1.0, 0.31])
    side /= np.linalg.norm(side)
    basis = np.stack([side, np.cross(w, side), -w])
    near = posed[posed[:, 2] < 6.0][::7]
    q = near @ basis.T
    low, high = q.min(0) - 0.03, q.max(0) + 0.03
    out = np.eye(4)
    out[:3, :3] = basis * (2 / (high - low))[:, None]
    out[:3, 3] = -(high + low) / (high - low)
    return out


def downsample(color: np.ndarray, label: np.ndarray, scale: int = SCALE) -> dict:
    """Colour (sH,sW,4) and label (sH,sW,2), drawn at `scale` s times the size, to the stored size.

    A pixel's part is the commonest among its covered sub-pixels; its depth is the mean over that part.
    """
    h, w = color.shape[0] // scale, color.shape[1] // scale

    def blocks(a: np.ndarray) -> np.ndarray:
        return a.reshape(h, scale, w, scale, -1).transpose(0, 2, 1, 3, 4).reshape(h, w, scale * scale, -1)

    c, l = blocks(color), blocks(label)
    part = (l[..., 0] + 0.5).astype(np.uint8)  # (H,W,4)
    covered = part > 0
    count = covered.sum(2)
    same = (part[..., :, None] == part[..., None, :]).sum(3) * covered
    best = np.take_along_axis(part, same.argmax(2)[..., None], 2)[..., 0]
    chosen = part == best[..., None]
    distance = (l[..., 1] * chosen).sum(2) / np.maximum(chosen.sum(2), 1)
    rgb = (c[..., :3].astype(np.float32) * covered[..., None]).sum(2) / np.maximum(count, 1)[..., None]
    parts = np.where(count > 0, best, 0).astype(np.uint8)
    rgba = np.zeros((h, w, 4), np.uint8)
    rgba[..., :3] = np.where(count[..., None] > 0, rgb + 0.5, 0).astype(np.uint8)
    rgba[..., 3] = count * 255 // (scale * scale)
    depth = np.where(parts > 0, np.clip(distance * 1000, 0, NO_DEPTH - 1), NO_DEPTH).astype(np.uint16)
    return {"rgba": rgba, "parts": parts, "depth": depth}
