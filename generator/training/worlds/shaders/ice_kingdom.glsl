// A frozen lake at dusk: an ice palace on the left shore, spires of ice near on the right, aurora above.
const vec3 SUN = normalize(vec3(-0.62, 0.30, 0.55));     // low behind the palace
const vec3 SUN_COLOR = vec3(1.0, 0.50, 0.50) * 1.7;
const vec3 MOON = normalize(vec3(0.5, 0.75, -0.55));      // cold fill from behind the viewer
const vec3 MOON_COLOR = vec3(0.36, 0.64, 1.0) * 0.62;
const float EYE_M = 1.6;

float side() { return rnd(1) < 0.5 ? -1.0 : 1.0; }        // the palace's side
vec3 palaceAt() { return vec3(side() * rnd(2, 13.5, 15.5), 1.6, 40.0); }

float aurora(vec2 p) {
    p = p * 0.62 + rnd(4) * 40.0;
    vec2 bend = vec2(noise(p * 0.7 + 3.0), noise(p * 0.7 + 31.0)) * 3.0;
    float a = abs(sin(p.x * 1.2 + 0.4 * p.y + bend.x)), b = abs(sin(p.x * 0.9 - 0.6 * p.y + 1.7 + bend.y));
    vec2 q = p + 0.35 * bend;
    float rays = 0.15 + 1.1 * pow(noise(vec2(q.y * 13.0, q.x * 13.0)), 1.5);
    return (exp(-a * 13.0) + 0.55 * exp(-b * 17.0)) * rays * (0.30 + 0.90 * noise(p * 0.6 + 9.0));
}
vec3 sky(vec3 rd, bool rich) {
    float up = max(rd.y, 0.0);
    vec3 c = vec3(0.008, 0.030, 0.115) + vec3(0.05, 0.16, 0.36) * exp(-up * 5.0) + vec3(0.30, 0.13, 0.20) * exp(-up * 11.0);
    float toSun = sat(dot(normalize(vec3(rd.x, rd.y * 1.6, rd.z)), normalize(vec3(SUN.x, 0.06, SUN.z))));
    c += vec3(1.0, 0.42, 0.36) * (0.85 * pow(toSun, 14.0) + 0.34 * pow(toSun, 4.0)) * exp(-up * 5.5);
    if (rich && rd.y > 0.02) {
        vec3 glow = vec3(0.0);
        for (int i = uZero; i < 40; i++) {
            float h = 1.0 + float(i) * 0.026;
            float a = aurora(rd.xz / (rd.y + 0.12) * h);
            float t = float(i) / 40.0;
            glow += a * mix(mix(vec3(0.05, 1.0, 0.55), vec3(0.05, 0.65, 1.0), sat(t * 1.6)), vec3(0.75, 0.15, 1.0), smoothstep(0.4, 1.0, t))
                  * exp(-t * 1.8) * smoothstep(0.0, 0.10, t + 0.03);
        }
        c += glow * 0.21 * smoothstep(0.04, 0.22, rd.y);
        vec2 s = vec2(atan(rd.x, rd.z), asin(rd.y)) * 130.0;
        vec3 h = hash3(floor(s));
        float star = smoothstep(0.22 * h.z, 0.0, length(fract(s) - 0.2 - 0.6 * h.xy)) * step(0.93, hash(floor(s) + 7.0));
        c += star * 1.6 * smoothstep(0.10, 0.4, rd.y) * vec3(0.8, 0.9, 1.0);
        vec2 q = rd.xz / (rd.y + 0.06);
        float cloud = fbm(q * vec2(0.35, 0.9) + rnd(5) * 50.0, 5);
        c = mix(c, vec3(0.75, 0.50, 0.66) * (0.35 + 0.6 * exp(-up * 6.0)), smoothstep(0.52, 0.78, cloud) * 0.7 * exp(-up * 5.0));
    }
    return c;
}

