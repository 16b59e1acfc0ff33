"""Frames and charts: from a pixel of the picture to the inputs of an item's field.

This page is the specification of the run time's Rust twin; every formula here is exact, in this order.

Picture space.  Pixels, x to the right, y DOWN; the centre of the pixel in column i, row j is p = (i + 0.5, j + 0.5).
Item space.     Right-handed, in units of the item (see `unit` in items.json).  A visitor who faces the camera with a
                straight head has x to picture-right (the visitor's LEFT side in an unmirrored picture), y up,
                z towards the viewer (out of the face / out of the chest).
Frame.          o, ex, ey, ez: pictures positions/vectors in pixels.  X = (x, y, z) lands at
                    p = o + x ex + y ey + z ez                                   (weak perspective)
View space.     x right, y UP, z towards the viewer; light and reflections are fixed in it.

Frame from a pose (roll, yaw, pitch in radians, unit in pixels):
    R = Rz(roll) Ry(yaw) Rx(pitch);   e_k = unit * (R[0,k], -R[1,k])
    Ry(yaw)  : (x,y,z) -> (x cos + z sin, y, -x sin + z cos)      yaw   > 0: the nose moves to picture-right
    Rx(pitch): (x,y,z) -> (x, y cos + z sin, -y sin + z cos)      pitch > 0: the nose moves up
    Rz(roll) : (x,y,z) -> (x cos - y sin, x sin + y cos, z)       roll  > 0: counter-clockwise in the picture

Size.  An item of size s is drawn in the frame   o' = o + (1 - s) (cx ex + cy ey + cz ez),  e' = s e,
with c = `scale_about` of its kind.

Chart "plane" (sword).  Only ex, ey are used.  det = ex.x ey.y - ey.x ex.y, d = p - o:
    u = (d.x ey.y - ey.x d.y) / det          v = (ex.x d.y - d.x ex.y) / det
    cos_phi = ex.x / |ex|                    sin_phi = -ex.y / |ex|              (direction of the blade in view space)
    (ey is ex turned clockwise as one sees the picture, ey = (-ex.y, ex.x): a blade that points up has v to the right)
    ppu = |ey|                               (pixels per unit; the sharpness of edges)
  sources: "u", "v", "cos_phi", "sin_phi", and the kind's params.

Params.  Every entry of the kind's `params` is a source by its name, in any chart, in [-1, 1]: "twist" of a sword
(-25..25 degrees; 0 at run time), and what follows the time t of the frame in seconds, as `motion` says:
    value = wave(2 pi t / period_s)          wave: "sin" or "cos"

Chart "ray" (everything worn on head or shoulders).  Let g0 = (ex.x, ey.x, ez.x), g1 = (ex.y, ey.y, ez.y) be the rows of the
2x3 matrix A = [ex ey ez], and d = p - o.
    n = g1 x g0,  ppu = sqrt(|n|),  view = n / |n|               (unit vector in item space, towards the viewer)
    X0 = A^T (A A^T)^-1 d                                        (the point of the ray nearest to the item's origin)
    ray:  X(t) = X0 + t view                                     (larger t is nearer to the viewer)
    right = (view.z, 0, -view.x) / |.|,  up = view x right       (view plane, free of roll)
    a = X0 . right,  b = X0 . up
  sources: "a", "b", "view_x", "view_y", "view_z", and for surface number k of the chart:
  kind "cone" {center c, tilt, rx, rz, slope, h_min, h_max}: an elliptic cone round the y axis, tilted about x.
    local(X) = T (X - c),   T = (x, y, z) -> (x, y cos tilt - z sin tilt, y sin tilt + z cos tilt)
    q = local(X0),  w = T view,  m = 1 + slope q.y
    A = max((w.x/rx)^2 + (w.z/rz)^2 - (slope w.y)^2, 0.02)
    B = q.x w.x/rx^2 + q.z w.z/rz^2 - slope w.y m
    C = (q.x/rx)^2 + (q.z/rz)^2 - m^2
    gap = (B B - A C) / A                      root = sqrt(max(gap, 0) / A)
    front: q + (-B/A + root) w                 back: q + (-B/A - root) w
    "k.front.theta" = atan2(x/rx, z/rz), "k.front.h" = clamp(y, h_min, h_max)      (likewise "k.back.*")
    "k.gap" = clamp(gap, -1, 1)
    A ray that misses keeps front = back = the point of its nearest approach (root = 0): everything is continuous.
  kind "disc" {center c, tilt, rx, rz, soft}: a plane through c, normal = tilted y axis.
    q, w as above;  hit = q - q.y (w.y / (w.y^2 + soft^2)) w             (soft keeps it continuous seen edge-on)
    "k.x" = clamp(hit.x / rx, -2, 2), "k.z" = clamp(hit.z / rz, -2, 2)
  kind "wings" {center c, param, swing, swing_by, lift, lift_by, soft}: two half planes that hang on the vertical line through c,
  each swung back about it and turned in its own plane by angles that follow the kind's parameter of that name (radians):
    beat = value of the parameter,  s = swing + swing_by beat,  r = lift + lift_by beat
    q = X0 - c,  side = sign(q . right) (1 where it is 0),  along = (side cos s, 0, -sin s),  n = (side sin s, 0, cos s)
    hit = q - (q . n) ((view . n) / ((view . n)^2 + soft^2)) view,   x = hit . along
    "k.along" = clamp(x cos r + hit.y sin r, -4, 4),  "k.h" = clamp(hit.y cos r - x sin r, -4, 4),  "k.side" = side

Inputs of the network, in the order of `inputs`; each entry {source, center, scale, identity, base, octaves}:
    x = (source - center) * scale;   if identity: push x;   for k in 0..octaves: push sin(base 2^k x), cos(base 2^k x)
    (theta sources are not pushed themselves, and have an integer base, so that the cut of atan2 is invisible)

Network: dense layers, y = W x + b, hardswish(x) = x * clamp(x + 3, 0, 6) / 6 between them, 4 linear outputs r0..r3:
    alpha = clamp(0.5 + r0 * edge_unit * ppu, 0, 1)      r0 * edge_unit: signed distance to the outline in units, inside > 0
    D     = clamp(r1, 0, 1.5)                            diffuse or reflected light, multiplies the colour
    S     = clamp(r2, 0, 1)                              highlight, added
    M     = clamp(0.5 + r3 * mask_unit * ppu, 0, 1)      1: the item's own colour (tint), 0: its secondary colour
    rgb   = clamp((M tint + (1 - M) secondary) * D + S, 0, 1),   premultiplied: (rgb * alpha, alpha)
"""

