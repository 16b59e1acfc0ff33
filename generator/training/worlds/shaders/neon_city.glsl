// A rainy street between towers at night: neon signs in invented letters, a great screen, wet asphalt that mirrors it all.
const float EYE_M = 1.75, STREET_M = 4.3, WALL_M = 6.6, LOT_M = 9.0, FLOOR_M = 3.3;

float side() { return rnd(1) < 0.5 ? -1.0 : 1.0; }        // the great screen's side
const vec3 NEON[7] = vec3[7](vec3(1.0, 0.06, 0.42), vec3(0.04, 0.72, 1.0), vec3(0.62, 0.10, 1.0), vec3(0.05, 1.0, 0.62),
                             vec3(1.0, 0.28, 0.06), vec3(1.0, 0.10, 0.66), vec3(0.10, 0.45, 1.0));
vec3 neon(float h) { return NEON[int(fract(h * 7.31) * 6.999)]; }
// One invented letter: distance to its strokes; q in 0..1.
float letter(vec2 q, float id) {
    float d = 9.0;
    for (int i = uZero; i < 6; i++) {
        vec3 h = hash3(vec2(id * 13.0, float(i) + 3.0));
        vec2 a = vec2(floor(h.x * 3.0) * 0.5, floor(h.y * 4.0) / 3.0), b = a;
        float kind = h.z * 5.0;
        if (kind < 2.0) b.x = a.x < 0.4 ? (h.z < 0.2 ? 1.0 : 0.5) : 0.0;
        else if (kind < 4.0) b.y = a.y < 0.5 ? a.y + 0.6667 : 0.0;
        else b = a + vec2(a.x < 0.4 ? 0.5 : -0.5, a.y < 0.5 ? 0.3333 : -0.3333);
        d = min(d, sdSegment(q, 0.16 + 0.68 * a, 0.16 + 0.68 * b));
    }
    return d;
}
// Light of a glass tube at distance d: white core, coloured halo.
vec3 tube(float d, float wide, vec3 c) { return (c + 0.55) * smoothstep(wide, wide * 0.35, d) * 1.5 + c * exp(-d / (wide * 1.6)) * 0.85; }