float land(vec2 p, int octaves) {
    float shore = 6.5 + 3.5 * noise(vec2(p.y * 0.06, rnd(6) * 30.0)) + p.y * 0.07;
    float x = abs(p.x + 2.0 * sin(p.y * 0.07 + rnd(7) * 6.0));
    float bank = smoothstep(shore - 1.0, shore + 9.0, x);
    bank = max(bank, smoothstep(40.0, 62.0, p.y));
    float h = -0.25 + bank * (1.6 + 2.2 * fbm(p * 0.09 + rnd(8) * 20.0, 4));
    float far = smoothstep(52.0, 150.0, p.y);
    if (far > 0.0) {
        float valley = 0.30 + 0.70 * smoothstep(0.02, 0.42, abs(p.x / p.y));
        h += far * valley * 88.0 * (ridged(p * 0.0105 + rnd(9) * 30.0, octaves) - 0.12);
    }
    return h;
}

// A palace tower: height_m tall, radius_m wide, a stack of faceted drums under a needle.
float tower(vec3 p, float height_m, float radius_m, float turn) {
    p.xz *= rot(turn);
    float t = p.y / height_m;
    float body = radius_m * (1.15 - 0.45 * t);
    float drum = fract(t * 5.0);
    body *= 1.0 + 0.10 * smoothstep(0.80, 0.97, drum) * step(t, 0.6);
    float needle = radius_m * 1.02 * pow(sat((1.0 - t) / 0.42), 1.35);
    float r = t < 0.58 ? body : min(needle, body * 1.1);
    float collar = exp(-abs(t - 0.585) * 70.0) * radius_m * 0.28;
    float hex = sdHexagon(p.xz), other = sdHexagon(rot(PI / 6.0) * p.xz * 1.04);
    return max(min(hex, other) - r - collar, max(p.y - height_m, -p.y - 4.0)) * 0.62;
}
// One crystal: a six-sided rod with a slanted point, standing at the origin.
float crystal(vec3 p, float height_m, float radius_m) {
    float r = radius_m * (1.0 - 0.18 * p.y / height_m);
    float rod = sdHexagon(p.xz) - r;
    float tip = dot(vec3(sdHexagon(p.xz), p.y - height_m, 0.0), normalize(vec3(1.0, 0.42, 0.0)));
    float chip = dot(p - vec3(0.0, height_m * 0.8, 0.0), normalize(vec3(0.75, 0.5, -0.35))) - radius_m * 0.55;
    return max(max(max(rod, tip), chip), -p.y - 2.0);
}
float palace(vec3 p) {
    p -= palaceAt();
    float bound = length(p.xz) - 11.0;
    if (bound > 3.0) return bound;
    float d = tower(p, 23.5, 2.1, 0.2);
    for (int i = uZero; i < 11; i++) {
        float k = float(i);
        bool inner = i < 5;
        float ring = inner ? rnd(20 + i, 2.5, 3.6) : rnd(20 + i, 5.4, 8.2);
        float angle = (inner ? k / 5.0 : (k - 5.0) / 6.0) * 2.0 * PI + rnd(40 + i, -0.35, 0.35);
        vec3 q = p - vec3(cos(angle) * ring, 0.0, sin(angle) * ring);
        float tall = inner ? rnd(60 + i, 12.5, 19.0) : rnd(60 + i, 6.5, 11.5);
        d = min(d, tower(q, tall, inner ? rnd(80 + i, 0.85, 1.25) : rnd(80 + i, 0.7, 1.05), rnd(90 + i) * 3.0));
    }
    // the rock of ice it stands on: a ring of shards leaning outward, and a stepped plinth
    for (int ring = uZero; ring < 2; ring++) {
        float sectors = ring == 0 ? 15.0 : 21.0, turn = atan(p.z, p.x) / (2.0 * PI) * sectors + float(ring) * 0.37;
        float k = floor(turn + 0.5);
        k = k < 0.0 ? k + sectors : k;
        float h = hash(vec2(k, 7.0 + float(ring)));
        vec3 q = p;
        q.xz *= rot(k / sectors * 2.0 * PI);
        q -= vec3(ring == 0 ? 6.6 : 8.2, -1.2, (h - 0.5) * 0.8);
        q.xy *= rot(0.16 + 0.22 * h + 0.12 * float(ring));
        q.xz *= rot(h * 9.0);
        float tall = (ring == 0 ? 4.4 : 2.8) + 4.6 * h * h * (ring == 0 ? 1.0 : 0.6);
        d = min(d, crystal(q, tall, 0.42 + 0.10 * tall) * 0.75);
    }
    float hexagon = sdHexagon(p.xz);
    d = min(d, max(sdHexagon(rot(0.3) * p.xz) - 6.2 + 0.55 * p.y, p.y - 2.2) * 0.6);
    float hall = max(hexagon - 4.4 + p.y * 0.13, p.y - 7.5 + 0.75 * hexagon);
    return min(d, hall * 0.7);
}
float cluster(vec3 p, int salt, int count, float height_m, float lean) {
    float bound = length(p - vec3(0.0, height_m * 0.45, 0.0)) - height_m * 0.85;
    if (bound > 1.0) return bound;
    float d = 1e3;
    for (int i = uZero; i < count; i++) {
        float k = float(i) / float(count);
        float angle = k * 2.0 * PI * 1.618 * float(count) + rnd(salt + i * 5);
        float ring = sqrt(k) * height_m * 0.26;
        vec3 q = p - vec3(cos(angle) * ring, 0.0, sin(angle) * ring);
        q.xy *= rot(-lean * cos(angle) * (0.2 + k));
        q.zy *= rot(-lean * sin(angle) * (0.2 + k));
        q.xz *= rot(rnd(salt + i * 5 + 1) * 3.0);
        float tall = height_m * (1.0 - 0.72 * k) * rnd(salt + i * 5 + 2, 0.82, 1.1);
        d = min(d, crystal(q, tall, tall * rnd(salt + i * 5 + 3, 0.075, 0.115) + 0.05));
    }
    return d;
}
float crystals(vec3 p) {
    float s = side();
    float d = cluster(p - vec3(-s * 5.6, -0.2, 9.5), 200, 13, 6.4, 0.42);
    d = min(d, cluster(p - vec3(-s * 3.0, -0.2, 5.8), 300, 9, 1.7, 0.55));
    d = min(d, cluster(p - vec3(s * 3.1, -0.2, 5.2), 400, 10, 1.5, 0.6));
    d = min(d, cluster(p - vec3(s * 6.4, -0.2, 10.5), 500, 11, 3.1, 0.5));
    d = min(d, cluster(p - vec3(-s * 9.5, 0.2, 20.0), 600, 11, 7.5, 0.4));
    d = min(d, cluster(p - vec3(-s * 17.0, 0.8, 36.0), 700, 11, 10.5, 0.35));
    return d;
}
// A bridge of ice from the palace down to the lake: deck, piers, rails.
float bridge(vec3 p) {
    float s = side();
    vec2 a = vec2(palaceAt().x - s * 4.6, 35.5), b = vec2(s * 3.6, 21.5);
    float len = length(b - a);
    vec2 dir = (b - a) / len, q = p.xz - a;
    float along = dot(q, dir), across = abs(dot(q, vec2(-dir.y, dir.x))), u = clamp(along / len, 0.0, 1.0);
    float top = mix(3.2, 0.12, u) + 1.3 * sin(PI * u) * (1.0 - 0.4 * u);
    float bound = max(max(across - 1.6, abs(along - 0.5 * len) - 0.5 * len - 0.8), p.y - 6.5);
    if (bound > 1.0) return bound;
    float d = max(max(across - 0.95, abs(p.y - top) - 0.11), abs(along - 0.5 * len) - 0.5 * len);
    float span = len / 6.0, k = mod(along, span) - 0.5 * span;
    float vault = length(vec2(k, (p.y - top + span * 0.42))) - span * 0.40;
    d = min(d, max(max(max(across - 0.72, p.y - top), -vault), max(abs(along - 0.5 * len) - 0.5 * len, -max(abs(k) - span * 0.40, p.y - top + span * 0.42))));
    float post = mod(along, span / 4.0) - span / 8.0;
    float rail = max(max(abs(across - 0.86) - 0.05, abs(post) - 0.05), p.y - top - 0.62 + 3.0 * abs(post));
    rail = min(rail, max(length(vec2(across - 0.86, p.y - top - 0.48)) - 0.05, 0.0));
    d = min(d, max(rail, max(top - 0.1 - p.y, abs(along - 0.5 * len) - 0.5 * len)));
    return d * 0.7;
}
float ice(vec3 p) { return min(min(palace(p), bridge(p)), crystals(p)); }