import math
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Frame:
    """An affine item frame: `o` a picture position in pixels, `ex`, `ey`, `ez` the item axes in pixels per unit."""

    o: tuple
    ex: tuple
    ey: tuple
    ez: tuple = (0.0, 0.0)

    def sized(self, size: float, about) -> "Frame":
        """The frame of the same item `size` times as big, with the item point `about` kept in place."""
        o = np.asarray(self.o, float)
        axes = [np.asarray(e, float) for e in (self.ex, self.ey, self.ez)]
        o = o + (1.0 - size) * sum(c * e for c, e in zip(about, axes))
        return Frame(tuple(o), *(tuple(size * e) for e in axes))

    def matrix(self) -> np.ndarray:
        """(2, 3) pixels per unit; the columns are ex, ey, ez."""
        return np.array([self.ex, self.ey, self.ez], float).T

    def project(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) item points -> (N, 2) picture positions in pixels."""
        return np.asarray(self.o, float) + np.asarray(points, float) @ self.matrix().T


def rotation(roll: float, yaw: float, pitch: float) -> np.ndarray:
    """(3, 3) view_from_item, radians; see the module text for the signs."""
    cr, sr, cy, sy, cp, sp = (f(x) for x in (roll, yaw, pitch) for f in (math.cos, math.sin))
    rz = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    ry = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    rx = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    return rz @ ry @ rx


def pose_frame(o, unit_px: float, roll: float = 0.0, yaw: float = 0.0, pitch: float = 0.0) -> Frame:
    """Frame of a head or torso: `o` in pixels, `unit_px` head (shoulder) width in pixels if it faced the camera."""
    r = rotation(roll, yaw, pitch)
    return Frame(tuple(o), *((unit_px * r[0, k], -unit_px * r[1, k]) for k in range(3)))


def sword_frame(o, length_px: float, angle: float, foreshortening: float = 1.0) -> Frame:
    """Frame of a sword held at `o`: `angle` radians counter-clockwise from picture-right, `length_px` from grip to tip
    when seen side-on; `foreshortening` in (0, 1] shortens the blade that points towards the viewer."""
    c, s = math.cos(angle), math.sin(angle)
    length = length_px * foreshortening
    return Frame(tuple(o), (length * c, -length * s), (length_px * s, length_px * c))


def pixel_centres(width: int, height: int) -> torch.Tensor:
    """(height * width, 2) picture positions of the pixel centres, row by row."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return torch.stack([x, y], -1).reshape(-1, 2)


