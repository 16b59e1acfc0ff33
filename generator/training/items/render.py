"""The studio: ground truth pictures of item meshes, with moderngl over EGL.

A picture has four channels, each multiplied by the coverage of the pixel: light D, highlight S, tint mask M, coverage.
Light is fixed in view space (x right, y up, z towards the viewer). Flow: Model -> Studio.load (ambient occlusion baked
per vertex) -> Studio.picture for one frame.
"""

import math
from dataclasses import dataclass

import moderngl
import numpy as np

from .meshes.solid import Mesh, Model

VERTEX = """
#version 330
uniform mat3 view_from_item;      // rotation, for normals
uniform mat3 clip_from_item;      // x, y, depth rows
uniform vec3 clip_offset;
in vec3 position; in vec3 normal; in vec4 material; in float occlusion;
out vec3 n; out vec4 m; out float ao;
void main() {
    n = view_from_item * normal; m = material; ao = occlusion;
    gl_Position = vec4(clip_from_item * position + clip_offset, 1.0);
}
"""

FRAGMENT = """
#version 330
uniform float hidden;             // 1: writes depth only
in vec3 n; in vec4 m; in float ao;
out vec4 result;
float box(vec3 r, vec3 at, vec3 across, vec2 size, float soft) {
    vec3 up = cross(at, across);
    if (dot(r, at) <= 0.0) return 0.0;
    vec2 q = abs(vec2(dot(r, across), dot(r, up)) / dot(r, at)) - size;
    return smoothstep(soft, -soft, q.x) * smoothstep(soft, -soft, q.y);
}
float room(vec3 r) {               // what polished metal mirrors, apart from the lamps
    float sky = mix(0.46, 0.95, smoothstep(-0.05, 0.85, r.y));
    float ground = mix(0.30, 0.58, smoothstep(-0.9, -0.05, r.y));
    float v = mix(ground, sky, smoothstep(-0.12, 0.12, r.y));
    v -= 0.16 * exp(-pow((r.y + 0.06) / 0.10, 2.0)) * smoothstep(0.95, 0.7, r.z);      // dark horizon
    v += 0.16 * exp(-pow((r.x - 0.80) / 0.18, 2.0)) * smoothstep(-0.6, 0.3, r.y);
    v += 0.38 * exp(-pow((r.x + 0.62) / 0.26, 2.0));                       // bright wall to the left
    return v - 0.10 * exp(-pow((r.x - 0.45) / 0.22, 2.0));                 // and a shadow to the right
}
void main() {
    if (hidden > 0.5) { result = vec4(0.0); return; }
    vec3 k = normalize(n);
    if (k.z < 0.0) k = -k;         // sheets are seen from both sides
    vec3 r = vec3(2.0 * k.z * k.x, 2.0 * k.z * k.y, 2.0 * k.z * k.z - 1.0);
    vec3 key = normalize(vec3(-0.50, 0.70, 0.62)), fill = normalize(vec3(0.75, 0.15, 0.55));
    float wrap = clamp((dot(k, key) + 0.25) / 1.25, 0.0, 1.0);
    float d = 0.26 + 0.20 * (0.5 + 0.5 * k.y) + 0.62 * wrap * wrap + 0.20 * max(dot(k, fill), 0.0);
    float edge = pow(1.0 - k.z, 3.0);
    float cloth = m.x * ao * (d + m.w * edge * (0.5 + 0.5 * k.y));
    float lamp = 0.85 * box(r, normalize(vec3(-0.45, 0.62, 0.64)), normalize(vec3(0.82, 0.57, 0.0)), vec2(0.24, 0.34), 0.16)
               + 0.40 * box(r, normalize(vec3(0.66, 0.30, 0.69)), normalize(vec3(0.72, 0.0, -0.69)), vec2(0.12, 0.42), 0.14);
    float shade = 0.35 + 0.65 * ao;
    float metal = m.x * shade * (0.14 + 1.14 * room(r));
    float gem = m.x * (0.30 + 0.55 * smoothstep(0.4, -0.9, dot(k.xy, normalize(vec2(-0.6, 0.8)))) + 0.35 * wrap) * (0.6 + 0.4 * ao);
    float spark = pow(max(dot(normalize(key + vec3(0.0, 0.0, 1.0)), k), 0.0), 60.0);
    float D, S;
    if (m.z < 1.5) {
        float t = clamp(m.z, 0.0, 1.0);
        D = mix(cloth, metal, t);
        S = mix(0.0, lamp * shade * 0.8, t);
    } else if (m.z < 2.5) { D = gem; S = 0.9 * spark + 0.10 * edge; }
    else if (m.z < 3.5) { D = m.x; S = m.w; }     // shines by itself
    else {                          // glows: white in the middle, saturated towards the outline
        float core = smoothstep(0.55, 1.0, k.z);
        D = m.x * mix(0.72, 1.40, smoothstep(0.1, 0.85, k.z)); S = m.x * 0.65 * core;
    }
    result = vec4(D, S, m.y > 0.0 ? 1.0 : 0.0, 1.0);
}
"""

DEPTH_FRAGMENT = """
#version 330
out float result;
void main() { result = gl_FragCoord.z; }
"""


@dataclass
class Loaded:
    """A model on the graphics device."""

    item: object
    occluders: list
    radius: float  # of a sphere round the item origin that holds mesh and occluders
    buffers: list

    def release(self):
        """Gives the memory back; what moves is loaded anew for every shape."""
        for part in [self.item, *self.occluders, *self.buffers]:
            part.release()