// Snow-laden firs on a grid along the shores.
const float FIR_CELL_M = 2.3;
float firs(vec3 p, out float up) {
    vec2 cell = floor(p.xz / FIR_CELL_M), centre;
    vec3 h = hash3(cell + 90.0);
    centre = (cell + 0.5 + (h.xy - 0.5) * 0.35) * FIR_CELL_M;
    up = 0.0;
    float ground = land(centre, 4);
    if (ground < 0.35 || h.z > 0.75 || centre.y < 13.0 || centre.y > 75.0 || length(centre - palaceAt().xz) < 12.0) return 1e3;
    float tall = mix(2.4, 5.2, h.x * h.y + 0.3 * h.z);
    vec3 q = p - vec3(centre.x, ground - 0.1, centre.y);
    float t = q.y / tall;
    up = fract(t * 6.0 + 0.15 * noise(vec2(atan(q.z, q.x) * 3.0, h.x * 50.0)));
    float r = tall * 0.21 * (1.02 - t) * (0.62 + 0.55 * (1.0 - up));
    r *= 0.85 + 0.3 * noise(vec2(atan(q.z, q.x) * 6.0, floor(t * 6.0) + h.y * 40.0));
    return max(length(q.xz) - r, max(q.y - tall, -q.y)) * 0.55;
}
float borderAhead(vec3 p, vec3 rd) {
    vec2 local = p.xz - (floor(p.xz / FIR_CELL_M) + 0.5) * FIR_CELL_M;
    vec2 way = (0.5 * FIR_CELL_M * sign(rd.xz) - local) / rd.xz;
    return min(way.x, way.y) + 0.01;
}