def plane_row(frame: Frame) -> np.ndarray:
    """ppu, o, ex, ey, det, cos_phi, sin_phi (10,): what chart "plane" knows of a frame."""
    (exx, exy), (eyx, eyy) = frame.ex, frame.ey
    length = math.hypot(exx, exy)
    return np.array([math.hypot(eyx, eyy), *frame.o, exx, exy, eyx, eyy, exx * eyy - eyx * exy, exx / length, -exy / length])


def plane_features(rows: torch.Tensor, params: dict, p: torch.Tensor) -> dict:
    """Sources of chart "plane": rows (N, 10) or (1, 10) of `plane_row`, params numbers or (N,), p (N, 2) pixels."""
    _, ox, oy, exx, exy, eyx, eyy, det, cos_phi, sin_phi = rows.unbind(1)
    dx, dy = p[:, 0] - ox, p[:, 1] - oy
    return {"u": (dx * eyy - eyx * dy) / det, "v": (exx * dy - dx * exy) / det, "cos_phi": cos_phi, "sin_phi": sin_phi, **params}


def plane_sources(frame: Frame, params: dict, p: torch.Tensor):
    """Chart "plane". p: (N, 2) pixels -> ({source: (N,) or (1,) or number}, ppu)."""
    row = plane_row(frame)
    return plane_features(torch.tensor(row, dtype=p.dtype, device=p.device)[None], params, p), row[0]


def view_of(frame: Frame):
    """Chart "ray": (ppu, view, right, up) of a frame; the vectors are (3,) in item space."""
    g0, g1 = frame.matrix()
    n = np.cross(g1, g0)
    length = float(np.linalg.norm(n))
    if length < 1e-9:
        raise ValueError(f"expected a frame that spans the picture, got {frame}; give two independent axes")
    view = n / length
    right = np.array([view[2], 0.0, -view[0]])
    right /= np.linalg.norm(right)
    return math.sqrt(length), view, right, np.cross(view, right)


def view_from_angles(yaw: float, pitch: float) -> np.ndarray:
    """(3,) direction towards the viewer in item space for a head turned by yaw, pitch (radians)."""
    return rotation(0.0, yaw, pitch)[2]


def ray_row(frame: Frame) -> np.ndarray:
    """ppu, o, view, right, up and the pseudo-inverse (3, 2) of the frame, (18,): what chart "ray" knows of it."""
    ppu, view, right, up = view_of(frame)
    a = frame.matrix()
    return np.concatenate([[ppu], frame.o, view, right, up, (a.T @ np.linalg.inv(a @ a.T)).reshape(-1)])


def rays(rows: torch.Tensor, surfaces, params: dict, p: torch.Tensor) -> dict:
    """Sources of chart "ray": rows (N, 18) or (1, 18) of `ray_row`, params numbers or (N,), p (N, 2) pixels."""
    _, o, view, right, up, pinv = rows.split([1, 2, 3, 3, 3, 6], 1)
    x0 = (pinv.reshape(-1, 3, 2) * (p - o)[:, None]).sum(-1)  # (N, 3)
    return ray_features(x0, view, (x0 * right).sum(-1), (x0 * up).sum(-1), surfaces, params)


def ray_sources(frame: Frame, surfaces, p: torch.Tensor, params: dict | None = None):
    """Chart "ray". p: (N, 2) pixels -> ({source: (N,) or (1,) or number}, ppu)."""
    row = ray_row(frame)
    return rays(torch.tensor(row, dtype=p.dtype, device=p.device)[None], surfaces, params or {}, p), row[0]


def ray_features(x0: torch.Tensor, view: torch.Tensor, a: torch.Tensor, b: torch.Tensor, surfaces, params: dict):
    """Sources of rays x0 + t view: x0 (N, 3), view (N, 3) or (1, 3), a, b (N,) view-plane coordinates, params numbers or (N,)."""
    sources = {"a": a, "b": b, "view_x": view[:, 0], "view_y": view[:, 1], "view_z": view[:, 2], **params}
    for k, surface in enumerate(surfaces):
        c = torch.tensor(surface["center"], dtype=x0.dtype, device=x0.device)
        if surface["kind"] == "wings":
            sources.update(wing_sources(k, surface, x0 - c, view, params.get(surface["param"], 0.0)))
            continue
        q, w = tilted(x0 - c, surface["tilt"]), tilted(view, surface["tilt"])
        if surface["kind"] == "cone":
            sources.update(cone_sources(k, surface, q, w))
        elif surface["kind"] == "disc":
            sources.update(disc_sources(k, surface, q, w))
        else:
            raise ValueError(f"expected a surface of kind cone, disc or wings, got {surface['kind']!r}")
    return sources


