// A Gothic hall: piers, pointed arches and a ribbed vault run to a rose window; before it a throne of iron blades.
// Cold daylight falls in shafts from the clerestory, torches and braziers burn warm below.
const float EYE_M = 1.7, BAY_M = 5.0, NAVE_M = 4.4, AISLE_M = 8.2, END_M = 33.0, SPRING_M = 7.4;
const vec3 DAY_COLOR = vec3(0.62, 0.80, 1.0);
const vec3 FIRE_COLOR = vec3(1.0, 0.44, 0.13);
const float THRONE_Z = 11.5, DAIS_M = 1.1;

float side() { return rnd(1) < 0.5 ? -1.0 : 1.0; }
vec3 sunDir() { return normalize(vec3(side() * 0.80, 0.86, rnd(2, 0.30, 0.55))); }

// Pointed arch, negative inside: x across from the middle, y up from the springing line.
float arch(vec2 p, float half_width, float lift) {
    p.x = abs(p.x);
    if (p.y < 0.0) return p.x - half_width;
    return length(p + vec2(lift, 0.0)) - (half_width + lift);
}
float bayZ(float z) { return mod(z + 0.5, BAY_M) - 0.5 * BAY_M; }        // 0 in the middle of an arch
float pierZ(float z) { return mod(z + 0.5 + 0.5 * BAY_M, BAY_M) - 0.5 * BAY_M; } // 0 at a pier
float bayIndex(float z) { return floor((z + 0.5) / BAY_M); }