vec3 iceNormal(vec3 p, float e) {
    vec3 n = vec3(0.0);
    for (int i = uZero; i < 4; i++) {
        vec3 k = 0.5773 * (2.0 * vec3(float(((i + 3) >> 1) & 1), float((i >> 1) & 1), float(i & 1)) - 1.0);
        n += k * ice(p + k * e);
    }
    return normalize(n);
}
vec3 haze(vec3 c, vec3 rd, float t) {
    float f = 1.0 - exp(-pow(t * 0.0065, 1.35));
    float toSun = sat(dot(rd, normalize(vec3(SUN.x, 0.05, SUN.z))));
    vec3 air = mix(vec3(0.09, 0.19, 0.42), vec3(0.70, 0.36, 0.46), pow(toSun, 5.0));
    return mix(c, air, f * 0.92);
}
// Light inside ice: how much there is between here and the far side, what shines through, the flaws on the way.
vec3 shadeIce(vec3 p, vec3 rd, vec3 n, float t, bool isPalace) {
    float scale = isPalace ? 0.35 : 1.0;
    vec3 bent = refract(rd, n, 1.0 / 1.28);
    float thick = 0.0, flaw = 0.0, reach = isPalace ? 2.4 : 1.3;
    float slant = hash(floor(n.xz * 6.0 + 20.0));
    for (int i = uZero; i < 6; i++) {
        vec3 q = p + bent * reach * (float(i) + 0.5) / 6.0;
        thick += sat(-ice(q) * 4.0 / reach);
        // flaws lie in slanted sheets, as if the ice had grown in steps
        float sheet = dot(q, normalize(vec3(0.35, 1.0, 0.25 + slant))) * 1.5 * scale + 1.3 * noise(q * vec3(1.4, 0.5, 1.4) * scale + rnd(3) * 9.0);
        flaw += smoothstep(0.07, 0.0, abs(fract(sheet) - 0.5)) * noise(q * 2.6 * scale) * (1.0 - float(i) / 6.0);
    }
    thick /= 6.0;
    float height = isPalace ? sat((p.y - 1.0) / 20.0) : sat(p.y / 4.5);
    vec3 inner = mix(vec3(0.40, 0.84, 1.0), vec3(0.008, 0.10, 0.42), pow(sat(thick * 1.25), 0.7));
    inner = mix(inner, vec3(0.55, 0.90, 1.0), 0.25 * height);
    vec3 through = sky(normalize(bent + 0.5 * (hash3(floor(n.xz * 9.0 + n.y * 5.0 + 40.0)) - 0.5)), false);
    float back = pow(sat(dot(bent, SUN) * 0.5 + 0.5), 3.0);
    vec3 c = inner * (0.08 + 0.20 * sat(n.y * 0.5 + 0.5)) + inner * vec3(1.0, 0.70, 0.80) * back * 0.45;
    c += through * inner * (isPalace ? 0.7 : 1.0) * (1.0 - 0.6 * thick);
    c += inner * MOON_COLOR * sat(dot(n, MOON)) * 0.6;
    c *= 0.75 + 0.5 * slant;
    c += vec3(0.50, 0.88, 1.0) * flaw * 0.20;
    // frost on ledges and low down
    float frost = smoothstep(0.55, 0.95, fbm(p * 2.6 * scale + 4.0, 5) + 0.40 * sat(n.y) + 0.25 * smoothstep(0.7, 0.0, p.y * scale));
    vec3 white = vec3(0.75, 0.90, 1.0) * (0.10 + MOON_COLOR * sat(dot(n, MOON)) + SUN_COLOR * 0.35 * sat(dot(n, SUN)));
    c = mix(c, white, frost * (isPalace ? 0.25 : 0.40));
    vec3 r = reflect(rd, n);
    float fr = fresnel(-dot(rd, n), 0.05);
    c = mix(c, sky(normalize(vec3(r.x, abs(r.y) + 0.02, r.z)), false) * 1.2, fr * (1.0 - frost * 0.6));
    c += SUN_COLOR * pow(sat(dot(r, SUN)), 60.0) * 0.5 + MOON_COLOR * pow(sat(dot(r, MOON)), 90.0) * 1.5;
    // bright edges: where the normal turns quickly
    vec3 wide = iceNormal(p, isPalace ? 0.10 : 0.035);
    c += vec3(0.55, 0.92, 1.0) * smoothstep(0.02, 0.25, 1.0 - dot(wide, n)) * (isPalace ? 0.18 : 0.30);
    if (isPalace) {
        vec3 q = p - palaceAt();
        float ring = atan(n.z, n.x) * 6.0 / PI;
        vec2 w = vec2(dot(q.xz, vec2(-n.z, n.x)) * 1.7, q.y * 0.62);
        vec2 f = fract(w) - 0.5;
        float lit = step(0.40, hash(vec2(floor(w) + floor(ring) * 17.0)));
        float pane = smoothstep(0.16, 0.10, abs(f.x) + 0.35 * max(f.y - 0.05, 0.0)) * smoothstep(0.40, 0.34, abs(f.y));
        lit *= step(3.2, q.y) * step(length(q.xz), 11.0);
        c += mix(vec3(0.45, 0.95, 1.2), vec3(1.5, 0.75, 0.55), step(0.72, hash(floor(w) + 5.0))) * pane * lit * 2.0 * step(abs(n.y), 0.35) * step(q.y, 12.5);
        c += vec3(0.01, 0.20, 0.62) * exp(-abs(q.y - 4.0) * 0.12) * 0.30;
        c *= 0.72 + 0.28 * smoothstep(0.0, 16.0, q.y);
    }
    return c;
}
vec3 shadeSnow(vec3 p, vec3 rd, float t) {
    float e = 0.02 + 0.0025 * t;
    int oct = t > 40.0 ? 9 : 4;
    vec2 q = p.xz;
    vec3 n = normalize(vec3(land(q - vec2(e, 0.0), oct) - land(q + vec2(e, 0.0), oct), 2.0 * e,
                            land(q - vec2(0.0, e), oct) - land(q + vec2(0.0, e), oct)));
    float near = exp(-t * 0.05);
    vec2 w = q * vec2(1.3, 3.0);
    float g0 = fbm(w * 1.5, 5), gx = fbm((w + vec2(0.03, 0.0)) * 1.5, 5), gz = fbm((w + vec2(0.0, 0.03)) * 1.5, 5);
    n = normalize(n + near * 1.1 * vec3(g0 - gx, 0.0, g0 - gz) / 0.03 * 0.12);
    float rocky = smoothstep(0.62, 0.40, n.y + 0.22 * (noise(p * 0.25) - 0.5)) * smoothstep(40.0, 70.0, p.z);
    vec3 albedo = mix(vec3(0.86, 0.92, 1.0), vec3(0.10, 0.13, 0.22), rocky);
    float sun = sat(dot(n, SUN) * 0.85 + 0.15);
    vec3 c = albedo * (SUN_COLOR * sun * 0.55 + MOON_COLOR * sat(dot(n, MOON)) * 0.55 + vec3(0.06, 0.14, 0.34) * (0.55 + 0.45 * n.y));
    c += vec3(0.08, 0.30, 0.55) * pow(1.0 - sat(dot(n, -rd)), 3.0) * 0.4 * (1.0 - rocky);
    // sparkle: a few grains mirror the light
    vec2 grain = floor(q * 34.0 / (1.0 + floor(t * 0.12)));
    float glint = step(0.990, hash(grain)) * near * 1.4;
    return c + glint * vec3(0.8, 0.95, 1.2) * 1.6;
}
float iceShadow(vec3 p) {
    float light = 1.0, t = 0.3;
    for (int i = uZero; i < 24; i++) {
        float d = ice(p + SUN * t);
        light = min(light, 7.0 * d / t);
        t += clamp(d, 0.15, 2.5);
        if (light < 0.02 || t > 30.0) break;
    }
    return 0.35 + 0.65 * sat(light);
}

