// A coral reef on both sides of a sandy lane, kelp, a sunken temple in the blue, fish, and sun breaking in from above.
const float EYE_M = 1.5, SURFACE_M = 13.0;
const vec3 WATER = vec3(0.010, 0.20, 0.36);
float side() { return rnd(1) < 0.5 ? -1.0 : 1.0; }
vec3 sunDir() { return normalize(vec3(-side() * 0.22, 1.0, 0.42)); }

// Light bent together by the waves: bright threads, mean about 0.4.
float caustic(vec2 p) {
    p += 0.35 * vec2(noise(p * 1.3), noise(p * 1.3 + 19.0));
    float a = cells(p * 0.9).y, b = cells(TURN * p * 1.45 + 5.0).y;
    return 0.10 + 1.5 * exp(-a * 13.0) + 0.9 * exp(-b * 11.0);
}
float lightColumns(vec3 p) {                               // soft version, for shafts in the water
    vec3 s = sunDir();
    vec2 q = p.xz - s.xz / s.y * (p.y - SURFACE_M);
    float a = fbm(q * 0.55 + rnd(2) * 30.0, 3);
    return pow(smoothstep(0.38, 0.66, a), 2.0) * 2.4;
}
vec3 waterColor(vec3 rd) {
    float up = rd.y;
    vec3 c = mix(vec3(0.004, 0.06, 0.17), vec3(0.008, 0.20, 0.40), smoothstep(-0.25, 0.10, up));
    c = mix(c, vec3(0.03, 0.42, 0.62), smoothstep(0.02, 0.55, up));
    vec3 s = normalize(vec3(sunDir().x * 0.9, 0.62, 1.0));
    float toSun = sat(dot(rd, s));
    c += vec3(0.50, 0.95, 0.85) * (0.35 * pow(toSun, 14.0) + 1.6 * pow(toSun, 90.0));
    return c;
}
vec3 throughWater(vec3 c, vec3 rd, float t) {
    vec3 keep = exp(-t * vec3(0.120, 0.060, 0.050));
    return c * keep + waterColor(rd) * 0.9 * (1.0 - exp(-t * vec3(0.075, 0.060, 0.060)));
}

float reefMask(vec2 q) {
    float lane = abs(q.x - 0.9 * sin(q.y * 0.22 + rnd(3) * 6.0));
    float m = smoothstep(1.5, 4.2, lane - 0.05 * q.y) ;
    float patchy = smoothstep(0.66, 0.8, noise(q * 0.42 + rnd(4) * 20.0)) * smoothstep(3.0, 5.0, q.y) * 0.6;
    return sat(max(m, patchy));
}
float reefBase(vec2 q) {
    float m = reefMask(q);
    return m * (0.55 + 1.7 * smoothstep(2.0, 8.0, abs(q.x)) + 0.9 * noise(q * 0.30 + rnd(5) * 20.0));
}
float ground(vec3 p, int octaves) {
    float m = reefMask(p.xz);
    float sand = 0.035 * sin(p.z * 7.0 + 2.6 * noise(p.xz * 0.9) * 2.0 + p.x * 1.3) * (1.0 - m) + 0.20 * noise(p.xz * 0.35);
    return reefBase(p.xz) + sand + m * 0.42 * (fbm(p * 1.1, octaves) - 0.5);
}