bool lowHouse(float k, float s) { return s == side() && k > 0.5 && k < 3.5; }
struct Sign { vec3 at; vec2 half_size; vec3 color; float id; };
Sign signOf(float k, float s, int j) {
    vec3 h = hash3(vec2(k * 3.0 + float(j), s * 11.0 + 40.0)), g = hash3(vec2(k * 3.0 + float(j), s * 17.0 + 90.0));
    Sign n;
    float tall = j == 0 ? mix(1.3, 2.9, h.x) : mix(0.8, 1.9, h.x), wide = j == 0 ? mix(0.42, 0.62, h.y) : mix(0.36, 0.8, h.y);
    float low = j == 0 ? mix(4.6, 7.2, g.x) : j == 1 ? mix(3.7, 4.4, g.x) : mix(10.5, 17.0, g.x);
    if (j == 2) { tall *= 1.9; wide *= 1.4; }
    if (lowHouse(k, s) && (j != 1 || k < 2.5)) low = -60.0;             // nothing hangs before the great screen
    n.at = vec3(s * (WALL_M - 0.35 - wide), low + tall, (k + (j == 0 ? 0.25 : j == 1 ? 0.72 : 0.5) + 0.16 * (g.y - 0.5)) * LOT_M);
    n.half_size = vec2(wide, tall);
    n.color = neon(g.z + 0.37 * float(j) + 0.11 * k + 0.5 * step(0.0, s));
    n.id = floor(h.z * 800.0);
    return n;
}
vec3 lotOf(float k, float s) { return hash3(vec2(k, s * 5.0 + 17.0)); }
float towerTop(float k, float s) { return lowHouse(k, s) ? 4.3 : s == side() && k == 4.0 ? 34.0 : mix(15.0, 46.0, pow(hash(vec2(k, s * 9.0 + 3.0)), 1.3)); }
// x distance; y material: 0 wall, 1 sign, 2 iron, 3 ground, 4 awning
vec2 scene(vec3 p) {
    float s = p.x < 0.0 ? -1.0 : 1.0, k = floor(p.z / LOT_M), x = abs(p.x), z = p.z - (k + 0.5) * LOT_M;
    vec3 h = lotOf(k, s);
    float back = 1.2 * h.x * h.x, top = towerTop(k, s);
    float curb = 0.13 * smoothstep(STREET_M - 0.02, STREET_M + 0.02, x);
    vec2 r = vec2(p.y - curb, 3.0);
    float wall = WALL_M + back - x;
    if (wall < 1.2) {
        vec2 f = vec2(fract(z / 1.5 + 0.5) - 0.5, fract(p.y / FLOOR_M) - 0.55);
        float pane = max(abs(f.x) * 1.5 - 0.52, abs(f.y) * FLOOR_M - 1.05);
        if (p.y > FLOOR_M) wall += 0.16 * smoothstep(0.05, -0.05, pane);
        wall -= 0.14 * smoothstep(0.44, 0.46, abs(fract(p.y / FLOOR_M + 0.5) - 0.5) );
        wall -= 0.22 * smoothstep(LOT_M * 0.5 - 0.42, LOT_M * 0.5 - 0.38, abs(z));
    }
    float b = max(max(wall, p.y - top), abs(z) - LOT_M * 0.5 + 0.01);
    if (b * 0.8 < r.x) r = vec2(b * 0.8, 0.0);
    if (x > 3.4) {
        float shade = sdBox(vec3(x - WALL_M + 0.35, p.y - 3.35 + 0.28 * (WALL_M - x), z), vec3(0.85, 0.05, 3.4));
        if (h.y > 0.35 && shade < r.x) r = vec2(shade, 4.0);
        for (int j = uZero; j < 3; j++) {
            Sign n = signOf(k, s, j);
            vec3 q = p - n.at;
            float d = sdBox(q, vec3(n.half_size, 0.10)) - 0.02;
            float arm = sdBox(vec3(x - WALL_M + 0.1, abs(q.y) - n.half_size.y * 0.7, q.z), vec3(0.5 + back, 0.03, 0.03));
            if (d < r.x) r = vec2(d, 1.0);
            if (arm < r.x) r = vec2(arm, 2.0);
        }
        // boxes and pipes on the walls
        vec2 c = vec2(floor(z / 1.5 + 0.5), floor(p.y / FLOOR_M));
        if (p.y > FLOOR_M && p.y < top - 1.0 && hash(c + k * 31.0 + s * 7.0) > 0.70) {
            float d = sdBox(vec3(x - WALL_M - back + 0.22, p.y - (c.y + 0.12) * FLOOR_M, z - c.x * 1.5), vec3(0.30, 0.26, 0.42));
            if (d < r.x) r = vec2(d, 2.0);
        }
        float pipe = length(vec2(x - WALL_M - back + 0.20, abs(z) - LOT_M * 0.5 + 0.75)) - 0.07;
        pipe = max(pipe, p.y - top);
        if (pipe < r.x) r = vec2(pipe, 2.0);
    }
    // cables across the street, sagging
    float kc = floor(p.z / 4.5), hc = hash(vec2(kc, 77.0)), sag = (p.x * p.x) * 0.020;
    float cable = length(vec2(p.y - 7.5 - 4.5 * hc - sag, p.z - (kc + 0.5) * 4.5 + 0.10 * p.x * (hc - 0.5))) - 0.022;
    if (hc > 0.25 && cable * 0.9 < r.x) r = vec2(cable * 0.9, 2.0);
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
vec3 screenAt() { return vec3(side() * 12.9, 13.4, 36.0); }
const vec2 SCREEN_M = vec2(4.9, 6.2);
// What the great screen shows: a striped sun over waves, and a column of letters. q in -1..1 across, metres up.
vec3 screenLight(vec2 q) {
    vec2 f = floor(q * 9.0) / 9.0;
    vec3 c = mix(vec3(0.55, 0.03, 0.42), vec3(0.05, 0.04, 0.36), sat(q.y / 8.0 * 0.5 + 0.5));
    vec2 u = (q - vec2(0.0, 1.2)) / 3.2;
    float r = length(u);
    float cut = step(0.0, sin((u.y + 0.05) * 30.0 - 2.0 * u.y * u.y) + 0.55 + u.y * 1.5);
    c = mix(c, mix(vec3(1.0, 0.10, 0.45), vec3(1.0, 0.75, 0.18), sat(u.y * 0.6 + 0.5)) * 1.7, smoothstep(1.0, 0.98, r) * cut);
    c += vec3(1.0, 0.2, 0.5) * exp(-abs(r - 1.0) * 7.0) * 0.35;
    for (int i = uZero; i < 4; i++) {
        float y = -2.4 - 0.9 * float(i) + 0.5 * sin(q.x * (1.1 + 0.2 * float(i)) + float(i) * 1.7 + rnd(3) * 6.0);
        c = mix(c, mix(vec3(0.02, 0.16, 0.5), vec3(0.02, 0.04, 0.22), float(i) / 3.0), step(q.y, y));
        c += vec3(0.1, 0.9, 1.0) * exp(-abs(q.y - y) * 9.0) * 1.1;
    }
    vec2 g = vec2((q.x + 4.1) / 0.9, (q.y + 0.6) / 1.05);
    if (g.x > 0.0 && g.x < 1.0 && g.y > 0.0 && g.y < 6.0) c += vec3(0.75, 1.0, 1.0) * smoothstep(0.10, 0.05, letter(fract(g), floor(g.y) + 300.0 + floor(rnd(4) * 90.0))) * 1.6;
    return c * (0.80 + 0.20 * sin(q.y * 42.0)) * (0.9 + 0.2 * hash(f + 5.0));
}
// Everything far: fog-lit sky, rows of towers, the screen, traffic in the air.
vec3 beyond(vec3 ro, vec3 rd) {
    float up = max(rd.y, 0.0), s = side();
    vec3 c = mix(vec3(0.24, 0.06, 0.27), vec3(0.018, 0.014, 0.070), sat(pow(up * 1.7, 0.6)));
    c += vec3(0.10, 0.30, 0.55) * exp(-length(vec2(rd.x + s * 0.06, up * 0.7)) * 5.0);
    vec2 k = rd.xz / (up + 0.20) * 1.2 + rnd(5) * 20.0;
    c += vec3(0.22, 0.06, 0.26) * smoothstep(0.42, 0.75, fbm(k + fbm(k * 1.7, 4), 5)) * exp(-up * 1.2) * 0.8;
    for (int i = uZero; i < 5; i++) {                      // rows of towers, far to near
        int row = 4 - i;
        float z = 85.0 + 52.0 * float(row), t = (z - ro.z) / rd.z;
        if (t < 0.0) continue;
        vec3 p = ro + rd * t;
        float pitch = 15.0 + 3.0 * float(row), cell = floor(p.x / pitch + 0.5 * float(row));
        vec3 h = hash3(vec2(cell, float(row) * 7.0 + 60.0));
        float x = (p.x / pitch + 0.5 * float(row) - cell - 0.5) * pitch, tall = mix(22.0, 92.0, h.x * h.x) + 14.0 * float(row);
        float wide = pitch * mix(0.28, 0.46, h.y), stepped = wide * (p.y > tall * 0.82 ? 0.55 : p.y > tall * 0.62 ? 0.8 : 1.0);
        bool mast = abs(x) < 0.28 && p.y < tall * 1.18;
        if ((abs(x) > stepped || p.y > tall) && !mast) continue;
        vec3 fog = mix(vec3(0.23, 0.06, 0.27), vec3(0.04, 0.03, 0.13), sat(up * 1.7)) + vec3(0.03, 0.12, 0.24) * exp(-length(vec2(rd.x, up)) * 5.0);
        vec2 w = vec2(x / 1.25, p.y / 1.9), f = fract(w);
        float lit = step(0.62, hash(floor(w) + cell * 19.0 + float(row) * 71.0)) * step(0.18, f.x) * step(f.x, 0.82) * step(0.25, f.y) * step(f.y, 0.75);
        vec3 glow = mix(vec3(1.0, 0.72, 0.40), vec3(0.35, 0.80, 1.0), step(0.55, hash(floor(w) + 3.0))) * (0.3 + hash(floor(w) + 11.0)) * 1.1;
        vec3 body = vec3(0.012, 0.012, 0.030) + (mast ? vec3(0.0) : glow * lit);
        float trim = min(abs(abs(x) - stepped), abs(p.y - tall));
        if (h.z > 0.45) body += neon(h.z * 3.0) * exp(-trim * 3.2) * 1.6;
        if (mast) body += vec3(1.4, 0.1, 0.1) * smoothstep(1.0, 0.0, abs(p.y - tall * 1.18));
        float hide = 1.0 - exp(-t * 0.0052);
        c = mix(body, fog, hide) ;
    }
    // traffic in the air: strings of lights along the street
    for (int i = uZero; i < 26; i++) {
        float lane = float(i % 3), z = rnd(200 + i, 28.0, 120.0), tt = (z - ro.z) / rd.z;
        if (tt < 0.0) continue;
        vec2 o = (ro + rd * tt).xy - vec2((lane - 1.0) * 4.2 + rnd(230 + i, -0.8, 0.8) - s * 1.2, 15.0 + 5.5 * lane + rnd(260 + i, -1.2, 1.2));
        vec3 col = lane == 1.0 ? vec3(1.0, 0.10, 0.08) : vec3(0.85, 0.95, 1.0);
        float d = length(vec2(abs(o.x) - 0.7, o.y));
        c += col * (1.6 * exp(-d * d * 22.0) + 0.05 * exp(-d * 1.1)) * exp(-z * 0.008);
        if (abs(o.x) < 1.2 && abs(o.y - 0.18) < 0.32 - 0.12 * abs(o.x)) c *= 0.35;
    }
    return c;
}
// The end wall that carries the great screen; q from the screen's middle, metres.
vec3 screenWall(vec2 q, vec3 lit) {
    float slab = sdBox(q, SCREEN_M + 0.5);
    vec2 w = q / vec2(1.2, 1.8), f = fract(w);
    float on = step(0.62, hash(floor(w) + 400.0)) * step(0.2, f.x) * step(0.3, f.y) * step(f.y, 0.8);
    vec3 c = vec3(0.016, 0.016, 0.028) * (min(lit, vec3(0.6)) + 0.3) + on * vec3(0.45, 0.70, 1.0) * (0.15 + 0.8 * hash(floor(w) + 9.0));
    if (slab < 0.0) c = vec3(0.012, 0.012, 0.024);
    if (sdBox(q, SCREEN_M) < 0.0) return screenLight(q) * 1.15;
    return c + vec3(1.0, 0.16, 0.55) * (0.26 * exp(-max(slab, 0.0) * 0.9) + 0.04 * exp(-max(slab, 0.0) * 0.25));
}
vec3 signFace(Sign n, vec2 q) {                            // q from its middle, metres
    vec2 e = n.half_size - abs(q);
    float rim = min(e.x, e.y);
    float wide = 2.0 * n.half_size.x - 0.16, count = max(floor(2.0 * n.half_size.y / wide), 1.0);
    vec2 g = vec2((q.x + 0.5 * wide) / wide, (q.y / (2.0 * n.half_size.y - 0.2) + 0.5) * count);
    vec3 c = n.color * 0.10;
    bool filled = fract(n.id * 0.37) > 0.62;
    if (filled) c = n.color * (0.75 + 0.15 * sin(q.y * 60.0));
    float d = g.x > 0.0 && g.x < 1.0 && g.y > 0.0 && g.y < count ? letter(vec2(g.x, fract(g.y)), n.id + floor(g.y)) : 1.0;
    vec3 ink = fract(n.id * 0.53) > 0.5 ? n.color : neon(n.id * 0.171);
    if (filled) c = mix(c, vec3(1.0) * 1.9, smoothstep(0.085, 0.05, d));
    else c += tube(d, 0.060, ink) * 1.25;
    return c + tube(abs(rim - 0.07), 0.028, filled ? vec3(0.9) : n.color) * 0.9;
}
// Light of all signs and shops near p, on a surface with normal n (or from everywhere when wrapped).
vec3 neonlight(vec3 p, vec3 n, float wrap) {
    vec3 sum = vec3(0.0);
    float k0 = floor(p.z / LOT_M);
    for (int i = uZero; i < 18; i++) {
        float k = k0 + float(i / 6) - 1.0, s = (i & 1) == 0 ? -1.0 : 1.0;
        Sign g = signOf(k, s, (i / 2) % 3);
        vec3 l = g.at - p;
        float d2 = dot(l, l), area = g.half_size.x * g.half_size.y;
        sum += g.color * area * 3.0 / (0.8 + d2) * mix(sat(dot(n, l) * inversesqrt(d2)), 1.0, wrap);
    }
    for (int i = uZero; i < 6; i++) {                      // shop windows
        float k = k0 + float(i / 2) - 1.0, s = (i & 1) == 0 ? -1.0 : 1.0;
        vec3 l = vec3(s * WALL_M, 1.7, (k + 0.5) * LOT_M) - p;
        float d2 = dot(l, l);
        vec3 warm = mix(vec3(1.0, 0.70, 0.40), neon(lotOf(k, s).z * 5.0), 0.55);
        sum += warm * 7.0 / (3.0 + d2) * mix(sat(dot(n, l) * inversesqrt(d2) + 0.1), 1.0, wrap);
    }
    vec3 l = screenAt() - vec3(0.0, 3.0, 8.0) - p;
    return sum + vec3(1.0, 0.16, 0.55) * 150.0 / (60.0 + dot(l, l)) * mix(sat(dot(n, normalize(l))), 1.0, wrap);
}
vec3 shadeWall(vec3 p, vec3 n, vec3 lit) {
    float s = p.x < 0.0 ? -1.0 : 1.0, k = floor(p.z / LOT_M), z = p.z - (k + 0.5) * LOT_M;
    vec3 h = lotOf(k, s);
    float grime = fbm(vec3(p.zy * vec2(0.9, 0.35), p.x * 0.9), 5);
    vec3 albedo = mix(vec3(0.10, 0.10, 0.13), vec3(0.20, 0.13, 0.12), step(0.5, h.z)) * (0.45 + 1.0 * grime);
    vec3 emit = vec3(0.0);
    float bright = 0.0;
    if (abs(n.x) > 0.7 && p.y > FLOOR_M) {
        vec2 c = vec2(floor(z / 1.5 + 0.5), floor(p.y / FLOOR_M)), f = vec2(fract(z / 1.5 + 0.5) - 0.5, fract(p.y / FLOOR_M) - 0.55);
        float pane = max(abs(f.x) * 1.5 - 0.50, abs(f.y) * FLOOR_M - 1.03), id = hash(c + k * 31.0 + s * 57.0);
        float bar = min(abs(f.x), abs(f.y + 0.10)) - 0.018;
        if (pane < 0.0) {
            albedo = vec3(0.02, 0.025, 0.04);
            float on = step(0.50, id);
            vec3 room = mix(vec3(1.0, 0.62, 0.28), id > 0.86 ? vec3(0.9, 0.2, 0.7) : id > 0.76 ? vec3(0.25, 0.8, 1.0) : vec3(1.0, 0.80, 0.55), 0.7);
            float blind = fract(id * 91.0) > 0.6 ? 0.45 + 0.55 * step(0.35, fract(f.y * 22.0)) : 1.0;
            float thing = smoothstep(0.02, -0.02, length(vec2(f.x - 0.3 * (fract(id * 37.0) - 0.5), (f.y + 0.30) * 1.6)) - 0.16 * fract(id * 53.0));
            emit = room * on * blind * (0.30 + 0.75 * smoothstep(-0.4, 0.3, f.y)) * (0.25 + 0.9 * fract(id * 17.0)) * (1.0 - 0.8 * thing);
            bright = 1.0;
            if (bar < 0.0) { emit *= 0.15; bright = 0.0; }
            emit += lit * 0.02;
        }
    } else if (abs(n.x) > 0.7) {                           // the shop below
        vec2 f = vec2(z / 3.9, (p.y - 1.6) / 1.35);
        float odd = mod(k + step(0.0, s), 2.0);              // neighbours and opposites differ
        vec3 warm = mix(vec3(1.0, 0.62, 0.30), neon(h.z * 5.0) + 0.10, 0.80 * odd);
        float post = smoothstep(0.04, 0.07, abs(fract(z / 1.9) - 0.5) * 1.9 - 0.0);
        if (max(abs(f.x), abs(f.y)) < 1.0) {
            float kind = odd < 0.5 ? 0.45 * step(h.x, 0.7) : 0.6 + 0.3 * step(0.75, h.x);                 // goods on shelves, a deep room, or a shutter
            vec2 g = vec2(z * 2.9, p.y * 2.7);
            vec3 goods = neon(hash(floor(g) + k * 13.0 + s * 40.0)) * 0.8 + 0.15;
            float box = step(0.12, fract(g.y)) * step(0.10, fract(g.x)) * step(fract(g.y), 0.35 + 0.6 * hash(floor(g) + 31.0));
            float lamp = exp(-length(vec2(fract(z / 1.3 + 0.5) - 0.5, (p.y - 2.45) * 1.4)) * 7.0);
            emit = warm * (0.10 + 0.42 * smoothstep(-1.2, 1.0, f.y)) * (kind < 0.5 ? mix(0.8, 0.25, box) : 0.55 + 0.25 * noise(vec2(z * 1.4, p.y * 1.1) + k)) + warm * lamp * 1.1;
            if (kind < 0.5) emit += goods * box * 0.50 * (0.6 + 0.4 * f.y);
            else { float who = min(length(vec2(fract(z * 0.45 + h.z) - 0.5, (p.y - 1.55) * 0.45)) - 0.05, sdBox(vec2(fract(z * 0.45 + h.z) - 0.5, (p.y - 0.9) * 0.45), vec2(0.085, 0.19))); emit *= 0.25 + 0.75 * smoothstep(-0.01, 0.02, who); }
            if (kind > 0.80) { emit = vec3(0.0); albedo = vec3(0.10, 0.10, 0.12) * (0.4 + 0.6 * smoothstep(0.1, 0.5, abs(fract(p.y * 6.0) - 0.5))); float d = letter(vec2(fract(z * 0.5), p.y * 0.5 - 0.25), floor(z * 0.5) + k * 7.0); albedo = mix(albedo, neon(h.y * 9.0) * 0.5, smoothstep(0.09, 0.06, d) * step(0.5, p.y) * step(p.y, 2.5)); }
            emit *= post;
        } else albedo *= 0.4;
        float sign = abs(p.y - 3.06);
        emit += tube(max(sign - 0.01, abs(z) - 3.7), 0.030, neon(h.z * 5.0)) * 0.8;
    }
    vec3 c = albedo * (lit * 0.85 + vec3(0.10, 0.07, 0.20) * (0.6 + 0.4 * n.y));
    // long tubes climbing some of the towers
    if (h.y > 0.55 && p.y > 4.0) { float d = abs(abs(z) - LOT_M * 0.5 + 0.30); emit += tube(d, 0.05, neon(h.x * 3.0)) * step(abs(n.x), 2.0) * 0.75; }
    return c + emit * (0.9 + 0.3 * bright);
}
float puddles(vec2 p) { return smoothstep(0.47, 0.56, fbm(p * vec2(0.42, 0.30) + rnd(6) * 30.0, 5) + 0.05 * smoothstep(STREET_M - 1.2, STREET_M, abs(p.x))); }
vec3 world(vec2 view, out float depth_m) {
    vec3 ro = vec3(side() * -0.3, EYE_M, 0.4), rd = normalize(vec3(view, 0.92));
    vec3 sum = vec3(0.0), weight = vec3(1.0);
    float travelled = 0.0;
    depth_m = 1e4;
    for (int bounce = uZero; bounce < 2; bounce++) {
        float t = 0.05;
        vec2 hit = vec2(0.0);
        bool found = false;
        for (int i = uZero; i < 190; i++) {
            vec3 p = ro + rd * t;
            if (p.z > 63.0 || p.z < -9.0 || p.y > 48.0) break;
            hit = scene(p);
            if (hit.x < 0.0006 * (t + travelled) + 0.0006) { found = true; break; }
            float way = hit.x, near = (floor(p.z / 4.5) + (rd.z > 0.0 ? 1.0 : 0.0)) * 4.5 - p.z;
            way = min(way, near / (abs(rd.z) < 1e-4 ? 1e-4 : rd.z) + 0.003);
            if (abs(p.x) > 0.3) way = min(way, rd.x * p.x < 0.0 ? abs(p.x / rd.x) + 0.003 : 1e3);
            t += max(way, 0.002);
        }
        vec3 p = ro + rd * t, c, n = vec3(0.0, 1.0, 0.0);
        float far = t + travelled, mirror = 0.0;
        if (bounce == 0 && found) depth_m = t;
        float reach = found ? t : 63.0;
        bool street = found && hit.y > 2.5 && hit.y < 3.5;
        if (found && !street) n = normalAt(p, 0.002 + 0.0005 * far);
        vec3 lit = found ? neonlight(p, n, 0.05) : vec3(0.0);
        if (!found) c = beyond(ro, rd);
        else if (street) {
            float walk = step(STREET_M, abs(p.x)), pool = puddles(p.xz);
            vec3 albedo = vec3(0.030, 0.030, 0.036) * (0.5 + 1.0 * hash(floor(p.xz * 70.0 / (1.0 + floor(far * 0.3))))) * (0.6 + 0.8 * fbm(p.xz * 1.5, 4));
            if (walk > 0.5) {
                vec2 f = abs(fract(p.xz * vec2(1.25, 0.85)) - 0.5);
                albedo = vec3(0.060, 0.060, 0.068) * (0.6 + 0.6 * hash(floor(p.xz * vec2(1.25, 0.85)))) * smoothstep(0.495, 0.475, max(f.x, f.y));
            }
            float paint = smoothstep(0.075, 0.055, abs(abs(p.x) - 0.16)) + smoothstep(0.07, 0.05, abs(abs(p.x) - STREET_M + 0.35));
            float cross_z = mod(p.z - 6.2, 27.0);
            paint = max(paint, step(cross_z, 2.6) * step(0.5, fract(p.x * 0.95 + 0.25)) * step(abs(p.x), STREET_M - 0.4));
            albedo = mix(albedo, vec3(0.34, 0.33, 0.30) * (0.5 + 0.7 * fbm(p.xz * 5.0, 4)), sat(paint) * 0.75 * smoothstep(0.25, 0.45, fbm(p.xz * 2.6, 5)) * (1.0 - walk));
            c = albedo * (lit * 0.9 + vec3(0.08, 0.06, 0.16)) * (1.0 - 0.55 * pool);
            mirror = mix(0.30, 0.80, pool) * (0.14 + 0.86 * pow(1.0 - sat(-rd.y), 3.0));
            float soft = mix(0.075, 0.008, pool);
            vec2 w = p.xz * vec2(2.6, 1.3);
            vec2 tilt = (vec2(noise(w), noise(w + 31.0)) - 0.5) * mix(0.055, 0.010, pool);
            vec2 grit = (hash2(gl_FragCoord.xy + 31.0 + floor(uJitter * 977.0) * 31.0) - 0.5) * soft;
            // rings of raindrops in the puddles
            vec3 drop = hash3(floor(p.xz * 2.2) + 300.0);
            vec2 o = fract(p.xz * 2.2) - 0.3 - 0.4 * drop.xy;
            float ring = length(o), wave = sin(ring * 46.0 - drop.z * 9.0) * exp(-abs(ring - 0.30 * drop.z) * 14.0);
            tilt += normalize(o + 1e-4) * wave * 0.055 * pool * exp(-far * 0.08);
            n = normalize(vec3(tilt.x + grit.x * 0.35, 1.0, tilt.y + grit.y * 1.6));
        } else if (hit.y > 0.5 && hit.y < 1.5) {
            float k = floor(p.z / LOT_M), s = p.x < 0.0 ? -1.0 : 1.0, best = 1e3;
            Sign mine = signOf(k, s, 0);
            for (int j = uZero; j < 3; j++) { Sign g = signOf(k, s, j); float d = sdBox(p - g.at, vec3(g.half_size, 0.10)); if (d < best) { best = d; mine = g; } }
            vec2 q = p.xy - mine.at.xy;
            c = abs(n.z) > 0.7 ? signFace(mine, q) : vec3(0.03) + mine.color * 0.25;
        } else {
            if (hit.y < 0.5 && n.z < -0.7 && p.z > 35.5 && p.x * side() > 0.0 && p.z < 36.5) c = screenWall(p.xy - screenAt().xy, lit);
            else if (hit.y < 0.5) c = shadeWall(p, n, lit);
            else {
                vec3 albedo = hit.y > 3.5 ? mix(neon(lotOf(floor(p.z / LOT_M), sign(p.x)).y * 3.0) * 0.30, vec3(0.20), step(0.5, fract(p.z * 1.1))) : vec3(0.07);
                c = albedo * (lit + vec3(0.08, 0.06, 0.16));
                if (hit.y > 3.5 && n.y < -0.3) c += albedo * vec3(1.0, 0.7, 0.45) * 1.2;
            }
        }
        // fog lit by what glows in it
        vec3 air = vec3(0.0);
        for (int i = uZero; i < 42; i++) {
            float k = float(i / 6), s = (i & 1) == 0 ? -1.0 : 1.0;
            Sign g = signOf(k, s, (i / 2) % 3);
            float along = dot(g.at - ro, rd), h = max(length(ro + rd * along - g.at), 0.45);
            air += g.color * g.half_size.x * g.half_size.y * (atan((reach - along) / h) + atan(along / h)) / h * 0.0062;
        }
        float hide = found ? 1.0 - exp(-pow(t * 0.0115, 1.3)) : 0.0;
        vec3 fog = mix(vec3(0.15, 0.045, 0.19), vec3(0.035, 0.030, 0.11), sat(rd.y * 1.8)) + vec3(0.008, 0.045, 0.085);
        c = mix(c, fog, hide) + air;
        sum += weight * c;
        if (mirror < 0.01) break;
        weight *= mirror;
        travelled = far;
        rd = normalize(reflect(rd, n));
        rd.y = max(rd.y, 0.01);
        ro = p + vec3(0.0, 0.012, 0.0);
    }
    // steam from the gratings
    for (int i = uZero; i < 3; i++) {
        vec2 at = vec2(i == 0 ? -side() * 0.36 : i == 1 ? side() * 0.30 : -side() * 0.22, i == 2 ? -0.06 : -0.17);
        vec2 q = view - at;
        float y = max(q.y, 0.0), puff = fbm(vec2(q.x * 9.0 + 2.0 * fbm(vec2(q.x, y) * 7.0, 4), y * 7.0 - 3.0) + float(i) * 9.0 + rnd(8) * 20.0, 6);
        float a = smoothstep(0.42, 0.85, puff + 0.25) * exp(-pow((q.x + 0.25 * y) / (0.03 + 0.32 * y), 2.0)) * smoothstep(-0.01, 0.05, q.y) * exp(-y * 6.5);
        sum = mix(sum, vec3(0.40, 0.22, 0.48) + vec3(0.0, 0.10, 0.10) * float(i), a * 0.55 * smoothstep(i == 2 ? 12.0 : 5.0, i == 2 ? 16.0 : 8.0, depth_m));
    }
    // rain
    float rain = 0.0;
    for (int layer = uZero; layer < 3; layer++) {
        float per = 26.0 + 22.0 * float(layer);
        vec2 q = vec2(view.x + 0.06 * view.y, view.y) * vec2(per * 2.4, per * 0.16) + float(layer) * 7.7;
        q.y += hash(vec2(floor(q.x), float(layer))) * 9.0;
        vec3 h = hash3(floor(q) + 60.0 * float(layer));
        vec2 f = fract(q);
        rain += step(0.80, h.z) * smoothstep(0.10, 0.0, abs(f.x - 0.2 - 0.6 * h.x)) * smoothstep(0.0, 0.3, f.y) * smoothstep(0.55 + 0.4 * h.y, 0.3, f.y) * (0.5 - 0.1 * float(layer));
    }
    return sum + rain * (vec3(0.30, 0.34, 0.50) + 0.6 * sum) * 0.28;
}