float pier(vec2 q, float y) {                             // q: from the pier's axis
    float a = length(q) - 0.46;
    vec2 f = abs(q);
    f = f.x > f.y ? f : f.yx;
    a = smin(a, length(f - vec2(0.50, 0.0)) - 0.15, 0.05);
    a = smin(a, length(abs(q) - 0.37) - 0.10, 0.03);
    float octagon = max(max(f.x, f.y), (f.x + f.y) * 0.7071);
    float plinth = octagon - mix(0.98, 0.80, step(0.55, y)) + 0.12 * smoothstep(0.75, 1.15, y);
    a = min(a, max(plinth, y - 1.15));
    float capital = octagon - 0.55 - 0.42 * smoothstep(3.9, 4.7, y);
    a = min(a, max(capital, max(3.95 - y, y - 4.95)) + 0.03 * sin(y * 30.0) * step(y, 4.6));
    float ring = length(vec2(length(q) - 0.60, y - 2.75)) - 0.09;
    return min(a, ring);
}
float structure(vec3 p) {
    float x = abs(p.x), zb = bayZ(p.z), zp = pierZ(p.z);
    float d = p.y;                                         // floor
    d = min(d, pier(vec2(x - NAVE_M, zp), p.y));
    // arcade wall with stepped mouldings, and the clerestory windows cut into it
    float into = abs(x - NAVE_M);
    float opening = arch(vec2(zb, p.y - 4.9), 1.92, 1.1);
    float steps = floor(into / 0.17) * 0.15;
    float wall = max(into - 0.52, 4.9 - p.y);
    wall = max(wall, -(opening + 0.36 - steps));
    float upper = arch(vec2(abs(zb) - 0.72, p.y - 10.0), 0.50, 0.5);
    wall = max(wall, -max(upper, 8.6 - p.y));
    wall = min(wall, max(abs(p.y - 7.75) - 0.13, into - 0.68));
    wall = min(wall, max(abs(p.y - 7.48) - 0.09, into - 0.60));
    d = min(d, wall);
    // wall shaft from capital up to the vault
    d = min(d, max(length(vec2(x - NAVE_M + 0.52, zp)) - 0.17, 4.9 - p.y));
    // aisles
    float lancet = max(arch(vec2(zb, p.y - 4.1), 0.85, 0.9), 1.6 - p.y);
    d = min(d, max(AISLE_M - x, -lancet));
    d = min(d, max(7.2 - p.y, NAVE_M + 0.3 - x));
    // groin vault: two pointed barrels crossing, ribs on the groins and between the bays
    float u = x / NAVE_M, v = abs(zb) / (0.5 * BAY_M), h = (p.y - SPRING_M - 1.0) / 5.2;
    float bx = length(vec2(u + 0.55, h * 1.19)) - 1.55, bz = length(vec2(v + 0.55, h * 1.19)) - 1.55;
    if (h < 0.0) { bx = u - 1.0; bz = v - 1.0; }
    float vault = -min(bx, bz) * 2.6;
    float groin = abs(bx - bz) * 2.4;
    vault -= 0.16 * smoothstep(0.16, 0.08, groin) * step(0.0, h);
    vault -= 0.26 * smoothstep(0.26, 0.17, abs(zp)) * step(0.0, h) * smoothstep(0.0, 0.02, h);
    vault -= 0.10 * smoothstep(0.13, 0.07, x) * step(0.0, h);
    if (x < NAVE_M + 0.3 && p.y > SPRING_M - 1.0) d = min(d, max(vault, SPRING_M - p.y) * 0.62);
    // end wall with rose and lancets
    vec2 rose = vec2(p.x, p.y - 8.9);
    float hole = length(rose) - 3.0;
    float tall = max(arch(vec2(abs(p.x) - (abs(p.x) > 1.15 ? 2.3 : 0.0), p.y - 4.0), 0.85, 0.8), 1.6 - p.y);
    float end = max(END_M - p.z, -min(hole, tall));
    end = min(end, max(abs(length(rose) - 3.25) - 0.22, abs(p.z - END_M) - 0.25));
    float around = atan(rose.y, rose.x) / PI * 6.0;
    float petal = abs(fract(around) - 0.5) / 6.0 * PI * length(rose);
    float tracery = min(abs(length(rose) - 0.75) - 0.10, abs(length(rose) - 1.95) - 0.08);
    float lobe = abs(length(vec2(petal, length(rose) - 2.35)) - 0.42) - 0.06;
    tracery = min(tracery, min(lobe, 0.5 / 6.0 * PI * length(rose) - petal - 0.07));
    end = min(end, max(max(tracery, hole), abs(p.z - END_M) - 0.12));
    d = min(d, min(AISLE_M + 0.14 - x, END_M + 0.14 - p.z));     // the glass
    return min(d, end * 0.9);
}
float dais(vec3 p) {
    float z = p.z - THRONE_Z - 0.6, d = 1e3;
    for (int i = uZero; i < 5; i++) {
        float k = float(i), w = 4.3 - 0.40 * k;
        vec2 f = abs(vec2(p.x, z));
        float octagon = max(max(f.x, f.y), (f.x + f.y) * 0.7071 - 0.25);
        d = min(d, max(octagon - w, p.y - 0.22 * (k + 1.0)) - 0.01);
    }
    return d;
}
float blade(vec2 p, float depth, float length_m, float width_m, bool hilt) {  // p: x across, y along from the root
    float taper = width_m * (1.0 - 0.35 * p.y / length_m);
    float tip = (length_m - p.y) * 0.38;
    float edge = abs(p.x) - min(taper, tip);
    float d = max(max(edge, -p.y), abs(depth) + abs(p.x) * 0.22 - 0.030);
    d = max(d, -(max(abs(p.x) - 0.16 * width_m, 0.022 - abs(depth))));
    if (hilt) {
        vec2 g = p - vec2(0.0, length_m * 0.72);
        d = min(d, max(max(abs(g.y + 0.9 * g.x * g.x) - 0.045, abs(g.x) - 3.0 * width_m), abs(depth) - 0.06));
    }
    return d;
}
float throne(vec3 p) {
    const float SCALE = 1.28;
    p = (p - vec3(0.0, DAIS_M, THRONE_Z + 0.4)) / SCALE;
    float bound = length(p - vec3(0.0, 2.2, 0.3)) - 5.0;
    if (bound > 0.6) return bound;
    float d = sdBox(p - vec3(0.0, 0.45, 0.0), vec3(0.85, 0.45, 0.65)) - 0.03;
    d = min(d, sdBox(p - vec3(0.0, 1.5, 0.62), vec3(0.80 - 0.1 * p.y, 1.3, 0.16)) - 0.03);
    vec3 m = vec3(abs(p.x), p.yz);
    d = min(d, sdBox(m - vec3(1.0, 0.75, 0.0), vec3(0.14, 0.75, 0.66)) - 0.02);
    // blades laid over the seat, the back and the arms, so that nothing of the chair is plain
    for (int i = uZero; i < 26; i++) {
        float k = float(i), jitter = rnd(600 + i) - 0.5;
        vec3 q = i < 12 ? p - vec3((mod(k, 12.0) - 5.5) * 0.155, 0.02, -0.72) : i < 20 ? p - vec3((k - 15.5) * 0.20, 0.95, 0.42)
               : vec3(abs(p.x), p.yz) - vec3(1.16, 0.02, (k - 22.5) * 0.22);
        if (i >= 20) q = q.zyx;
        q.xy *= rot(jitter * 0.30);
        d = min(d, blade(q.xy, q.z * 0.8, i < 12 ? 0.95 + 0.25 * jitter : i < 20 ? 2.3 + 0.8 * jitter : 1.6 + 0.5 * jitter, 0.085, i >= 12 && (i & 1) == 0) * 0.8);
    }
    for (int i = uZero; i < 54; i++) {
        int layer = i % 3;
        float k = (float(i / 3) + 0.5 * float(layer & 1)) / 17.5;
        float lean = (k - 0.5) * 2.0;                      // -1..1 across the fan
        float angle = lean * 1.50 + rnd(100 + i, -0.07, 0.07);
        float size = (layer == 0 ? 5.2 : layer == 1 ? 4.2 : 3.0) * (1.0 - 0.24 * lean * lean) * rnd(200 + i, 0.74, 1.04);
        vec3 q = p - vec3(lean * 0.75, 0.75 + 0.35 * (1.0 - lean * lean), 0.85 - 0.17 * float(layer));
        q.xy *= rot(-angle);
        q.zy *= rot(rnd(300 + i, -0.10, 0.06));
        d = min(d, blade(q.xy, q.z, size, rnd(400 + i, 0.075, 0.135), rnd(500 + i) < 0.40) * 0.8);
    }
    return d * SCALE;
}
float brazier(vec3 p) {
    p = vec3(abs(p.x) - 3.15, p.y, p.z - 7.6);
    float bowl = max(abs(length(p - vec3(0.0, 1.55, 0.0)) - 0.46) - 0.035, p.y - 1.52);
    float leg = 1e3;
    for (int i = uZero; i < 3; i++) {
        vec3 q = p;
        q.xz *= rot(float(i) * 2.0944 + 0.4);
        leg = min(leg, sdSegment(q, vec3(0.52, 0.0, 0.0), vec3(0.18, 1.15, 0.0)) - 0.04);
    }
    return min(min(bowl, leg), sdTorus(p - vec3(0.0, 1.52, 0.0), 0.47, 0.045));
}
// Sconces on the piers: the flame stands at (|x| = NAVE-0.95, y = 3.55, pier z).
vec3 torchLocal(vec3 p) { return vec3(abs(p.x) - NAVE_M + 0.98, p.y - 3.15, pierZ(p.z)); }
float sconce(vec3 p) {
    vec3 q = torchLocal(p);
    float d = max(length(q.xz) - 0.07 - 0.09 * smoothstep(-0.35, 0.15, q.y), abs(q.y + 0.15) - 0.30);
    return min(d, sdSegment(q, vec3(0.0, -0.30, 0.0), vec3(0.45, -0.10, 0.0)) - 0.035);
}
// Banners hang from poles that reach into the nave, facing the viewer.
vec3 bannerLocal(vec3 p) {
    vec3 q = vec3(abs(p.x) - NAVE_M + 1.18, p.y - 5.75, pierZ(p.z) + 0.03);
    float sway = 0.06 * sin(p.y * 1.7 + bayIndex(p.z + 2.5) * 2.0) * smoothstep(2.0, -2.0, q.y);
    q.z += sway + 0.035 * sin(q.x * 11.0 + q.y * 1.2 + bayIndex(p.z + 2.5)) * smoothstep(2.3, 0.0, q.y);
    return q;
}
float banner(vec3 p) {
    vec3 q = bannerLocal(p);
    float notch = 0.5 * max(0.58 - abs(q.x), 0.0);
    float cloth = max(max(abs(q.x) - 0.58, abs(q.z) - 0.012), max(q.y - 1.6, -1.75 - q.y + 0.9 * notch)) * 0.7;
    float pole = sdSegment(q, vec3(-0.75, 1.63, 0.0), vec3(1.3, 1.63, 0.0)) - 0.04;
    return min(cloth, pole);
}
// 0 stone, 1 throne, 2 brazier and sconce iron, 3 banner, 4 dais
vec2 scene(vec3 p) {
    vec2 r = vec2(structure(p), 0.0);
    float d = throne(p); if (d < r.x) r = vec2(d, 1.0);
    d = min(brazier(p), p.z < END_M - 1.0 ? sconce(p) : 1e3); if (d < r.x) r = vec2(d, 2.0);
    if (p.z < END_M - 1.0) { d = banner(p); if (d < r.x) r = vec2(d, 3.0); }
    d = dais(p); if (d < r.x) r = vec2(d, 4.0);
    return r;
}
vec3 normalAt(vec3 p, float e) {
    vec3 n = vec3(0.0);
    for (int i = uZero; i < 4; i++) {
        vec3 k = 0.5773 * (2.0 * vec3(float(((i + 3) >> 1) & 1), float((i >> 1) & 1), float(i & 1)) - 1.0);
        n += k * scene(p + k * e).x;
    }
    return normalize(n);
}
float occlusion(vec3 p, vec3 n) {
    float sum = 0.0, gain = 1.0;
    for (int i = uZero; i < 5; i++) {
        float h = 0.05 + 0.22 * float(i);
        sum += (h - scene(p + n * h).x) * gain;
        gain *= 0.72;
    }
    return sat(1.0 - 0.75 * sum);
}
// Is daylight from the windows reaching p? Follow the sun back to the wall planes.
float daylight(vec3 p) {
    vec3 s = sunDir();
    float wall = (side() * (NAVE_M + 0.2) - p.x) / s.x;
    if (wall < 0.0) return 0.0;
    vec3 q = p + s * wall;
    float zb = bayZ(q.z);
    float upper = max(arch(vec2(abs(zb) - 0.72, q.y - 10.0), 0.50, 0.5), 8.6 - q.y);
    float light = smoothstep(0.06, -0.10, upper);
    float arcade = max(arch(vec2(zb, q.y - 4.9), 1.7, 1.1), -q.y);
    if (arcade < 0.0) {
        vec3 r = p + s * (side() * AISLE_M - p.x) / s.x;
        light = max(light, smoothstep(0.06, -0.12, max(arch(vec2(bayZ(r.z), r.y - 4.1), 0.85, 0.9), 1.6 - r.y)));
    }
    return light * step(abs(q.z - 16.0), 17.0);
}
vec3 firelight(vec3 p, vec3 n, bool wrap) {
    vec3 sum = vec3(0.0);
    float k = floor((p.z + 0.5) / BAY_M);
    for (int i = uZero; i < 8; i++) {
        float sx = (i & 1) == 0 ? 1.0 : -1.0, z = (k + float(i / 2) - 1.0) * BAY_M + 0.0 - 0.5 + 0.5;
        if (i >= 6) { z = 7.6; }
        vec3 at = i >= 6 ? vec3(sx * 3.15, 2.05, z) : vec3(sx * (NAVE_M - 0.98), 3.6, z);
        if (i < 6 && (z < 1.0 || z > END_M - 2.0)) continue;
        vec3 l = at - p;
        float d2 = dot(l, l);
        float c = dot(n, l) * inversesqrt(d2);
        sum += FIRE_COLOR * (i >= 6 ? 5.5 : 3.0) / (0.25 + d2) * (wrap ? 0.5 + 0.5 * c : sat(c));
    }
    return sum;
}
// Masonry on a plane: x joint darkness 0..1, y tone of the block.
vec2 masonry(vec2 q) {
    q *= vec2(1.15, 2.1);
    float row = floor(q.y);
    q.x += 0.5 * mod(row, 2.0) + 0.3 * hash(vec2(row, 3.0));
    vec2 f = fract(q), e = min(f, 1.0 - f) / vec2(1.15, 2.1);
    return vec2(smoothstep(0.022, 0.006, min(e.x, e.y)), hash(vec2(floor(q.x), row)));
}
vec3 bump(vec3 p, vec3 n, float freq, float strength) {
    float c = fbm(p * freq, 4), e = 0.02;
    vec3 g = vec3(fbm((p + vec3(e, 0, 0)) * freq, 4), fbm((p + vec3(0, e, 0)) * freq, 4), fbm((p + vec3(0, 0, e)) * freq, 4)) - c;
    g /= e;
    return normalize(n - strength * (g - dot(g, n) * n));
}
float emblem(vec2 q, int kind) {                           // negative inside; q in banner units, about +-0.4
    if (kind == 0) {                                       // crown
        float d = max(abs(q.x) - 0.30, abs(q.y + 0.17) - 0.06);
        float spikes = q.y - 0.26 + 1.7 * abs(fract(q.x / 0.2 + 0.5) - 0.5) * 0.34;
        d = min(d, max(max(spikes, -q.y - 0.08), abs(q.x) - 0.30));
        return d;
    }
    if (kind == 1) {                                       // sun
        float a = atan(q.y, q.x), r = length(q);
        return min(r - 0.17, max(r - 0.24 - 0.15 * pow(abs(cos(a * 6.0)), 2.0), 0.205 - r));
    }
    if (kind == 2) {                                       // two swords crossed
        q.x = abs(q.x);
        vec2 p = rot(0.7) * q;
        p = vec2(p.x, q.y * 0.7648 - q.x * -0.6442);
        vec2 s = vec2(q.x * 0.7648 - q.y * 0.6442, q.x * 0.6442 + q.y * 0.7648);
        float d = max(abs(s.x) - min(0.035, 0.3 * (0.42 - s.y)), -0.32 - s.y);
        return min(d, max(abs(s.x) - 0.12, abs(s.y + 0.18) - 0.025));
    }
    float a = atan(q.y, q.x), r = length(q);               // moon and star
    float moon = max(r - 0.32, 0.27 - length(q - vec2(0.11, 0.05)));
    vec2 s = q - vec2(0.09, 0.03);
    float b = atan(s.y, s.x) + 0.3;
    return min(moon, length(s) - 0.055 - 0.07 * pow(abs(cos(b * 2.5)), 3.0));
}
vec3 shade(vec3 p, vec3 rd, vec3 n, int what, float t, out float gloss) {
    float ao = occlusion(p, n);
    float x = abs(p.x);
    vec3 albedo = vec3(0.27, 0.275, 0.30), emit = vec3(0.0);
    gloss = 0.0;
    float spec = 0.06;
    if (what == 0) {
        vec2 m = abs(n.y) > 0.7 ? vec2(0.0) : masonry(abs(n.x) > abs(n.z) ? p.zy : p.xy);
        bool floorStone = n.y > 0.7 && p.y < 0.05;
        albedo *= 0.75 + 0.5 * fbm(p * 1.1, 5) - 0.10 * m.x * 2.0 + 0.22 * (m.y - 0.5);
        albedo = mix(albedo, vec3(0.10, 0.12, 0.13), 0.6 * smoothstep(0.5, 0.8, fbm(p * vec3(0.8, 0.25, 0.8) + 9.0, 5)));
        if (floorStone) {
            vec2 q = p.xz / 0.9;
            q = vec2(q.x + q.y, q.x - q.y) * 0.7071;
            vec2 f = fract(q), e = min(f, 1.0 - f);
            float dark = mod(floor(q.x) + floor(q.y), 2.0);
            albedo = mix(vec3(0.20, 0.20, 0.22), vec3(0.045, 0.05, 0.065), dark) * (0.65 + 0.7 * fbm(p.xz * 2.5 + floor(q) * 5.0, 5));
            albedo *= 1.0 - 0.8 * smoothstep(0.02, 0.005, min(e.x, e.y));
            gloss = 0.55 * smoothstep(0.3, 0.7, fbm(p.xz * 1.4, 5) + 0.25);
        } else n = bump(p, n, 3.2, 0.07);
    }
    bool carpet = (what == 0 || what == 4) && n.y > -0.2 && x < 1.25 && p.y < DAIS_M + 0.02 && (p.y < 0.05 || what == 4) && p.z < THRONE_Z;
    if (what == 4) { albedo = vec3(0.12, 0.12, 0.14) * (0.6 + 0.8 * fbm(p * 2.0, 5)); gloss = 0.25 * step(0.7, n.y); }
    if (carpet) {
        float weave = 0.8 + 0.35 * noise(p.xz * vec2(60.0, 30.0));
        albedo = vec3(0.34, 0.014, 0.022) * weave;
        float trim = abs(x - 1.08);
        float zig = abs(fract((p.z + p.y) * 1.6) - 0.5);
        float orn = smoothstep(0.03, 0.0, abs(length(vec2(x - 0.62, (fract(p.z * 0.8 + p.y) - 0.5) * 1.25)) - 0.22) - 0.025);
        float gold = max(smoothstep(0.045, 0.03, trim), smoothstep(0.02, 0.0, abs(x - 0.92 + 0.10 * zig) - 0.012));
        albedo = mix(albedo, vec3(0.85, 0.52, 0.14) * weave, max(gold, 0.55 * orn));
        gloss = 0.0; spec = 0.02;
    }
    if (what == 1 || what == 2) {
        n = bump(p, n, 7.0, 0.05);
        albedo = vec3(0.055, 0.060, 0.072) * (0.5 + fbm(p * 4.0, 5));
        albedo = mix(albedo, vec3(0.16, 0.075, 0.035), 0.25 * smoothstep(0.52, 0.75, fbm(p * 3.0 + 5.0, 5)));
        spec = 1.0;
    }
    if (what == 3) {
        vec3 q = bannerLocal(p);
        float which = mod(bayIndex(p.z + 2.5) + (p.x > 0.0 ? 1.0 : 0.0) + floor(rnd(5) * 4.0), 4.0);
        vec3 dye = which < 0.5 ? vec3(0.36, 0.015, 0.03) : which < 1.5 ? vec3(0.02, 0.045, 0.22) : which < 2.5 ? vec3(0.012, 0.11, 0.075) : vec3(0.30, 0.016, 0.05);
        float wear = 0.75 + 0.4 * fbm(q.xy * vec2(40.0, 9.0), 3);
        float d = min(emblem((q.xy - vec2(0.0, 0.35)) * vec2(p.x > 0.0 ? 1.0 : -1.0, 1.0) * 0.95, int(which)), 1.0);
        float border = abs(max(abs(q.x) - 0.50, q.y - 1.48) ) - 0.018;
        float gold = max(smoothstep(0.012, -0.004, d), smoothstep(0.012, -0.004, border));
        float hem = smoothstep(0.02, 0.0, abs(q.y + 1.15 + 0.45 * abs(q.x)) - 0.03);
        albedo = mix(dye, vec3(0.80, 0.50, 0.13), max(gold, hem)) * wear;
        if (q.y > 1.6) { albedo = vec3(0.5, 0.3, 0.08); spec = 0.8; }
        spec *= 0.3;
        emit = albedo * DAY_COLOR * 0.10 * daylight(p + vec3(0.0, 0.0, 0.1));
    }
    vec3 s = sunDir();
    vec3 c = albedo * (vec3(0.085, 0.115, 0.18) * (0.45 + 0.55 * n.y) + vec3(0.02, 0.022, 0.035)) * ao;
    // light of the rose window, from the far end
    vec3 toRose = vec3(0.0, 8.9, END_M - 0.5) - p;
    c += albedo * vec3(0.55, 0.62, 0.95) * sat(dot(n, normalize(toRose)) * 0.9 + 0.1) * 26.0 / (60.0 + dot(toRose, toRose)) * ao;
    c += albedo * DAY_COLOR * 0.55 * smoothstep(7.0, 10.0, p.y) * ao * (0.4 + 0.6 * sat(-n.y)) * (what == 0 ? 1.0 : 0.0);
    vec3 fire = firelight(p, n, what == 3) * mix(ao, 1.0, 0.3);
    c += albedo * fire;
    float sun = daylight(p) * sat(dot(n, s));
    c += albedo * DAY_COLOR * sun * 6.5;
    vec3 r = reflect(rd, n);
    c += spec * (DAY_COLOR * sat(dot(normalize(toRose), r) - 0.72) * 2.6 * (0.4 + albedo) + firelight(p, r, false) * 0.22) * ao;
    if (what == 1 || what == 2) {
        // polished edges and what dark iron mirrors: windows above, fires to either side
        vec3 wide = normalAt(p, 0.03);
        float ridge = smoothstep(0.03, 0.30, 1.0 - dot(wide, normalAt(p, 0.004)));
        float above = smoothstep(0.15, 0.9, r.y), beside = smoothstep(0.35, 0.95, abs(r.x)) * smoothstep(0.5, -0.1, abs(r.y - 0.1));
        c += (vec3(0.36, 0.46, 0.66) * above * 0.30 + FIRE_COLOR * beside * 0.28) * ao * (0.5 + fbm(p * 6.0, 4));
        c += ridge * (vec3(0.42, 0.46, 0.55) * 0.30 + fire * 0.10) * ao;
    }
    if (what == 1) c += vec3(0.45, 0.60, 0.95) * pow(1.0 - sat(dot(n, -rd)), 3.0) * 0.20 * ao;
    return c + emit;
}
vec3 window(vec2 g, bool rose) {                           // stained glass by daylight
    vec3 pane = cells(g * (rose ? 2.6 : 2.2));
    vec3 tint = pane.z < 0.30 ? vec3(0.10, 0.28, 1.0) : pane.z < 0.50 ? vec3(0.95, 0.20, 0.16) : pane.z < 0.68 ? vec3(1.0, 0.72, 0.20) : vec3(0.45, 0.75, 1.0);
    if (rose) {
        float r = length(g - vec2(0.0, 8.9));
        if (r < 3.2) tint = mix(tint, r < 0.8 ? vec3(1.0, 0.75, 0.3) : r < 1.95 ? vec3(0.16, 0.35, 1.0) : vec3(0.95, 0.22, 0.25), 0.55);
    }
    float lead = smoothstep(0.01, 0.05, pane.y);
    return mix(tint, vec3(1.0), 0.22) * lead * (rose ? 3.4 : 1.7) * (0.75 + 0.5 * pane.x);
}
vec3 flame(vec3 ro, vec3 rd, vec3 at, float size, float salt, float limit) {
    vec3 d = at - ro;
    float t = dot(d, rd);
    if (t < 0.0 || t > limit + size) return vec3(0.0);
    vec3 q = (ro + rd * t - at) / size;
    float y = q.y + 0.35;
    float wob = (noise(vec3(q.x * 3.0, q.y * 2.6 - salt * 9.0, salt)) - 0.5) * 0.75 * sat(y);
    float x = length(q.xz) + 0.0;
    x = abs(q.x + wob * 0.7);
    float width = 0.30 * pow(sat(y * 3.0), 0.6) * pow(sat(1.25 - y), 0.9);
    float body = smoothstep(width, width * 0.2, x) * step(0.0, y) * step(y, 1.25);
    float tongues = 0.55 + 0.9 * noise(vec3(q.x * 6.0 + wob, q.y * 3.0 - salt * 5.0, salt + 3.0));
    return (mix(vec3(1.0, 0.25, 0.03), vec3(1.0, 0.82, 0.42), sat(1.15 - y) * body) * 7.0 * body * tongues);
}
// Light a point fire of unit strength scatters into the ray up to `limit`, in closed form.
float glowAlong(vec3 ro, vec3 rd, vec3 at, float limit) {
    float along = dot(at - ro, rd);
    float h = max(length(ro + rd * along - at), 0.12);
    return (atan((limit - along) / h) + atan(along / h)) / h;
}