// --- one coral of a given kind, standing at the origin, about 1 wide ---
float staghorn(vec3 p, float h) {
    float d = 1e3, s = 1.0, r = 0.075;
    p.xz *= rot(h * 6.0);
    for (int i = uZero; i < 6; i++) {
        float len = 0.30;
        d = min(d, (sdSegment(p, vec3(0.0), vec3(0.0, len, 0.0)) - r * (1.0 - 0.25 * p.y / len)) / s);
        p.y -= len * 0.92;
        p.xz *= rot(1.25 + h);
        p.x = abs(p.x);
        p.xy *= rot(0.52 + 0.15 * h);
        if ((i & 1) == 0) { p.z = abs(p.z); p.zy *= rot(0.34); }
        p *= 1.17; s *= 1.17;
    }
    return d;
}
float brain(vec3 p, float h) {
    float r = 0.40 + 0.06 * h;
    float d = length(p * vec3(1.0, 1.15, 1.0) - vec3(0.0, 0.10, 0.0)) - r;
    if (d < 0.1) {
        vec3 q = normalize(p + vec3(0.0, 0.05, 0.0)) * 3.2;
        float w = sin(7.0 * noise(q * 1.6 + h * 30.0) * 2.6 + 2.0 * q.x);
        d -= 0.022 * smoothstep(-0.6, 0.6, w);
    }
    return d * 0.75;
}
float tubes(vec3 p, float h) {
    float d = 1e3;
    for (int i = uZero; i < 7; i++) {
        float k = float(i), a = k * 2.4 + h * 6.0, ring = 0.06 + 0.11 * sqrt(k);
        vec3 q = p - vec3(cos(a) * ring, 0.0, sin(a) * ring);
        q.xy *= rot(-cos(a) * 0.20); q.zy *= rot(-sin(a) * 0.20);
        float tall = 0.40 + 0.55 * fract(h * 13.0 + k * 0.377), r = 0.070 + 0.035 * q.y + 0.008 * sin(q.y * 26.0);
        float body = max(abs(length(q.xz) - r) - 0.022, abs(q.y - 0.5 * tall) - 0.5 * tall);
        body = max(length(q.xz) - r - 0.022, max(q.y - tall, -q.y));
        body = max(body, -max(length(q.xz) - r + 0.022, tall - 0.22 - q.y));
        d = min(d, body);
    }
    return d * 0.85;
}
float fan(vec3 p, float h) {
    p.z += 0.25 * p.x * p.x + 0.05 * sin(p.y * 5.0);
    vec2 q = p.xy;
    float edge = length(q - vec2(0.0, 0.52)) - 0.46 - 0.05 * sin(atan(q.y - 0.4, q.x) * 9.0);
    float web = 1e3, s = 1.0;
    for (int i = uZero; i < 7; i++) {
        web = min(web, (sdSegment(q, vec2(0.0), vec2(0.0, 0.24)) - 0.017) / s);
        q.y -= 0.20; q.x = abs(q.x + 0.02 * h); q *= rot(0.40); q *= 1.10; s *= 1.10;
    }
    float mesh = abs(noise(p.xy * 21.0) - 0.5) * 0.10 - 0.012;
    float d = min(max(max(abs(p.z) - 0.010, mesh), edge), max(web, abs(p.z) - 0.022));
    return max(d, edge - 0.02) * 0.6;
}
float table(vec3 p, float h) {
    float r = length(p.xz);
    float lip = 0.42 + 0.05 * sin(atan(p.z, p.x) * 7.0 + h * 9.0) + 0.03 * sin(atan(p.z, p.x) * 17.0);
    float top = 0.30 + 0.16 * r * r + 0.02 * noise(p.xz * 30.0);
    float d = max(abs(p.y - top) - 0.028, r - lip);
    float upper = max(abs(p.y - top - 0.20) - 0.022, length(p.xz - 0.08) - lip * 0.62);
    return min(min(d, upper), max(r - 0.09 + 0.06 * p.y, p.y - 0.5)) * 0.7;
}
float anemone(vec3 p, float h) {
    float d = length(p * vec3(1.0, 1.6, 1.0)) - 0.22;
    float a = atan(p.z, p.x), n = 15.0;
    for (int ring = uZero; ring < 3; ring++) {
        float k = (floor((a / (2.0 * PI)) * n + 0.5 + 0.5 * float(ring & 1)) - 0.5 * float(ring & 1)) / n * 2.0 * PI;
        vec3 q = p;
        q.xz = vec2(q.x * cos(k) + q.z * sin(k), -q.x * sin(k) + q.z * cos(k));
        float out_m = 0.42 - 0.13 * float(ring), top = 0.26 + 0.15 * float(ring);
        float sway = 0.05 * sin(k * 7.0 + h * 20.0);
        float seg = sdSegment(q, vec3(0.10, 0.05, 0.0), vec3(out_m, top + sway, 0.03));
        d = min(d, seg - 0.027 - 0.016 * smoothstep(0.06, 0.0, length(q - vec3(out_m, top + sway, 0.03))));
    }
    return d * 0.8;
}
// Corals on a grid: cell_m wide squares, at most one each. out look: kind, random number of the plant.
float garden(vec3 p, float cell_m, float salt, out vec2 look) {
    vec2 cell = floor(p.xz / cell_m);
    vec3 h = hash3(cell + salt);
    vec2 centre = (cell + 0.5 + (h.xy - 0.5) * 0.20) * cell_m;
    look = vec2(0.0, h.x);
    float m = reefMask(centre);
    if (m < 0.12 + 0.5 * h.z || centre.y < 2.6 || centre.y > 20.0 || length(centre) < 3.0) return 1e3;
    float size = cell_m * (0.72 + 0.25 * h.y);
    vec3 q = (p - vec3(centre.x, reefBase(centre) - 0.05 * cell_m, centre.y)) / size;
    float kind = floor(fract(h.x * 7.31 + h.y * 3.7 + salt) * 6.0);
    q.xz *= rot(kind == 3.0 ? (h.z - 0.5) * 1.6 : h.z * 6.0);
    look.x = kind;
    float above = max(q.y - 1.35, length(q.xz) - 0.75);
    if (above > 0.3) return above * size;
    float d = kind == 0.0 ? staghorn(q, h.y) : kind == 1.0 ? brain(q, h.y) : kind == 2.0 ? tubes(q, h.y)
            : kind == 3.0 ? fan(q, h.y) : kind == 4.0 ? table(q, h.y) : anemone(q, h.y);
    return d * size;
}
// Kelp: stems with paired blades, on a grid behind the reef.
float kelp(vec3 p, out float id) {
    const float cell_m = 1.25;
    vec2 cell = floor(p.xz / cell_m);
    vec3 h = hash3(cell + 333.0);
    id = h.x;
    vec2 centre = (cell + 0.5 + (h.xy - 0.5) * 0.3) * cell_m;
    float s = side();
    float where = smoothstep(4.2, 5.4, s * centre.x) * step(5.5, centre.y) * step(centre.y, 14.0) + smoothstep(7.0, 9.0, -s * centre.x) * step(7.0, centre.y) * step(centre.y, 12.5);
    if (h.z > 0.55 * where || centre.y > 19.0) return 1e3;
    float tall = 5.0 + 6.0 * h.y, base = reefBase(centre);
    vec3 q = p - vec3(centre.x, base, centre.y);
    float phase = h.x * 6.0;
    q.x += 0.14 * sin(q.y * 0.8 + phase) + 0.02 * q.y * s;
    q.z += 0.10 * sin(q.y * 0.6 + phase * 2.0);
    float d = max(length(q.xz) - 0.028, q.y - tall);
    float k = floor(q.y / 0.34);
    for (int i = uZero; i < 2; i++) {
        float n = k - float(i);
        if (n < 1.0 || n * 0.34 > tall) continue;
        vec3 b = q - vec3(0.0, n * 0.34, 0.0);
        b.xz *= rot(n * 2.4 + phase);
        b.x = abs(b.x) - 0.02;
        b.xy = rot(0.55) * b.xy;
        float along = b.x / 0.62;
        float width = 0.13 * sqrt(sat(along * 3.0)) * sat((1.0 - along) * 1.6);
        b.z += 0.02 * sin(along * 14.0 + n);
        float leaf = max(length(vec2(max(abs(b.y) - width, 0.0), max(abs(b.z) - 0.010, 0.0))) - 0.006, max(-b.x, b.x - 0.62));
        d = min(d, leaf);
    }
    return d * 0.7;
}
vec3 templeAt() { return vec3(-side() * 6.0, 0.9, 18.0); }
float column(vec3 p, float tall, float k) {
    float a = atan(p.z, p.x);
    float r = 0.52 - 0.014 * p.y - 0.028 * abs(sin(a * 9.0)) - 0.02 * smoothstep(0.05, 0.0, abs(fract(p.y * 0.7 + k) - 0.5));
    float d = max(length(p.xz) - r, p.y - tall + 0.25 * sin(p.x * 4.0 + k) * step(tall, 5.9));
    d = min(d, max(length(p.xz) - 0.66, abs(p.y - 0.12) - 0.16));
    if (tall > 5.9) {
        d = min(d, max(length(p.xz) - 0.50 - 0.28 * smoothstep(5.55, 5.95, p.y), abs(p.y - 5.75) - 0.25));
        d = min(d, sdBox(p - vec3(0.0, 6.1, 0.0), vec3(0.74, 0.13, 0.74)));
    }
    return d * 0.9;
}
float temple(vec3 p) {
    p -= templeAt();
    p.xz *= rot(-side() * 0.42);
    float bound = sdBox(p - vec3(0.0, 4.5, 3.0), vec3(7.6, 6.5, 6.5));
    if (bound > 1.0) return bound;
    float d = sdBox(p - vec3(0.0, -0.2, 3.0), vec3(7.2, 0.35, 5.2));
    d = min(d, sdBox(p - vec3(0.0, 0.10, 3.0), vec3(6.8, 0.35, 4.8)));
    for (int row = uZero; row < 2; row++) {
        float k = clamp(floor(p.x / 2.3 + 0.5), -2.0, 2.0);
        float h = hash(vec2(k + 40.0, float(row) + 9.0));
        bool whole = row == 0 ? k * side() >= -1.0 : h > 0.4;
        d = min(d, column(p - vec3(k * 2.3, 0.4, float(row) * 5.6), whole ? 6.0 : 1.5 + 3.0 * h, h * 9.0));
    }
    // entablature and a broken pediment over the whole columns
    float shift = side() * 1.2;
    float chip = 0.35 * (noise(p * 1.3) - 0.5) + 0.15 * (noise(p * 4.0) - 0.5);
    float beam = sdBox(p - vec3(shift, 7.05, 0.0), vec3(3.6 + chip, 0.42, 0.62));
    beam = min(beam, sdBox(p - vec3(shift, 7.60, 0.0), vec3(3.85 + chip, 0.14, 0.85)));
    float gable = max(dot(vec2(abs(p.x - shift), p.y - 9.35), normalize(vec2(0.42, 1.0))), max(7.6 - p.y, abs(p.z) - 0.5));
    gable = max(gable, -(length(p - vec3(-shift * 1.8, 9.6, 0.0)) - 1.9 - chip * 2.0));
    d = min(d, min(beam, gable));
    d = min(d, sdBox(p - vec3(shift, 6.95, 5.6), vec3(3.4, 0.4, 0.55)));
    vec3 q = p - vec3(-side() * 4.6, 0.25, -2.6);             // a fallen column
    q.xz *= rot(0.5 * side());
    q = q.yxz;
    d = min(d, max(length(q.xz - vec2(0.3, 0.0)) - 0.46 + 0.025 * abs(sin(atan(q.z, q.x - 0.3) * 9.0)), abs(q.y) - 2.4));
    return d;
}
float rocks(vec3 p) {                                      // a leaning stack on the temple's far side
    vec3 q = p - vec3(side() * 9.5, 0.0, 19.0);
    if (length(q.xz) > 6.5) return length(q.xz) - 5.5;
    q.x += side() * 0.22 * q.y;
    float lump = fbm(p * 0.55, 3) * 2.6 - 1.2;
    float d = length(q.xz) - 2.7 - 0.5 * sin(q.y * 0.9) + 0.06 * q.y - lump;
    d = max(d, q.y - 8.6 - lump);
    return d * 0.55;
}
// x distance; y material: 0 ground, 1/2 garden, 3 kelp, 4 temple, 5 rock
vec2 scene(vec3 p, out vec2 look) {
    vec2 r = vec2((p.y - ground(p, 3)) * 0.6, 0.0), l;
    look = vec2(0.0);
    float base = reefBase(p.xz);
    if (p.y - base < 2.6) {
        float d = garden(p, 0.62, 11.0, l); if (d < r.x) { r = vec2(d, 1.0); look = l; }
        d = garden(p, 1.45, 23.0, l); if (d < r.x) { r = vec2(d, 2.0); look = l; }
    } else r.x = min(r.x, (p.y - base - 2.0) * 0.6);
    float id;
    float d = kelp(p, id); if (d < r.x) { r = vec2(d, 3.0); look.y = id; }
    d = temple(p); if (d < r.x) r = vec2(d, 4.0);
    d = rocks(p); if (d < r.x) r = vec2(d, 5.0);
    return r;
}
float borderAhead(vec3 p, vec3 rd, float cell_m) {         // way to the next grid cell
    vec2 local = p.xz - (floor(p.xz / cell_m) + 0.5) * cell_m;
    vec2 way = (0.5 * cell_m * sign(rd.xz) - local) / rd.xz;
    return min(way.x, way.y) + 0.002;
}
vec3 normalAt(vec3 p, float e) {
    vec3 n = vec3(0.0); vec2 l;
    for (int i = uZero; i < 4; i++) {
        vec3 k = 0.5773 * (2.0 * vec3(float(((i + 3) >> 1) & 1), float((i >> 1) & 1), float(i & 1)) - 1.0);
        n += k * scene(p + k * e, l).x;
    }
    return normalize(n);
}
vec3 coralColor(float h) {
    float k = floor(fract(h * 57.31) * 8.0);
    return k < 1.0 ? vec3(1.0, 0.10, 0.22) : k < 2.0 ? vec3(1.0, 0.36, 0.05) : k < 3.0 ? vec3(0.66, 0.12, 0.80) : k < 4.0 ? vec3(1.0, 0.66, 0.06)
         : k < 5.0 ? vec3(0.16, 0.72, 0.42) : k < 6.0 ? vec3(1.0, 0.28, 0.56) : k < 7.0 ? vec3(0.95, 0.20, 0.10) : vec3(1.0, 0.72, 0.50);
}
vec3 shade(vec3 p, vec3 rd, float t, float what, vec2 look) {
    vec3 n = normalAt(p, 0.0015 + 0.0006 * t);
    vec3 albedo = vec3(0.80, 0.53, 0.36);
    float m = reefMask(p.xz), sheen = 0.0;
    if (what < 0.5 || what > 4.5) {
        float grain = 0.8 + 0.25 * hash(floor(p.xz * 260.0)) + 0.25 * (fbm(p.xz * 3.0, 4) - 0.5);
        vec3 rock = mix(vec3(0.20, 0.16, 0.20), vec3(0.36, 0.26, 0.30), fbm(p * 2.2, 5));
        float crust = fbm(p * 1.4 + 7.0, 4);
        rock = mix(rock, coralColor(floor(crust * 14.0) * 0.137) * 0.55, 0.55 * smoothstep(0.5, 0.75, fbm(p * 3.1, 4) + 0.1));
        rock *= 0.55 + 0.9 * fbm(p * 7.0, 4);
        albedo = what > 4.5 ? rock : mix(albedo * grain, rock, smoothstep(0.15, 0.4, m));
        n = normalize(n + 0.8 * (m + 0.15) * (vec3(noise(p * 9.0), noise(p * 9.0 + 7.0), noise(p * 9.0 + 15.0)) - 0.5));
    } else if (what < 2.5) {
        albedo = coralColor(look.y + look.x * 0.31);
        float base = reefBase(p.xz), tip = sat((p.y - base) * (what < 1.5 ? 1.6 : 0.8));
        albedo = mix(albedo * 0.55, mix(albedo, vec3(1.0, 0.95, 0.85), 0.35), tip * tip);
        albedo *= 0.75 + 0.5 * fbm(p * 18.0, 3);
        if (look.x == 1.0) { float w = noise(p * 34.0); albedo *= 0.8 + 0.4 * w; }
        if (look.x == 2.0 || look.x == 0.0) albedo *= 0.85 + 0.3 * step(0.5, noise(p * 60.0));
        sheen = 0.35;
    } else if (what < 3.5) {
        albedo = mix(vec3(0.16, 0.26, 0.03), vec3(0.48, 0.42, 0.05), look.y) * (0.7 + 0.5 * noise(p * 14.0));
        sheen = 0.5;
    } else {
        albedo = vec3(0.62, 0.62, 0.52) * (0.55 + 0.7 * fbm(p * 1.8, 5));
        albedo = mix(albedo, vec3(0.12, 0.26, 0.13), 0.75 * smoothstep(0.42, 0.70, fbm(p * 0.9 + 3.0, 5) + 0.25 * sat(n.y) - 0.02 * p.y));
        n = normalize(n + 0.35 * (vec3(noise(p * 5.0), noise(p * 5.0 + 7.0), noise(p * 5.0 + 15.0)) - 0.5));
    }
    vec3 s = sunDir();
    float ao = 1.0, gain = 0.9; vec2 l;
    for (int i = uZero; i < 4; i++) {
        float h = (0.03 + 0.10 * float(i)) * (1.0 + 0.06 * t);
        ao -= gain * max(h - scene(p + n * h, l).x, 0.0) / h * 0.32;
        gain *= 0.8;
    }
    ao = sat(ao);
    float shadow = 1.0, w = 0.08;
    for (int i = uZero; i < 14; i++) {
        float d = scene(p + s * w, l).x;
        shadow = min(shadow, 6.0 * d / w);
        w += clamp(d, 0.07, 0.6);
    }
    shadow = sat(shadow);
    vec2 q = p.xz - s.xz / s.y * (p.y - SURFACE_M);
    float net = caustic(q * 1.15) * sat(n.y * 0.7 + 0.3);
    vec3 sun = vec3(0.75, 1.0, 0.92) * 1.9 * (0.18 + 1.05 * net) * sat(dot(n, s) * 0.85 + 0.15) * mix(0.25, 1.0, shadow);
    vec3 c = albedo * (sun + vec3(0.10, 0.33, 0.42) * (0.65 + 0.35 * n.y) * ao);
    bool sandy = what < 0.5 && m < 0.3;
    // a diver's lamp would do this: fill from the viewer, so near colours live
    c += albedo * vec3(1.25, 0.85, 0.70) * (sandy ? 0.35 : 1.1) * sat(dot(n, -rd)) * exp(-t * 0.085) * ao;
    c += sheen * albedo * pow(1.0 - sat(dot(n, -rd)), 2.5) * vec3(0.5, 0.9, 1.0) * ao;
    if (what > 2.5 && what < 3.5) c += albedo * vec3(0.9, 1.0, 0.5) * 0.5 * pow(sat(dot(rd, s) * 0.5 + 0.5), 2.0);
    return c;
}
// A fish seen from the side, nose to +x, about 1 long. rgb, a coverage.
vec4 fish(vec2 q, float kind, float h, float blur) {
    float bend = 0.05 * sin(q.x * 4.0 + h * 9.0) * smoothstep(0.3, -0.6, q.x);
    q.y += bend;
    float deep = kind < 0.5 ? 0.17 : kind < 1.5 ? 0.33 : 0.25;
    float x = (q.x + 0.05) / 0.45;
    float body = abs(q.y) - deep * sqrt(max(1.0 - x * x, 0.0)) * (1.0 - 0.18 * max(-x, 0.0));
    if (abs(x) > 1.0) body = length(vec2(max(abs(x) - 1.0, 0.0) * 0.45, q.y));
    float tx = -0.42 - q.x;
    float tail = max(abs(q.y) - 0.05 - 0.62 * max(tx, 0.0), max(-tx - 0.05, tx - 0.20 - 0.30 * abs(q.y)));
    tail = max(tail, 0.02 - abs(q.y) - 0.4 * (0.10 - tx));
    float fin = max(abs(q.x + 0.05) - 0.22 + 0.5 * (abs(q.y) - deep), abs(q.y) - deep * 1.32 * (1.0 - 0.5 * abs(q.x + 0.18)));
    fin = max(fin, deep * 0.5 - abs(q.y));
    float d = min(min(body, tail), fin);
    float a = smoothstep(blur, -blur, d);
    if (a <= 0.0) return vec4(0.0);
    vec3 main_c = kind < 0.5 ? vec3(0.45, 0.65, 0.75) : kind < 1.5 ? vec3(1.0, 0.72, 0.06) : vec3(1.0, 0.34, 0.06);
    vec3 c = main_c;
    if (kind > 1.5) { float band = min(abs(q.x - 0.17), abs(q.x + 0.12)) - 0.045; c = mix(vec3(1.0), c, smoothstep(-0.01, 0.015, band)); c = mix(vec3(0.02), c, smoothstep(0.0, 0.012, abs(band - 0.012) - 0.010)); }
    else if (kind > 0.5) { c = mix(vec3(0.05, 0.06, 0.10), c, smoothstep(0.02, 0.04, abs(q.x - 0.22 - 0.1 * q.y))); c = mix(c, vec3(0.12, 0.35, 1.0), smoothstep(0.0, -0.03, body + 0.02) * step(0.06, -q.x - 0.1)); }
    c = mix(c, main_c * 0.55, smoothstep(0.0, 0.01, body));
    float lit = 0.55 + 0.65 * smoothstep(-deep, deep, q.y);
    c *= lit * (0.9 + 0.15 * sin(q.x * 90.0) * sin(q.y * 90.0));
    c += (kind < 0.5 ? 0.55 : 0.25) * vec3(0.8, 1.0, 1.0) * exp(-pow((q.y - 0.35 * deep) / 0.05, 2.0)) * smoothstep(0.0, -0.05, body);
    float eye = length(q - vec2(0.28, 0.035));
    c = mix(mix(vec3(0.01), vec3(0.95), smoothstep(0.018, 0.026, eye)), c, smoothstep(0.034, 0.040, eye));
    return vec4(c * 1.1, a);
}
vec3 world(vec2 view, out float depth_m) {
    vec3 ro = vec3(0.0, EYE_M, 0.0), rd = normalize(vec3(view, 0.95));
    float t = 0.5, limit = 46.0;
    vec2 hit = vec2(0.0), look = vec2(0.0);
    bool found = false;
    for (int i = uZero; i < 260; i++) {
        vec3 p = ro + rd * t;
        if (p.y > SURFACE_M || t > limit) break;
        hit = scene(p, look);
        if (hit.x < 0.0007 * t + 0.0006) { found = true; break; }
        float way = hit.x;
        if (p.z < 21.0 && p.y < 14.0) way = min(way, borderAhead(p, rd, 1.25));
        if (p.z < 21.0 && p.y - reefBase(p.xz) < 2.6) way = min(way, min(borderAhead(p, rd, 0.62), borderAhead(p, rd, 1.45)));
        t += max(way, 0.0015);
    }
    depth_m = found ? t : 1e4;
    vec3 c = waterColor(rd);
    if (found) c = throughWater(shade(ro + rd * t, rd, t, hit.y, look), rd, t);
    else if (rd.y > 0.12) {                                // the surface from below
        float reach = (SURFACE_M - EYE_M) / rd.y;
        vec2 q = (ro + rd * reach).xz;
        float wave = ridged(q * vec2(0.22, 0.16) + rnd(6) * 30.0, 5);
        c += vec3(0.35, 0.85, 0.80) * (pow(wave, 3.0) * 2.6 - 0.1) * smoothstep(0.18, 0.5, rd.y) * exp(-reach * 0.014);
        t = min(reach, limit);
    }
    // shafts
    float start = dither(), shaft = 0.0, reach = min(t, 26.0);
    for (int k = uZero; k < 36; k++) {
        vec3 q = ro + rd * reach * (float(k) + start) / 36.0;
        shaft += lightColumns(q) * exp(-0.045 * length(q - ro)) * smoothstep(-1.0, 9.0, q.y);
    }
    vec3 s = normalize(vec3(sunDir().x * 0.9, 0.62, 1.0));
    c += vec3(0.30, 0.85, 0.80) * shaft * reach / 36.0 * 0.085 * (0.30 + 1.3 * pow(sat(dot(rd, s)), 5.0));
    // a school far off, a few bright ones near
    float pixel = 1.0 / uResolution.y;
    for (int i = uZero; i < 96; i++) {
        bool near = i >= 84;
        float a = rnd(600 + i), b = rnd(800 + i), e = rnd(1000 + i);
        float far = near ? mix(3.2, 6.5, e) : mix(9.0, 17.0, e);
        vec2 at;
        float sgn = side();
        if (near) at = vec2((i & 1) == 0 ? mix(-0.60, -0.27, a) : mix(0.27, 0.60, a), mix(-0.10, 0.30, b));
        else {
            float u = a * 2.6 - 1.3;                       // along a bent ribbon
            at = vec2(sgn * (0.30 + 0.24 * sin(u * 1.5)), 0.27 + 0.13 * u + 0.05 * sin(u * 3.0)) + (vec2(b, fract(b * 17.0)) - 0.5) * vec2(0.20, 0.10);
        }
        float size = (near ? mix(0.24, 0.36, fract(b * 7.0)) : mix(0.26, 0.38, b)) / far;
        vec2 q = (view - at) / size;
        if (dot(q, q) > 0.7 || far > depth_m) continue;
        q *= rot((rnd(1200 + i) - 0.5) * (near ? 0.5 : 0.45));
        float face = near ? sign(e - 0.5) : -sgn;
        q.x *= face;
        float kind = near ? 1.0 + step(0.5, fract(a * 9.0)) : (fract(a * 31.0) < 0.12 ? 1.0 : 0.0);
        vec4 f = fish(q, kind, e, 0.9 * pixel / size);
        c = mix(c, throughWater(f.rgb * (near ? 1.0 : 0.85), rd, far), f.a);
    }
    // bubbles: three strings rising, and strays
    for (int i = uZero; i < 60; i++) {
        float k = rnd(1400 + i), y = rnd(1500 + i);
        int string = i % 4;
        float x0 = string == 3 ? rnd(1600 + i, -0.65, 0.65) : rnd(1700 + string, 0.28, 0.62) * (string == 1 ? -1.0 : 1.0) * side();
        vec2 at = vec2(x0 + 0.018 * sin(y * 23.0 + float(string)) * (0.5 + y) + (k - 0.5) * 0.03 * (0.4 + y), -0.32 + 0.88 * y);
        float r = mix(0.0022, 0.0125, k * k * k) * (0.6 + 0.6 * y);
        float d = length(view - at) / r;
        if (d > 1.15) continue;
        vec2 n = (view - at) / r;
        float rim = smoothstep(0.55, 0.95, d) * smoothstep(1.08, 0.96, d);
        float spot = exp(-dot(n - vec2(-0.35, 0.42), n - vec2(-0.35, 0.42)) * 22.0) + 0.5 * exp(-dot(n - vec2(0.35, -0.45), n - vec2(0.35, -0.45)) * 14.0);
        c = mix(c, c * 1.12 + 0.02, smoothstep(1.05, 0.95, d));
        c += vec3(0.65, 1.0, 1.0) * (rim * 0.55 + spot * 1.4);
    }
    float specks = flakes(view, 34.0, 1.0, 0.4, 1.0) * 0.6 + flakes(view, 14.0, 2.0, 0.2, 2.0) * 0.3 + flakes(view, 5.0, 7.0, 0.15, 3.0) * 0.06;
    return c + specks * vec3(0.4, 0.8, 0.8) * 0.5;
}