def tilted(x: torch.Tensor, tilt: float) -> torch.Tensor:
    c, s = math.cos(tilt), math.sin(tilt)
    return torch.stack([x[:, 0], x[:, 1] * c - x[:, 2] * s, x[:, 1] * s + x[:, 2] * c], -1)


def cone_sources(k: int, surface: dict, q: torch.Tensor, w: torch.Tensor) -> dict:
    rx, rz, slope = surface["rx"], surface["rz"], surface["slope"]
    m = 1.0 + slope * q[:, 1]
    aa = ((w[:, 0] / rx) ** 2 + (w[:, 2] / rz) ** 2 - (slope * w[:, 1]) ** 2).clamp_min(0.02)
    bb = q[:, 0] * w[:, 0] / rx**2 + q[:, 2] * w[:, 2] / rz**2 - slope * w[:, 1] * m
    cc = (q[:, 0] / rx) ** 2 + (q[:, 2] / rz) ** 2 - m**2
    gap = (bb * bb - aa * cc) / aa
    root = (gap.clamp_min(0.0) / aa).sqrt()
    out = {f"{k}.gap": gap.clamp(-1.0, 1.0)}
    for side, sign in (("front", 1.0), ("back", -1.0)):
        t = -bb / aa + sign * root
        hit = q + t[:, None] * w
        out[f"{k}.{side}.theta"] = torch.atan2(hit[:, 0] / rx, hit[:, 2] / rz)
        out[f"{k}.{side}.h"] = hit[:, 1].clamp(surface["h_min"], surface["h_max"])
    return out


def disc_sources(k: int, surface: dict, q: torch.Tensor, w: torch.Tensor) -> dict:
    t = -q[:, 1] * (w[:, 1] / (w[:, 1] ** 2 + surface["soft"] ** 2))
    return {
        f"{k}.x": ((q[:, 0] + t * w[:, 0]) / surface["rx"]).clamp(-2.0, 2.0),
        f"{k}.z": ((q[:, 2] + t * w[:, 2]) / surface["rz"]).clamp(-2.0, 2.0),
    }


def wing_sources(k: int, surface: dict, q: torch.Tensor, view: torch.Tensor, beat) -> dict:
    beat = torch.as_tensor(beat, dtype=q.dtype, device=q.device)
    s, r = surface["swing"] + surface["swing_by"] * beat, surface["lift"] + surface["lift_by"] * beat
    side = torch.where(q[:, 0] * view[:, 2] - q[:, 2] * view[:, 0] >= 0, 1.0, -1.0).to(q.dtype)
    across = (view * torch.stack([side * s.sin(), 0 * side, s.cos() + 0 * side], -1)).sum(-1)
    out = q[:, 0] * side * s.sin() + q[:, 2] * s.cos()
    hit = q - (out * across / (across**2 + surface["soft"] ** 2))[:, None] * view
    x, y = side * hit[:, 0] * s.cos() - hit[:, 2] * s.sin(), hit[:, 1]
    return {
        f"{k}.along": (x * r.cos() + y * r.sin()).clamp(-4.0, 4.0),
        f"{k}.h": (y * r.cos() - x * r.sin()).clamp(-4.0, 4.0),
        f"{k}.side": side,
    }


def chart_sources(chart: dict, frame: Frame, params: dict, p: torch.Tensor):
    """Sources and ppu of picture positions p (N, 2) for the chart table of a layer."""
    if chart["type"] == "plane":
        return plane_sources(frame, params, p)
    return ray_sources(frame, chart["surfaces"], p, params)


def input_width(inputs) -> int:
    return sum(int(e["identity"]) + 2 * e["octaves"] for e in inputs)


def encode(inputs, sources: dict, count: int) -> torch.Tensor:
    """The network's inputs (N, input_width) from the sources, in the order of the table."""
    columns, device = [], next((value.device for value in sources.values() if torch.is_tensor(value)), "cpu")
    for entry in inputs:
        value = torch.as_tensor(sources[entry["source"]], dtype=torch.float32, device=device)
        x = ((value - entry["center"]) * entry["scale"]).expand(count)
        if entry["identity"]:
            columns.append(x)
        if entry["octaves"]:
            s, c = torch.sin(entry["base"] * x), torch.cos(entry["base"] * x)
            for k in range(entry["octaves"]):
                if k:
                    s, c = 2 * s * c, 1 - 2 * s * s  # double angle
                columns += [s, c]
    return torch.stack(columns, -1)