vec3 world(vec2 view, out float depth_m) {
    vec3 ro = vec3(0.0, EYE_M, 0.0), rd = normalize(vec3(view, 1.0));
    vec3 sum = vec3(0.0), weight = vec3(1.0);
    float travelled = 0.0;
    depth_m = 1e4;
    for (int bounce = uZero; bounce < 2; bounce++) {
        float t = 0.02, lake = rd.y < -1e-4 ? -ro.y / rd.y : 1e9;
        int what = 0;                                      // 0 sky, 1 ice, 2 snow, 3 lake
        float limit = min(lake, 260.0);
        for (int i = uZero; i < 230; i++) {
            vec3 p = ro + rd * t;
            float hi = ice(p), hs = p.y > 75.0 ? 60.0 : (p.y - land(p.xz, 6)) * 0.55;
            float d = min(hi, hs), up, ht = 1e3;
            if (p.z > 12.0 && p.z < 76.0 && p.y < 10.0) { ht = firs(p, up); d = min(d, min(ht, borderAhead(p, rd))); }
            float close = 0.0006 * (t + travelled) + 0.0008;
            if (min(min(hi, hs), ht) < close) { what = ht < min(hi, hs) ? 4 : hi < hs ? 1 : 2; break; }
            t += d * (hi < hs ? 0.95 : 1.0);
            if (t > limit) break;
        }
        if (what == 0 && lake < 260.0) { what = 3; t = lake; }
        if (bounce == 0 && what != 0) depth_m = t;
        vec3 p = ro + rd * t;
        float far = t + travelled;
        if (what == 0) { sum += weight * sky(rd, true); break; }
        if (what == 1) {
            bool isPalace = min(palace(p), bridge(p)) < crystals(p);
            vec3 n = iceNormal(p, 0.002 + 0.0005 * far);
            sum += weight * haze(shadeIce(p, rd, n, far, isPalace), rd, far); break;
        }
        if (what == 4) {
            float up;
            firs(p, up);
            vec2 out_of = normalize(p.xz - (floor(p.xz / FIR_CELL_M) + 0.5) * FIR_CELL_M);
            float load = smoothstep(0.30, 0.62, 1.0 - up + 0.5 * (noise(p * 3.1) - 0.5));
            vec3 n = normalize(vec3(out_of.x, 0.5 + load, out_of.y));
            vec3 albedo = mix(vec3(0.012, 0.05, 0.075), vec3(0.70, 0.80, 0.95), load * 0.85) * (0.7 + 0.5 * noise(p * 9.0));
            vec3 c = albedo * (SUN_COLOR * sat(dot(n, SUN)) * 0.6 + MOON_COLOR * sat(dot(n, MOON)) * 0.7 + vec3(0.07, 0.15, 0.34));
            sum += weight * haze(c, rd, far); break;
        }
        if (what == 2) { vec3 c = shadeSnow(p, rd, far); sum += weight * haze(c * (far < 60.0 ? iceShadow(p + vec3(0.0, 0.05, 0.0)) : 1.0), rd, far); break; }
        // the lake: dark ice with cracks at two depths, drifted snow, and a mirror
        float snow = smoothstep(0.46, 0.64, fbm(p.xz * vec2(0.32, 0.5) + rnd(10) * 20.0, 6) + 0.12 * smoothstep(4.0, 9.0, abs(p.x)));
        vec3 deep = mix(vec3(0.008, 0.06, 0.19), vec3(0.03, 0.27, 0.44), fbm(p.xz * 0.5, 5));
        float fine = 1.0 / (1.0 + far * 0.05);
        vec2 wob = 0.5 * vec2(noise(p.xz * 0.9), noise(p.xz * 0.9 + 30.0)) + 0.06 * vec2(noise(p.xz * 7.0), noise(p.xz * 7.0 + 30.0));
        for (int layer = uZero; layer < 3; layer++) {
            vec2 q = p.xz + rd.xz / max(-rd.y, 0.08) * 0.12 * float(layer) + wob;
            vec3 plate = cells(q * (0.34 + 0.30 * float(layer)) + 7.0 * float(layer));
            float width = (0.006 + 0.0014 * far) * (0.4 + 1.2 * noise(q * 1.7));
            deep *= 0.92 + 0.16 * plate.z;
            deep += vec3(0.50, 0.80, 0.95) * (smoothstep(width, width * 0.3, plate.y) * 0.55 + 0.10 * exp(-plate.y * 26.0) * noise(q * 6.0)) * fine * (1.0 - 0.3 * float(layer));
        }
        float scratch = smoothstep(0.74, 0.80, noise(rot(0.5) * p.xz * vec2(2.0, 26.0))) + smoothstep(0.76, 0.82, noise(rot(-0.9) * p.xz * vec2(1.5, 30.0)));
        deep += vec3(0.4, 0.65, 0.8) * scratch * 0.10 * exp(-far * 0.12);
        float bubbles = cells(p.xz * 7.0 + rd.xz / max(-rd.y, 0.1) * 1.2).x;
        deep += vec3(0.5, 0.8, 0.95) * smoothstep(0.10, 0.04, bubbles) * 0.35 * exp(-far * 0.16);
        float light = iceShadow(p + vec3(0.0, 0.02, 0.0));
        vec3 white = vec3(0.86, 0.92, 1.0) * (SUN_COLOR * 0.22 * light + MOON_COLOR * 0.38 + vec3(0.05, 0.12, 0.28));
        white += step(0.992, hash(floor(p.xz * 34.0 / (1.0 + floor(far * 0.12))))) * exp(-far * 0.05) * 1.6;
        vec3 surface = mix(deep * (0.45 + 0.55 * light), white, snow * 0.85);
        float mirror = (0.10 + 0.75 * pow(1.0 - sat(-rd.y), 4.0)) * (1.0 - 0.9 * snow);
        sum += weight * haze(surface * (1.0 - mirror), rd, far);
        weight *= mirror * vec3(0.82, 0.93, 1.0);
        vec2 tilt = (vec2(noise(p.xz * vec2(3.0, 1.2)), noise(p.xz * vec2(3.0, 1.2) + 40.0)) - 0.5) * 0.014;
        rd = normalize(reflect(rd, normalize(vec3(tilt.x, 1.0, tilt.y))));
        ro = p + vec3(0.0, 0.01, 0.0);
        travelled = far;
    }
    // mist over the lake, then falling snow
    float mist = exp(-abs(view.y + 0.01) * 26.0) * (0.35 + 0.65 * fbm(vec2(view.x * 5.0, view.y * 22.0) + rnd(11) * 9.0, 5));
    sum = mix(sum, vec3(0.36, 0.40, 0.66), sat(mist * 0.42) * smoothstep(12.0, 45.0, depth_m));
    float fall = flakes(view, 46.0, 1.3, 0.22, 1.0) * 0.45 + flakes(view, 20.0, 2.0, 0.22, 2.0) * 0.5 + flakes(view, 9.0, 3.4, 0.20, 3.0) * 0.4
               + flakes(view, 4.5, 9.0, 0.16, 4.0) * 0.12;
    return sum + fall * vec3(0.75, 0.88, 1.0);
}