class Studio:
    """One GL context and its programs; not to be shared between threads."""

    def __init__(self):
        self.ctx = moderngl.create_context(standalone=True, backend="egl", require=330)
        self.program = self.ctx.program(VERTEX, FRAGMENT)
        self.depth_program = self.ctx.program(VERTEX, DEPTH_FRAGMENT)
        self.targets = {}

    def bake(self, model: Model, directions: int = 160) -> np.ndarray:
        """(N,) the light from all sides that reaches each vertex, 0..1."""
        return 1 - model.ao_strength * (1 - self.occlusion(model, directions))

    def load(self, model: Model, baked: np.ndarray | None = None) -> Loaded:
        """Uploads a model, with the light baked for it or for another shape of the same mesh."""
        baked = self.bake(model) if baked is None else baked
        if len(baked) != len(model.mesh.positions):
            raise ValueError(f"expected a shape of {len(baked)} vertices, got {len(model.mesh.positions)}; every shape of a kind has as many")
        parts = [model.mesh] + model.occluders
        radius = max(float(np.linalg.norm(p.positions, axis=1).max()) for p in parts) * 1.01
        buffers = []
        item = self._array(self.program, model.mesh, baked, buffers)
        return Loaded(item, [self._array(self.program, o, None, buffers) for o in model.occluders], radius, buffers)

    def _array(self, program, mesh: Mesh, occlusion=None, buffers=None):
        occlusion = np.ones(len(mesh.positions)) if occlusion is None else occlusion
        columns = {"position": (mesh.positions, "3f"), "normal": (mesh.normals, "3f"), "material": (mesh.material, "4f"), "occlusion": (occlusion, "1f")}
        content = [
            (self.ctx.buffer(np.ascontiguousarray(data, "f4").tobytes()), form, name) for name, (data, form) in columns.items() if name in program
        ]
        faces = self.ctx.buffer(np.ascontiguousarray(mesh.faces, "i4").tobytes())
        if buffers is not None:
            buffers += [faces, *(buffer for buffer, _, _ in content)]
        return self.ctx.vertex_array(program, content, faces)

    def _target(self, width: int, height: int, components: int):
        key = (width, height, components)
        if key not in self.targets:
            texture = self.ctx.texture((width, height), components, dtype="f4")
            self.targets[key] = self.ctx.framebuffer([texture], self.ctx.depth_renderbuffer((width, height)))
        return self.targets[key]

    def _draw(self, arrays, program, rows: np.ndarray, offset: np.ndarray):
        program["clip_from_item"].write(np.ascontiguousarray(rows.T, "f4").tobytes())
        program["clip_offset"].write(np.ascontiguousarray(offset, "f4").tobytes())
        for array in arrays:
            array.render()

    def picture(self, loaded: Loaded, matrix: np.ndarray, origin, toward: np.ndarray, view_from_item: np.ndarray,
                width: int, height: int, supersample: int = 4) -> np.ndarray:  # fmt: skip
        """(height, width, 4) float32: D, S, M times coverage, and coverage.

        matrix (2, 3) pixels per unit, origin (2,) pixels: picture_from_item.  toward (3,): unit vector to the viewer in
        item space (depth order).  view_from_item (3, 3): rotation for the light.
        """
        w, h = width * supersample, height * supersample
        target = self._target(w, h, 4)
        target.use()
        self.ctx.enable(moderngl.DEPTH_TEST)
        target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        # Row 0 of the texture is the picture's top row: y is not flipped between picture and clip space.
        rows = np.stack([matrix[0] * 2 / width, matrix[1] * 2 / height, -toward / loaded.radius])
        offset = np.array([origin[0] * 2 / width - 1, origin[1] * 2 / height - 1, 0.0])
        self.program["view_from_item"].write(np.ascontiguousarray(view_from_item.T, "f4").tobytes())
        self.program["hidden"].value = 1.0
        self._draw(loaded.occluders, self.program, rows, offset)
        self.program["hidden"].value = 0.0
        self._draw([loaded.item], self.program, rows, offset)
        data = np.frombuffer(target.read(components=4, dtype="f4"), np.float32).reshape(h, w, 4)
        return data.reshape(height, supersample, width, supersample, 4).mean((1, 3))

    def occlusion(self, model: Model, directions: int, size: int = 768) -> np.ndarray:
        """(N,) share of the sky, weighted by the cosine, that each vertex sees past the mesh and its occluders."""
        mesh = model.mesh
        arrays = [self._array(self.depth_program, m) for m in [mesh] + model.occluders]
        radius = max(float(np.linalg.norm(m.positions, axis=1).max()) for m in [mesh] + model.occluders) * 1.01
        target = self._target(size, size, 1)
        k = np.arange(directions) + 0.5
        z, turn = 1 - 2 * k / directions, k * math.pi * (1 + 5**0.5)
        seen, total = np.zeros(len(mesh.positions)), np.full(len(mesh.positions), 1e-6)
        for d in np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z], -1):
            side = np.cross(d, [0, 1, 0] if abs(d[1]) < 0.9 else [1, 0, 0])
            side /= np.linalg.norm(side)
            rows = np.stack([side, np.cross(d, side), -d]) / radius
            target.use()
            self.ctx.enable(moderngl.DEPTH_TEST)
            target.clear(1.0, depth=1.0)
            self._draw(arrays, self.depth_program, rows, np.zeros(3))
            depth = np.frombuffer(target.read(components=1, dtype="f4"), np.float32).reshape(size, size)
            cosine = mesh.normals @ d
            at = (mesh.positions + mesh.normals * (0.004 * radius)) @ rows.T
            column, row = (np.clip(((at[:, i] + 1) * 0.5 * size).astype(int), 0, size - 1) for i in (0, 1))
            open_sky = (at[:, 2] + 1) * 0.5 <= depth[row, column] + 0.0015
            weight = np.maximum(cosine, 0)
            seen += weight * open_sky
            total += weight
        return seen / total
