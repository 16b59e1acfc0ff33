// A calm lake among mountains at night: the milky way, a thin moon, falling stars; a jetty with lanterns, a lit cabin far off.
const vec3 MOON_COLOR = vec3(0.50, 0.68, 1.0) * 0.85;
const vec3 LAMP_COLOR = vec3(1.0, 0.56, 0.20);
const float EYE_M = 1.7, TREE_ROWS = 5.0;

float side() { return rnd(1) < 0.5 ? -1.0 : 1.0; }        // the jetty's side; the milky way leans over it
vec3 moonAt() { return normalize(vec3(-side() * rnd(2, 0.40, 0.50), rnd(3, 0.42, 0.47), 1.0)); }
vec3 moonLight() { return normalize(vec3(-side() * 0.55, 0.75, -0.10)); }

// Stars of one size class: cells over the sky, one star in some. rgb.
vec3 stars(vec2 q, float per_unit, float share, float radius_px, float salt) {
    vec2 p = q * per_unit, cell = floor(p);
    vec3 h = hash3(cell + salt * 31.0);
    if (hash(cell + salt * 17.0 + 3.0) > share) return vec3(0.0);
    float pixel = per_unit / uResolution.y;
    float r = max(radius_px * uResolution.y / 960.0, 0.75) * pixel;
    vec2 at = cell + 0.5 + (h.xy - 0.5) * max(0.9 - 2.0 * r, 0.0);
    float d = length(p - at) / r;
    vec3 tint = h.z < 0.25 ? vec3(1.0, 0.76, 0.55) : h.z < 0.5 ? vec3(1.0, 0.95, 0.88) : vec3(0.68, 0.82, 1.0);
    float bright = 0.20 + 1.6 * pow(h.y, 3.0);
    return tint * bright * exp(-d * d * 1.4);
}
vec3 sky(vec3 rd, bool rich) {
    float up = max(rd.y, 0.0);
    vec3 c = mix(vec3(0.006, 0.016, 0.060), vec3(0.030, 0.085, 0.200), exp(-up * 3.2));
    c += vec3(0.05, 0.15, 0.19) * exp(-up * 9.0) + vec3(0.20, 0.10, 0.10) * exp(-up * 18.0);
    vec2 q = rd.xy / max(rd.z, 0.2);
    // the milky way: a band across the sky, its core near the horizon, dark lanes down its middle
    float s = side();
    vec2 axis = normalize(vec2(s * rnd(4, -0.75, -0.50), 1.0));
    vec2 b = vec2(dot(q - vec2(s * rnd(5, 0.50, 0.60), 0.0), vec2(axis.y, -axis.x)), dot(q, axis));
    vec2 w = b * vec2(4.4, 2.4) + rnd(6) * 30.0;
    vec2 warp = vec2(fbm(w * 1.3, 5), fbm(w * 1.3 + 23.0, 5)) - 0.48;
    float across = b.x + 0.13 * warp.x, wide = mix(0.105, 0.075, sat(b.y));
    float band = exp(-pow(across / wide, 2.0));
    float cloud = fbm(w * 2.2 + 1.6 * warp, 7);
    float lane = fbm(vec2(across * 21.0, b.y * 8.0) + 1.6 * warp + 9.0, 7);
    float dark = smoothstep(0.47, 0.64, lane) * exp(-pow((across - 0.012) / (wide * 0.55), 2.0));
    float core = exp(-pow((b.y - 0.22) / 0.45, 2.0));
    vec3 glow = mix(vec3(0.20, 0.30, 0.58), vec3(0.80, 0.55, 0.52), sat(core * 0.9 + 0.15 * warp.y));
    glow = mix(glow, vec3(1.0, 0.80, 0.62), core * exp(-pow(across / (wide * 0.4), 2.0)) * 0.7);
    float milk = band * pow(cloud * 1.75, 2.2) * (0.35 + 0.95 * core);
    c += glow * milk * (1.0 - 0.88 * dark) * 0.50;
    c += vec3(0.75, 0.16, 0.34) * band * core * smoothstep(0.62, 0.80, fbm(w * 4.0 + 5.0, 4)) * 0.25;
    c *= 1.0 - 0.45 * dark * band;
    float dim = smoothstep(0.0, 0.12, rd.y);
    float more = band * (1.0 - dark);
    vec3 star = stars(q, 30.0, 0.14, 1.5, 1.0) * 1.3 + stars(q, 62.0, 0.22, 1.0, 2.0) * 0.75 + stars(q, 110.0, 0.20 + 0.5 * more, 0.75, 3.0) * (0.40 + 0.5 * more);
    vec3 big = stars(q, 7.0, 0.22, 2.6, 4.0);
    c += (star + big * 2.4) * dim;
    if (rich) {
        vec3 m = moonAt();
        vec2 d = (rd.xy / rd.z - m.xy / m.z) / 0.040;
        float disc = length(d), pixel = 1.0 / (uResolution.y * 0.040);
        float lit = length(d - vec2(s * 0.42, 0.20)) - 0.86;
        float face = smoothstep(pixel, -pixel, disc - 1.0) * smoothstep(-0.12, 0.14, lit);
        c = mix(c, vec3(0.03, 0.05, 0.10), smoothstep(pixel, -pixel, disc - 1.0));
        c += vec3(1.0, 0.96, 0.86) * face * (1.5 + 1.2 * fbm(d * 3.0, 4));
        c += vec3(0.40, 0.55, 0.90) * (0.34 * exp(-disc * 0.55) + 0.13 * exp(-disc * 0.16));
        for (int i = uZero; i < 2; i++) {                  // falling stars
            vec2 head = vec2(rnd(20 + i, -0.52, 0.52), rnd(30 + i, 0.30, 0.50));
            vec2 way = normalize(vec2(-s * rnd(40 + i, 0.7, 1.0), -0.52));
            float length_u = rnd(50 + i, 0.07, 0.17);
            vec2 k = q - head;
            float along = -dot(k, way), off = abs(dot(k, vec2(-way.y, way.x)));
            float fade = sat(1.0 - along / length_u) * step(0.0, along);
            c += vec3(0.8, 0.92, 1.0) * fade * fade * exp(-pow(off * uResolution.y / (1.1 * uResolution.y / 960.0 + 0.5), 2.0)) * 2.2;
        }
    }
    return c;
}
float land(vec2 p, int octaves) {
    float valley = smoothstep(0.02, 0.55, abs(p.x / max(p.y, 1.0) - 0.05 * side()));
    float rise = smoothstep(95.0, 240.0, p.y);
    float h = -1.0 + rise * (7.0 + (0.22 + 0.78 * valley) * 118.0 * (ridged(p * 0.0066 + rnd(7) * 30.0, octaves) - 0.05));
    float peak = length((p - vec2(-side() * rnd(8, 45.0, 85.0), 370.0)) * vec2(1.0, 0.7));
    h += 88.0 * pow(sat(1.0 - peak / 150.0), 1.4) * (0.6 + 0.7 * ridged(p * 0.012 + 3.0, octaves));
    return h;
}
// One fir seen from the side, foot at the origin, 1 tall: inside > 0, larger toward the trunk.
float fir(vec2 q, float salt) {
    if (q.y < 0.0 || q.y > 1.0) return -1.0;
    if (abs(q.x) < 0.011 * (1.05 - q.y)) return 1.0;
    float tiers = 9.0 + 4.0 * hash(vec2(salt, 3.0)), u = pow(q.y, 0.85) * tiers;
    float edge = -1.0;
    for (int i = 0; i < 2; i++) {                          // each tier hangs down over the one below
        float k = floor(u) + float(i), low = k / tiers;
        float reach = max(0.235 - 0.22 * low, 0.012) * (0.72 + 0.50 * hash(vec2(k + sign(q.x) * 31.0, salt)));
        float droop = (k + 0.85 - u) / 1.85;               // 0 at the tier's top, 1 at the tips
        float twig = 0.62 + 0.38 * noise(vec2(abs(q.x) * 95.0 + k * 7.0, salt + sign(q.x) * 5.0));
        float inside = reach * sqrt(sat(droop)) * twig * step(0.0, droop) - abs(q.x);
        edge = max(edge, inside / reach);
    }
    return q.y > 0.035 ? edge : -1.0;
}
// A row of firs: how deep inside the nearest tree's outline the point lies; q metres, over the row's own ground.
float firs(vec2 q, float row, float pitch, float tall_m, float grow) {
    float best = -1.0;
    for (int i = -2; i <= 2; i++) {
        float cell = floor(q.x / pitch) + float(i);
        vec3 k = hash3(vec2(cell, row * 13.0 + 5.0));
        float tall = tall_m * (0.45 + 0.75 * k.x * k.y + 0.15 * k.z) * grow, at = (cell + 0.5 + 0.7 * (k.y - 0.5)) * pitch;
        best = max(best, fir(vec2(q.x - at, q.y) / tall, cell + row * 50.0));
    }
    return best;
}
// Rows of trees on the shores: planes of silhouettes between near and far. Distance of the hit or 1e9; shade in `look`.
float forest(vec3 ro, vec3 rd, out vec2 look) {
    look = vec2(0.0);
    for (float row = 0.0; row < TREE_ROWS; row += 1.0) {
        float z = row < 1.0 ? 13.0 : row < 2.0 ? 30.0 : row < 3.0 ? 74.0 : row < 4.0 ? 96.0 : 118.0;
        float t = (z - ro.z) / rd.z;
        if (t < 0.05) continue;
        vec3 p = ro + rd * t;
        float s = side();
        // which stretch of shore the row grows on
        float shore = row < 1.0 ? max(-s * p.x - 5.6, s * p.x - 8.2) : row < 2.0 ? max(-s * p.x - 11.0, s * p.x - 15.5) : 3.0 + 3.0 * noise(vec2(p.x * 0.07, row * 7.0));
        if (shore < 0.0) continue;
        float bank = row < 2.0 ? 0.35 * sat(shore * 0.5) + 0.25 * noise(vec2(p.x * 0.6, row)) : 0.8 + 1.8 * noise(vec2(p.x * 0.05, row * 3.0 + 2.0)) * (row - 1.5);
        if (row < 2.0) {                                   // reeds and grass along the water
            float k = p.x * 11.0 + 3.0 * noise(vec2(p.x * 2.0, row));
            bank += (0.10 + 0.55 * hash(vec2(floor(k), row))) * pow(1.0 - abs(2.0 * fract(k) - 1.0), 0.7) * smoothstep(2.2, 0.2, shore);
        }
        float tall = row < 1.0 ? 7.8 : row < 2.0 ? 10.0 : 8.5;
        float grow = row < 2.0 ? smoothstep(0.3, 2.6, shore) : 1.0;
        float inside = p.y < bank ? 0.5 : firs(vec2(p.x + row * 9.0, p.y - bank), row, row < 1.0 ? 1.35 : row < 2.0 ? 1.9 : 2.1, tall, 0.25 + 0.75 * grow);
        if (inside > 0.0 && p.y > -0.05) { look = vec2(row, sat((p.y - bank) / tall + 0.5 - inside)); return t; }
    }
    return 1e9;
}
vec3 lampAt(int i) { return vec3(side() * (2.35 + 0.28 * float(i & 1) + (i & 1) * 1.35), 1.62, 5.2 + 4.4 * float(i / 2)); }
// The jetty: planks on posts, a lantern on every second pair. y material: 0 wood, 1 lantern glass, 2 iron, 3 boat
vec2 jetty(vec3 p) {
    float s = side();
    vec3 q = p;
    q.x = s * p.x - 3.16;
    float bound = max(abs(q.x) - 1.6, max(p.z - 19.0, p.y - 2.3));
    vec3 boat = p - vec3(s * 5.7, 0.05, 12.5);
    boat.xz *= rot(0.5 * s);
    float far = length(boat) - 2.6;
    if (min(bound, far) > 0.8) return vec2(min(bound, far), 0.0);
    float k = floor(q.z / 0.26), j = hash(vec2(k, 3.0));
    vec3 plank = vec3(q.x - (j - 0.5) * 0.07, q.y - 0.40 - (hash(vec2(k, 9.0)) - 0.5) * 0.025, (q.z / 0.26 - k - 0.5) * 0.26);
    float d = sdBox(plank, vec3(0.74, 0.028, 0.118)) - 0.006;
    d = max(d, q.z - 18.4);
    d = min(d, max(sdBox(vec2(abs(q.x) - 0.55, q.y - 0.28), vec2(0.06, 0.09)), q.z - 18.3));
    float z = mod(q.z - 0.8, 2.2) - 1.1;
    float post = max(length(vec2(abs(q.x) - 0.80, z)) - 0.075, max(abs(q.y) - 0.95, q.z - 18.6));
    d = min(d, post);
    vec2 r = vec2(d, 0.0);
    for (int i = uZero; i < 6; i++) {
        vec3 l = p - lampAt(i);
        float pole = max(length(l.xz) - 0.028, max(l.y - 0.12, -1.7 - l.y));
        float cap = max(sdBox(l - vec3(0.0, 0.15, 0.0), vec3(0.11, 0.03, 0.11)), l.y - 0.26 + 1.1 * max(abs(l.x), abs(l.z)));
        float frame = max(sdBox(l, vec3(0.085, 0.115, 0.085)), -min(max(abs(l.x), abs(l.y) - 0.03) - 0.062, max(abs(l.z), abs(l.y) - 0.03) - 0.062));
        float metal = min(pole, min(cap, frame));
        if (metal < r.x) r = vec2(metal, 2.0);
        float glass = sdBox(l, vec3(0.066, 0.092, 0.066));
        if (glass < r.x) r = vec2(glass, 1.0);
    }
    float u = boat.z / 1.9, hull = 0.56 * sqrt(max(1.0 - u * u, 0.0));
    float skin = length(vec2(boat.x, max(0.42 - boat.y, 0.0) * 0.9)) - hull;
    float shell = max(max(abs(skin) - 0.035, abs(boat.z) - 1.88), boat.y - 0.36 - 0.16 * u * u);
    shell = min(shell, sdBox(vec3(boat.x, boat.y - 0.22, abs(boat.z) - 0.6), vec3(hull * 0.8, 0.03, 0.13)));
    if (shell * 0.6 < r.x) r = vec2(shell * 0.6, 3.0);
    return r * vec2(0.9, 1.0);
}
vec3 jettyNormal(vec3 p) {
    vec3 n = vec3(0.0);
    for (int i = uZero; i < 4; i++) {
        vec3 k = 0.5773 * (2.0 * vec3(float(((i + 3) >> 1) & 1), float((i >> 1) & 1), float(i & 1)) - 1.0);
        n += k * jetty(p + k * 0.003).x;
    }
    return normalize(n);
}
vec3 lamplight(vec3 p, vec3 n) {
    vec3 sum = vec3(0.0);
    for (int i = uZero; i < 6; i++) {
        vec3 l = lampAt(i) - p;
        float d2 = dot(l, l);
        sum += LAMP_COLOR * 1.5 / (0.15 + d2) * sat(dot(n, l) * inversesqrt(d2) * 0.85 + 0.15);
    }
    return sum;
}
vec3 haze(vec3 c, vec3 rd, float t) {
    return mix(c, vec3(0.050, 0.105, 0.20) + vec3(0.05, 0.04, 0.03) * exp(-max(rd.y, 0.0) * 20.0), (1.0 - exp(-pow(t * 0.0033, 1.2))) * 0.86);
}
float cabin(vec2 q, out float pane) {                      // a cabin's outline and windows; q metres from its foot
    float wall = sdBox(q - vec2(0.0, 1.2), vec2(2.4, 1.3));
    float roof = max(q.y - 4.3 + 0.78 * abs(q.x), 2.2 - q.y);
    float stack = sdBox(q - vec2(1.3, 3.9), vec2(0.26, 0.9));
    pane = max(abs(abs(q.x) - 1.05) - 0.55, abs(q.y - 1.35) - 0.5);
    pane = max(pane, 0.06 - min(abs(abs(q.x) - 1.05), abs(q.y - 1.35)));
    return min(min(wall, roof), stack);
}
vec3 world(vec2 view, out float depth_m) {
    vec3 ro = vec3(0.0, EYE_M, 0.0), rd = normalize(vec3(view, 1.0));
    vec3 sum = vec3(0.0), weight = vec3(1.0);
    float travelled = 0.0, pixel = 1.0 / uResolution.y;
    depth_m = 1e4;
    for (int bounce = uZero; bounce < 2; bounce++) {
        float lake = rd.y < -1e-4 ? -ro.y / rd.y : 1e9;
        vec2 look;
        float trees = forest(ro, rd, look);
        float limit = min(min(lake, trees), 700.0), t = 0.05;
        int what = 0;                                      // 0 sky, 1 jetty, 2 mountain, 3 lake, 4 trees
        vec2 hit = vec2(0.0);
        for (int i = uZero; i < 90; i++) {
            hit = jetty(ro + rd * t);
            if (hit.x < 0.0007 * (t + travelled) + 0.0006) { what = 1; break; }
            t += hit.x;
            if (t > min(limit, 24.0)) break;
        }
        if (what == 0 && limit > 90.0) {
            t = max((92.0 - ro.z) / rd.z, 0.1);
            for (int i = uZero; i < 240; i++) {
                vec3 p = ro + rd * t;
                float d = (p.y - land(p.xz, 7)) * 0.36;
                if (d < 0.0012 * t) { what = 2; break; }
                t += d;
                if (t > limit || p.y > 230.0) break;
            }
        }
        if (what == 0 && trees < 1e8 && trees <= lake) { what = 4; t = trees; }
        if (what == 0 && lake < 1e8) { what = 3; t = lake; }
        if (bounce == 0 && what != 0) depth_m = t;
        float far = t + travelled;
        vec3 p = ro + rd * t, c = vec3(0.0), m = moonLight();
        // lanterns' glow in the air
        vec3 air = vec3(0.0);
        for (int i = uZero; i < 6; i++) {
            float along = dot(lampAt(i) - ro, rd);
            if (along < 0.0 || along > t + 0.3) continue;
            float off = length(ro + rd * along - lampAt(i));
            air += LAMP_COLOR * (0.010 / (off * off + 0.02) + 0.020 / (off + 0.12)) * 0.55;
        }
        // the cabin stands before the second row of far trees
        float tc = (88.0 - ro.z) / rd.z, pane;
        vec3 house = ro + rd * tc;
        vec2 q = vec2(house.x + side() * rnd(9, 29.0, 34.0), house.y - 0.9) / 1.35;
        float wall = tc < min(t, lake) + 8.0 && tc > 0.0 && lake > tc ? cabin(q, pane) : 1.0;
        if (wall < 0.0 && trees > 80.0 && what != 1) {
            c = vec3(0.014, 0.016, 0.026) + vec3(0.05, 0.07, 0.11) * smoothstep(0.0, 0.4, q.y - 2.2);
            c = mix(c, vec3(1.5, 0.80, 0.28) * 1.5, smoothstep(0.06, -0.06, pane));
            sum += weight * (c + air); break;
        }
        if (tc > 0.0 && lake > tc && trees > 80.0) air += LAMP_COLOR * 0.12 * exp(-length(q - vec2(0.0, 1.4)) * 0.42);
        if (what == 0) { sum += weight * (sky(rd, true) + air); break; }
        if (what == 1) {
            vec3 n = jettyNormal(p);
            vec3 albedo = vec3(0.17, 0.125, 0.095) * (0.55 + 0.8 * fbm(p.zxy * vec3(9.0, 1.5, 9.0), 4));
            if (hit.y < 0.5 && n.y > 0.8) albedo *= 0.7 + 0.6 * hash(vec2(floor(p.z / 0.26), 5.0));
            if (hit.y > 2.5) albedo = mix(vec3(0.20, 0.05, 0.04), vec3(0.16, 0.13, 0.10), step(0.33, p.y)) * (0.6 + 0.6 * noise(p * 6.0));
            if (hit.y > 1.5 && hit.y < 2.5) albedo = vec3(0.03);
            c = albedo * (MOON_COLOR * sat(dot(n, m)) * 0.9 + vec3(0.05, 0.09, 0.18) * (0.5 + 0.5 * n.y) + lamplight(p, n) * 2.2);
            c += MOON_COLOR * 0.06 * pow(1.0 - sat(dot(n, -rd)), 4.0);
            if (hit.y > 0.5 && hit.y < 1.5) c = LAMP_COLOR * 5.5;
            sum += weight * (haze(c, rd, far) + air); break;
        }
        if (what == 4) {
            float near = look.x < 1.5 ? 1.0 : 0.0;
            float needle = fbm(vec2(p.x * 3.0, p.y * 6.0) + look.x * 7.0, 4);
            c = vec3(0.006, 0.012, 0.018) + vec3(0.020, 0.042, 0.062) * needle * (0.5 + 1.2 * sat(look.y));
            c += MOON_COLOR * 0.07 * smoothstep(0.50, 0.75, needle) * sat(look.y);
            c += lamplight(p, vec3(0.0, 0.3, -0.95)) * near * vec3(0.10, 0.12, 0.05) * needle;
            sum += weight * (haze(c, rd, far * (look.x < 1.5 ? 0.8 : 1.0 + 0.35 * (look.x - 2.0))) + air); break;
        }
        if (what == 2) {
            float e = 0.35 + 0.0022 * t;
            vec2 g = p.xz;
            vec3 n = normalize(vec3(land(g - vec2(e, 0.0), 9) - land(g + vec2(e, 0.0), 9), 2.0 * e, land(g - vec2(0.0, e), 9) - land(g + vec2(0.0, e), 9)));
            float snow = smoothstep(0.50, 0.72, n.y + 0.30 * (fbm(g * 0.06, 5) - 0.5)) * smoothstep(18.0, 62.0, p.y + 30.0 * (fbm(g * 0.02 + 4.0, 4) - 0.5));
            vec3 albedo = mix(vec3(0.055, 0.065, 0.085), vec3(0.80, 0.86, 0.95), snow);
            c = albedo * (MOON_COLOR * 1.05 * sat(dot(n, m)) + vec3(0.045, 0.080, 0.17) * (0.6 + 0.4 * n.y));
            sum += weight * (haze(c, rd, far) + air); break;
        }
        // the lake
        float fr = fresnel(-rd.y, 0.03);
        vec2 w = p.xz;
        float calm = smoothstep(0.35, 0.75, fbm(w * vec2(0.03, 0.10) + rnd(10) * 9.0, 4));
        vec2 tilt = (vec2(noise(w * vec2(0.8, 2.2)), noise(w * vec2(0.8, 2.2) + 40.0)) - 0.5) * 0.020
                  + (vec2(noise(w * vec2(3.0, 7.0)), noise(w * vec2(3.0, 7.0) + 11.0)) - 0.5) * 0.012;
        tilt *= (0.25 + 1.3 * calm) / (1.0 + 0.012 * far);
        vec3 deep = vec3(0.004, 0.018, 0.040) + lamplight(p, vec3(0.0, 1.0, 0.0)) * vec3(0.008, 0.012, 0.010);
        float stones = exp(-far * 0.22) * smoothstep(0.35, 0.7, cells(w * 1.6 + rd.xz * 0.4).y + 0.25);
        deep += vec3(0.020, 0.040, 0.050) * stones;
        sum += weight * (deep + air);
        weight *= mix(0.30, 0.92, fr) * vec3(0.86, 0.94, 1.0);
        rd = normalize(reflect(rd, normalize(vec3(tilt.x, 1.0, tilt.y))));
        rd.y = max(rd.y, 0.002);
        ro = p + vec3(0.0, 0.01, 0.0);
        travelled = far;
    }
    // mist on the water under the far shore; fireflies over the near one
    float mist = exp(-abs(view.y - 0.002) * 34.0) * (0.25 + 0.9 * fbm(vec2(view.x * 4.0, view.y * 30.0) + rnd(11) * 9.0, 5));
    sum = mix(sum, vec3(0.13, 0.22, 0.34), sat(mist * 0.5) * smoothstep(25.0, 75.0, depth_m));
    for (int i = uZero; i < 34; i++) {
        vec2 at = vec2((i & 1) == 0 ? rnd(200 + i, 0.26, 0.66) : rnd(200 + i, -0.66, -0.26), rnd(300 + i, -0.20, 0.10));
        float r = rnd(400 + i, 1.2, 2.6) * pixel * uResolution.y / 960.0, d = length(view - at) / r;
        sum += vec3(0.95, 1.0, 0.35) * (exp(-d * d) * 1.2 + 0.05 * exp(-d * 0.35)) * rnd(500 + i, 0.3, 1.0);
    }
    return sum;
}