vec3 world(vec2 view, out float depth_m) {
    vec3 ro = vec3(0.0, EYE_M, -1.0), rd = normalize(vec3(view, 0.95));
    vec3 sum = vec3(0.0), weight = vec3(1.0);
    depth_m = 1e4;
    float travelled = 0.0;
    for (int bounce = uZero; bounce < 2; bounce++) {
        float t = 0.02;
        vec2 hit = vec2(0.0);
        bool found = false;
        for (int i = uZero; i < 150; i++) {
            hit = scene(ro + rd * t);
            if (hit.x < 0.0007 * (t + travelled) + 0.0005) { found = true; break; }
            t += hit.x;
            if (t > 60.0) break;
        }
        t = min(t, 60.0);
        vec3 p = ro + rd * t;
        if (bounce == 0) depth_m = t;
        vec3 c = vec3(0.0);
        float gloss = 0.0;
        vec3 n = vec3(0.0, 1.0, 0.0);
        bool outside = p.z > END_M + 0.1 || abs(p.x) > AISLE_M + 0.1;
        bool clerestory = abs(p.x) > NAVE_M + 0.26 && p.y > 7.9;
        if (outside) c = window(p.z > END_M + 0.1 ? p.xy : p.zy, p.z > END_M + 0.1);
        else if (clerestory) c = DAY_COLOR * (3.6 + 1.0 * noise(p.zy * 3.0)) * step(0.06, abs(fract(p.y * 1.6) - 0.5)) * step(0.05, abs(fract(p.z * 2.5) - 0.5));
        else {
            n = normalAt(p, 0.0012 + 0.0004 * (t + travelled));
            c = shade(p, rd, n, int(hit.y + 0.5), t + travelled, gloss);
        }
        // air: shafts of daylight, glow round every fire, haze toward the far end
        vec3 air = vec3(0.0);
        float start = dither(), steps = bounce == 0 ? 44.0 : 12.0, reach = min(t, 36.0);
        for (float k = 0.0; k < steps; k += 1.0) {
            vec3 q = ro + rd * reach * (k + start) / steps;
            float dust = 0.45 + 1.1 * noise(q * vec3(0.7, 0.5, 0.7) + 3.0) * noise(q * 2.3);
            air += DAY_COLOR * daylight(q) * dust * (0.5 + 0.5 * smoothstep(16.0, 2.0, q.y));
        }
        air *= reach / steps * 0.050;
        for (int k = uZero; k < 14; k++) {
            float sx = (k & 1) == 0 ? 1.0 : -1.0, z = float(k / 2) * BAY_M;
            vec3 at = k < 2 ? vec3(sx * 3.15, 1.95, 7.6) : vec3(sx * (NAVE_M - 0.98), 3.62, z);
            air += FIRE_COLOR * glowAlong(ro, rd, at, t) * (k < 2 ? 0.016 : 0.007);
            if (k < 2) {
                for (int m = uZero; m < 3; m++) c += flame(ro, rd, at + vec3(0.17 * (float(m) - 1.0), 0.16 - 0.1 * abs(float(m) - 1.0), 0.0), 0.85 + 0.25 * float(m & 1), float(k + 5 * m) + 0.5, t);
            } else c += flame(ro, rd, at, 0.62, float(k) + 0.5, t);
        }
        float haze = 1.0 - exp(-t * 0.018);
        vec3 mist = vec3(0.055, 0.085, 0.15) + vec3(0.16, 0.20, 0.32) * pow(sat(1.0 - length(p.xy - vec2(0.0, 8.0)) / 12.0), 2.0) * smoothstep(8.0, 33.0, p.z);
        c = mix(c, mist, outside && p.z > END_M ? haze * 0.25 : haze) + air;
        sum += weight * c;
        if (gloss <= 0.02 || outside) break;
        float f = gloss * (0.06 + 0.70 * pow(1.0 - sat(-dot(rd, n)), 3.0));
        weight *= f;
        travelled += t;
        vec2 rough = (hash2(gl_FragCoord.xy + 31.0 + floor(uJitter * 977.0) * 31.0) - 0.5) * 0.035;
        vec2 tilt = (vec2(noise(p.xz * 2.1), noise(p.xz * 2.1 + 20.0)) - 0.5) * 0.02;
        rd = normalize(reflect(rd, normalize(n + vec3(tilt.x + rough.x, 0.0, tilt.y + rough.y))));
        ro = p + n * 0.01;
    }
    float motes = flakes(view, 30.0, 1.1, 0.25, 1.0) * 0.5 + flakes(view, 12.0, 1.8, 0.25, 2.0) * 0.5;
    return sum + motes * vec3(0.5, 0.45, 0.38) * 0.35 * (0.3 + sat(dot(sum, vec3(0.7))));
}
