// Under an erupting volcano at night: a lava river winds from its foot past black basalt columns; ash, lightning, embers.
const vec3 SKYLIGHT = vec3(0.30, 0.20, 0.24);
const float EYE_M = 1.75, LAVA_Y = -0.55;

float side() { return rnd(1) < 0.5 ? -1.0 : 1.0; }        // the cone's side
vec2 coneAt() { return vec2(side() * rnd(2, 105.0, 128.0), 330.0); }
const float CONE_M = 108.0;

vec3 molten(float heat) {                                  // colour of lava: 0 crust, 1 white hot
    vec3 c = vec3(1.0, 0.055, 0.008) * smoothstep(0.05, 0.45, heat) * 0.9;
    c += vec3(1.0, 0.26, 0.015) * smoothstep(0.30, 0.80, heat) * 1.7;
    return c + vec3(1.0, 0.62, 0.16) * smoothstep(0.72, 1.10, heat) * 2.4;
}
float riverX(float z) {                                    // the river's middle
    float s = side();
    return s * (2.0 + 0.060 * z + 0.00068 * z * z * smoothstep(300.0, 60.0, z)) + 3.4 * sin(z * 0.085 + rnd(3) * 6.0) * smoothstep(0.0, 25.0, z)
         - s * 1.6 * sin(z * 0.21 + rnd(4) * 6.0) - s * 6.2 * smoothstep(12.0, 2.0, z) * 0.4;
}
// Metres from the lava's edge, negative on the lava; a second arm turns off to the other side.
float shore(vec2 p) {
    float ragged = 1.5 * (fbm(p * 0.55 + rnd(5) * 20.0, 4) - 0.47);
    float d = abs(p.x - riverX(p.y)) - (1.7 + 0.020 * p.y);
    float s = side(), arm = -s * (0.16 * (p.y - 16.0) + 3.0 + 5.0 * smoothstep(16.0, 34.0, p.y)) + 1.8 * sin(p.y * 0.16 + 2.0);
    float e = max(abs(p.x - arm) - 1.2 - 0.016 * p.y, 15.0 - p.y);
    d = min(d, e);
    float pool = length((p - vec2(-s * rnd(6, 4.2, 5.2), rnd(7, 7.0, 8.5))) * vec2(0.8, 1.0)) - 1.3;
    return min(d, pool) + ragged;
}
float land(vec2 p, int octaves) {
    float d = shore(p);
    float rough = fbm(p * 0.42 + 9.0, octaves);
    float h = LAVA_Y - 0.35 + smoothstep(-0.4, 1.5, d) * (0.35 + 0.9 * rough) + 0.25 * smoothstep(0.0, 6.0, d) * (ridged(p * 0.33, octaves) - 0.2) * 2.0;
    if (octaves > 3) { vec3 k = cells(p * 1.15 + 0.5 * noise(p * 2.0)); h += (0.16 * smoothstep(0.0, 0.10, k.y) + 0.22 * (k.z - 0.5)) * smoothstep(0.0, 0.8, d); }
    float far = smoothstep(40.0, 210.0, p.y), ways = smoothstep(0.0, 0.55, abs(p.x / max(p.y, 1.0)));
    h += far * (3.0 + 46.0 * ways) * ridged(p * 0.013 + rnd(8) * 20.0, octaves) * 0.8;
    vec2 q = p - coneAt();
    float r = length(q), a = atan(q.y, q.x);
    if (r < 230.0) {
        float gully = ridged(vec2(a * 4.5 + 0.5 * noise(q * 0.03), r * 0.012 + 3.0), octaves) * smoothstep(8.0, 60.0, r);
        float cone = CONE_M * pow(sat(1.0 - r / 230.0), 1.75) * 1.12 + 9.0 * (gully - 0.4) * smoothstep(230.0, 120.0, r);
        float rim = CONE_M * (0.83 + 0.035 * (noise(vec2(a * 2.0, 4.0)) - 0.5) * 2.0);
        if (r < 45.0) cone = smin(cone, rim - 26.0 * smoothstep(17.0, 4.0, r), 5.0);
        h = max(h, cone);
    }
    return h;
}
// How much lava runs down the cone here, 0..1.
float flankLava(vec3 p) {
    vec2 q = p.xz - coneAt();
    float r = length(q);
    if (r > 215.0) return 0.0;
    float a = atan(q.y, q.x) + 0.16 * (fbm(q * 0.035 + 3.0, 4) - 0.47) * 2.0 + 0.05 * sin(r * 0.10);
    float sum = 0.0;
    for (int i = uZero; i < 7; i++) {
        float at = -PI * 0.5 + (float(i) - 3.0) * 0.42 + rnd(20 + i, -0.12, 0.12), reach = i == 3 ? 200.0 : rnd(30 + i, 70.0, 190.0);
        float wide = (1.4 + 0.022 * r) * rnd(40 + i, 0.7, 1.3);
        sum += smoothstep(wide, wide * 0.15, abs(a - at) * r) * smoothstep(reach, reach * 0.6, r) * (0.55 + 0.6 * noise(vec2(r * 0.16, float(i))));
    }
    return sat(sum + smoothstep(21.0, 10.0, r) * 1.3);
}
// Basalt columns: clumps of six-sided pillars of many heights.
float columns(vec3 p) {
    float d = 1e3, s = side();
    for (int c = uZero; c < 4; c++) {
        vec3 at = c == 0 ? vec3(-s * rnd(50, 6.3, 7.2), 0.0, rnd(51, 10.5, 12.0)) : c == 1 ? vec3(s * rnd(52, 7.6, 8.6), 0.0, rnd(53, 11.0, 13.0))
                : c == 2 ? vec3(-s * rnd(54, 13.0, 16.0), 0.0, rnd(55, 24.0, 28.0)) : vec3(-s * rnd(56, 3.7, 4.3), 0.0, rnd(57, 5.4, 6.0));
        float scale = c == 3 ? 0.42 : c == 2 ? 1.5 : c == 1 ? 0.85 : 1.0;
        vec3 q = (p - at) / scale;
        float bound = length(q.xz) - 3.6;
        if (bound > 0.8) { d = min(d, bound * scale); continue; }
        // hexagonal lattice, pitch 0.72; look at the nearest cell and its neighbours
        const float PITCH = 0.74;
        vec2 g = vec2(q.x / PITCH, q.z / (PITCH * 0.8660254));
        float row = floor(g.y + 0.5);
        for (int k = uZero; k < 9; k++) {
            float ry = row + float(k / 3) - 1.0;
            float off = 0.5 * mod(ry, 2.0);
            float cx = floor(g.x - off + 0.5) + float(k % 3) - 1.0;
            vec2 centre = vec2(cx + off, ry * 0.8660254) * PITCH;
            float r = length(centre);
            if (r > 3.0) continue;
            float h = hash(vec2(cx, ry) + float(c) * 37.0);
            float tall = (6.2 * pow(sat(1.0 - r / 3.3), 0.8) * (0.55 + 0.6 * h) + 0.25) * (c == 1 ? 0.8 : 1.0);
            vec3 e = vec3(q.x - centre.x, q.y, q.z - centre.y);
            float ring = 0.018 * smoothstep(0.06, 0.0, abs(fract(e.y * 0.9 + h * 7.0) - 0.5));
            float hex = sdHexagon(e.zx) - PITCH * 0.478 + ring;
            float top = e.y - tall + (e.x * (h - 0.5) + e.z * (fract(h * 7.0) - 0.5)) * 0.5;
            d = min(d, (max(hex, top) + 0.0) * scale * 0.8);
        }
    }
    return d;
}
vec3 columnNormal(vec3 p, float e) {
    vec3 n = vec3(0.0);
    for (int i = uZero; i < 4; i++) {
        vec3 k = 0.5773 * (2.0 * vec3(float(((i + 3) >> 1) & 1), float((i >> 1) & 1), float(i & 1)) - 1.0);
        n += k * columns(p + k * e);
    }
    return normalize(n);
}
vec3 craterView() { vec2 c = coneAt(); return vec3(c.x / c.y, (CONE_M * 0.82 - EYE_M) / c.y, c.y); }
// The column of ash: puffs along a leaning path, the near over the far, each lit from the crater. q from the crater.
vec4 ash(vec2 q, float flash) {
    float s = side(), y = max(q.y, 0.02);
    vec2 w = q * (2.6 / (0.20 + y)) + rnd(9) * 30.0;
    vec2 curl = vec2(fbm(w * 1.3, 6), fbm(w * 1.3 + 19.0, 6)) - 0.48;
    vec2 fine = vec2(fbm(w * 4.1 + curl * 2.0, 5), fbm(w * 4.1 + curl * 2.0 + 7.0, 5)) - 0.48;
    vec4 sum = vec4(0.0);
    for (int i = uZero; i < 64; i++) {
        float u = 1.0 - float(i) / 64.0, at = 0.004 + 0.42 * pow(u, 1.25);    // from the top down
        float wide = 0.016 + 0.62 * pow(at, 1.05), r = (0.022 + 0.24 * at) * rnd(120 + i, 0.75, 1.25);
        vec2 c = vec2(-s * (1.25 * at * at + 0.10 * at) + (rnd(200 + i) - 0.5) * wide * 1.5, at + (rnd(280 + i) - 0.5) * 0.03);
        vec2 k = (q - c) / r + 0.85 * curl + 0.55 * fine;
        float d = dot(k, k);
        if (d > 1.0) continue;
        vec3 n = vec3(k, sqrt(1.0 - d));
        float a = smoothstep(0.0, 0.42, n.z);
        float under = sat(dot(n, normalize(vec3(s * 0.15 - 2.0 * c.x, -0.9, 0.25))) * 0.75 + 0.25);
        float above = sat(dot(n, normalize(vec3(-s * 0.6, 0.75, 0.4))));
        float crease = 0.35 + 0.65 * n.z * n.z;
        vec3 lit = vec3(0.026, 0.022, 0.026) + vec3(0.115, 0.105, 0.130) * above;
        lit += vec3(1.0, 0.21, 0.035) * under * under * (1.5 * exp(-at * 14.0) + 0.16 * exp(-at * 3.5));
        lit += vec3(0.50, 0.42, 0.90) * flash * 0.20 * n.z;
        sum = mix(sum, vec4(lit * crease, 1.0), a * 0.96);
    }
    return sum;
}
vec3 sky(vec2 view) {
    vec3 crater = craterView();
    vec2 q = view - crater.xy;
    float up = max(view.y, 0.0), near = length(q * vec2(0.8, 1.0)), s = side();
    vec3 c = mix(vec3(0.055, 0.018, 0.022), vec3(0.014, 0.012, 0.022), sat(up * 2.0));
    c += vec3(0.62, 0.12, 0.03) * (0.34 * exp(-near * 4.6) + 0.20 * exp(-up * 9.0));
    // a lid of cloud lit from below
    vec2 k = vec2(view.x * 2.2, 1.0) / (view.y + 0.22) + rnd(10) * 20.0;
    vec2 kw = k + 1.2 * (vec2(fbm(k * 0.8, 4), fbm(k * 0.8 + 9.0, 4)) - 0.48);
    float lid = fbm(kw * 1.3, 6), below = fbm(kw * 1.3 + vec2(0.16, -0.12), 6);
    float lit = smoothstep(-0.03, 0.14, lid - below);
    vec3 cloud = vec3(0.020, 0.015, 0.020) + vec3(0.75, 0.15, 0.035) * (0.08 + 0.9 * lit) * (0.06 + 0.50 * exp(-near * 3.4));
    c = mix(c, cloud, smoothstep(0.40, 0.66, lid) * 0.85);
        // lightning inside the column
    float flash = 0.0, glow = 0.0;
    for (int i = uZero; i < 3; i++) {
        vec2 from = crater.xy + vec2(-s * rnd(60 + i, 0.00, 0.06) + (float(i) - 1.0) * 0.05, rnd(70 + i, 0.13, 0.19));
        vec2 to = from + vec2(rnd(80 + i, -0.13, 0.13), rnd(90 + i, -0.12, -0.06));
        vec2 b = to - from;
        float u = sat(dot(view - from, b) / dot(b, b));
        vec2 off = view - from - b * u;
        float zig = (noise(vec2(u * 9.0, float(i) * 7.0)) - 0.5) * 0.050 + (noise(vec2(u * 34.0, float(i) * 7.0)) - 0.5) * 0.018;
        float d = abs(dot(off, normalize(vec2(-b.y, b.x))) - zig * sin(u * PI)) + (u <= 0.0 || u >= 1.0 ? length(off) : 0.0);
        flash += exp(-d * 950.0) * (1.0 - 0.5 * u);
        glow += exp(-d * 22.0);
    }
    vec4 smoke = q.y > -0.03 ? ash(q, glow) : vec4(0.0);
    c = mix(c, smoke.rgb / max(smoke.a, 1e-3), smoke.a);
    c += vec3(0.80, 0.75, 1.0) * flash * 2.4 + vec3(0.40, 0.32, 0.75) * glow * 0.05;
    return c;
}
// Molten rock thrown from the crater: bright arcs.
vec3 fountain(vec2 view) {
    vec3 crater = craterView();
    vec2 q = view - crater.xy;
    vec3 sum = vec3(1.0, 0.42, 0.10) * 1.1 * exp(-length(q * vec2(1.0, 0.62)) * 26.0);
    for (int i = uZero; i < 70; i++) {
        float speed = rnd(600 + i, 0.25, 1.0), lean = (rnd(700 + i) + rnd(800 + i) - 1.0) * 0.55;
        vec2 v = vec2(lean, 1.0) * speed * 0.62;
        float t0 = rnd(900 + i, 0.02, 0.60), near = 1e3, heat = 0.0;
        for (int k = uZero; k < 4; k++) {                  // a short piece of its path
            float t = t0 + 0.020 * float(k), u = t + 0.020;
            vec2 a = v * t - vec2(0.0, 0.85 * t * t), b = v * u - vec2(0.0, 0.85 * u * u);
            near = min(near, sdSegment(q, a, b));
        }
        float wide = (0.6 + 1.5 * pow(rnd(1000 + i), 3.0)) / 960.0;
        sum += molten(1.1 - 0.75 * t0) * (smoothstep(wide * 1.8, wide * 0.3, near) * 0.8 + 0.025 * exp(-near * 260.0));
    }
    // the jet
    float y = q.y / 0.10, w = (0.010 + 0.020 * sat(y)) * (0.6 + 0.8 * noise(vec2(q.x * 120.0, q.y * 60.0)));
    float jet = exp(-pow(q.x / w, 2.0)) * smoothstep(1.15, 0.0, y + 0.4 * noise(vec2(q.x * 160.0, q.y * 25.0))) * smoothstep(-0.10, 0.02, y);
    return sum + molten(1.05 - 0.5 * sat(y)) * jet * 1.2;
}
vec3 lavalight(vec3 p, vec3 n) {                           // from the river, as a wide glowing floor
    float d = shore(p.xz), e = 0.5;
    vec2 g = vec2(shore(p.xz + vec2(e, 0.0)) - d, shore(p.xz + vec2(0.0, e)) - d);
    vec3 toward = normalize(vec3(-g.x, -0.22 * e, -g.y) + vec3(0.0, 1e-4, 0.0));
    float h = max(p.y - LAVA_Y, 0.0), away = max(d, 0.0);
    float strength = 1.7 / (1.0 + 0.55 * away * away + 0.30 * h * h);
    return vec3(1.0, 0.27, 0.045) * strength * (0.08 + 0.92 * sat(dot(n, toward) * 0.8 + 0.2)) * 1.1;
}
vec3 lava(vec2 p, float t, float d) {
    vec2 flow = p + 0.7 * (vec2(fbm(p * 0.7, 4), fbm(p * 0.7 + 31.0, 4)) - 0.47);
    vec3 plate = cells(flow * vec2(0.95, 0.62)), small = cells(flow * 2.7 + 5.0);
    float mid = sat(-d * 0.75);
    float open = fbm(p * vec2(0.5, 0.28) + 40.0, 4);
    float cover = smoothstep(0.66, 0.42, open);            // where the crust holds
    float heat = mix(0.86, 0.05, cover * smoothstep(0.01, 0.10 + 0.08 * plate.z, plate.y));
    heat = max(heat, 0.85 * exp(-plate.y * 19.0) * (0.45 + 0.8 * open));
    heat = max(heat, 0.50 * exp(-small.y * 17.0) * smoothstep(0.30, 0.65, open));
    heat *= 0.74 + 0.45 * fbm(flow * 3.0, 5);
    heat = mix(heat, 0.80, smoothstep(0.30, 0.0, -d) * 0.35) * (0.82 + 0.25 * mid);
    vec3 crust = vec3(0.030, 0.022, 0.022) * (0.5 + fbm(p * 6.0, 4));
    return crust + molten(heat) * 0.85;
}
vec3 haze(vec3 c, vec2 view, float t) {
    vec3 air = vec3(0.048, 0.024, 0.030) + vec3(0.30, 0.062, 0.016) * exp(-length(view - craterView().xy * vec2(1.0, 0.5)) * 3.2);
    return mix(c, air, (1.0 - exp(-pow(t * 0.0040, 1.2))) * 0.82);
}
vec3 world(vec2 view, out float depth_m) {
    vec3 ro = vec3(0.0, EYE_M, 0.0), rd = normalize(vec3(view, 1.0));
    float t = 0.4, limit = rd.y < -1e-4 ? (LAVA_Y - ro.y) / rd.y : 1e9;
    int what = 0;                                          // 0 sky, 1 ground, 2 columns, 3 lava
    for (int i = uZero; i < 330; i++) {
        vec3 p = ro + rd * t;
        float g = (p.y - land(p.xz, 3)) * 0.5;
        if (g < 0.3) g = (p.y - land(p.xz, 6)) * 0.30;
        float k = p.z < 36.0 ? columns(p) : 1e3, close = 0.0008 * t + 0.001;
        if (min(g, k) < close) { what = g < k ? 1 : 2; break; }
        t += min(g, k);
        if (t > min(limit, 620.0) || (p.y > 140.0 && rd.y > 0.0)) break;
    }
    if (what == 0 && limit < 620.0) { what = 3; t = limit; }
    depth_m = what == 0 ? 1e4 : t;
    vec3 p = ro + rd * t, c;
    if (what == 0) c = sky(view);
    else if (what == 3) c = haze(lava(p.xz, t, shore(p.xz)), view, t);
    else {
        vec3 n, albedo = vec3(0.042, 0.039, 0.044);
        float flank = 0.0, ao = 1.0;
        if (what == 1) {
            float e = 0.008 + 0.0020 * t;
            vec2 q = p.xz;
            int o = t > 60.0 ? 8 : 6;
            n = normalize(vec3(land(q - vec2(e, 0.0), o) - land(q + vec2(e, 0.0), o), 2.0 * e, land(q - vec2(0.0, e), o) - land(q + vec2(0.0, e), o)));
            vec3 k = p * 5.0;
            if (t < 60.0) n = normalize(n + 0.6 * exp(-t * 0.04) * (vec3(fbm(k, 4), fbm(k + 17.0, 4), fbm(k + 31.0, 4)) - 0.47));
            albedo *= 0.45 + 1.0 * fbm(p.xz * 0.9, 5);
            albedo = mix(albedo, vec3(0.115, 0.075, 0.060), smoothstep(0.5, 0.75, fbm(p.xz * 0.15 + 3.0, 5)) * 0.6);
            if (p.z > 90.0) flank = flankLava(p);
            vec3 plate = cells(p.xz * 1.15 + 0.5 * noise(p.xz * 2.0));
            float crack = exp(-plate.y * 34.0) * smoothstep(1.9, 0.1, shore(p.xz)) * exp(-t * 0.05);
            flank = max(flank, crack * 0.85);
            ao = 0.45 + 0.55 * smoothstep(0.0, 0.12, plate.y + 0.02 * t);
        } else {
            n = columnNormal(p, 0.003 + 0.0006 * t);
            ao = sat(0.35 + columns(p + n * 0.35) / 0.35 * 0.65) * smoothstep(-0.9, 1.2, p.y + 0.4);
            vec3 k = p * 4.0;
            n = normalize(n + 0.30 * (vec3(fbm(k, 4), fbm(k + 17.0, 4), fbm(k + 31.0, 4)) - 0.47));
            albedo = vec3(0.060, 0.056, 0.064) * (0.25 + 1.5 * pow(fbm(p * vec3(2.6, 0.9, 2.6), 6), 1.5) * 1.4);
            albedo *= 0.55 + 0.45 * smoothstep(0.0, 0.05, abs(fbm(p * vec3(1.3, 2.4, 1.3) + 5.0, 5) - 0.47));
        }
        vec3 crater = vec3(coneAt().x, CONE_M, coneAt().y), l = normalize(crater - p);
        c = albedo * SKYLIGHT * (0.55 + 0.45 * n.y) * ao;
        c += albedo * vec3(0.36, 0.38, 0.58) * sat(dot(n, normalize(vec3(-side() * 0.6, 0.75, -0.35)))) * ao * 1.2;
        c += albedo * vec3(1.0, 0.30, 0.07) * (sat(dot(n, l)) * 1.3 + 0.12 * sat(0.4 - n.y)) * ao;
        if (t < 120.0) c += albedo * lavalight(p, n) * 4.2 * (0.15 + 0.85 * ao);
        vec3 r = reflect(rd, n);
        c += vec3(1.0, 0.32, 0.08) * pow(sat(dot(r, l)), 14.0) * 0.14 * ao + vec3(0.30, 0.34, 0.50) * pow(1.0 - sat(dot(n, -rd)), 4.0) * 0.07 * ao;
        if (what == 1 && p.z > 150.0) {
            float r_m = length(p.xz - coneAt());
            c += vec3(1.0, 0.20, 0.03) * 0.06 * exp(-r_m * 0.026) * (0.4 + 0.6 * n.y);
        }
        c += molten(flank * 0.98) * 0.95;
        c = haze(c, view, t);
    }
    if (what == 0 || depth_m > 200.0) c += fountain(view);
    // hot air over the lava
    float start = dither(), sum = 0.0, reach = min(depth_m, 60.0);
    for (int i = uZero; i < 14; i++) {
        vec3 q = ro + rd * reach * (float(i) + start) / 14.0;
        float d = shore(q.xz);
        sum += exp(-max(d, 0.0) * 0.55) * exp(-max(q.y - LAVA_Y, 0.0) * 0.42) * (0.4 + 1.1 * noise(q * vec3(0.5, 0.8, 0.5)));
    }
    c += vec3(1.0, 0.24, 0.04) * sum * reach / 14.0 * 0.0052;
    // embers carried up, some with a tail
    float pixel = uResolution.y / 960.0;
    for (int i = uZero; i < 90; i++) {
        vec2 at = vec2(rnd(1200 + i, -0.67, 0.67), rnd(1300 + i, -0.40, 0.52));
        vec2 way = vec2(-side() * 0.5 + 0.7 * (rnd(1400 + i) - 0.5), 1.0) * rnd(1500 + i, 0.001, 0.011);
        float d = sdSegment(view, at, at + way) * uResolution.y, wide = rnd(1600 + i, 0.5, 1.7) * pixel;
        if (d > 20.0 * pixel) continue;
        c += molten(rnd(1700 + i, 0.55, 1.0)) * (smoothstep(wide * 1.3 + 0.3, wide * 0.3, d) * 0.9 + 0.03 * exp(-d / (3.0 * pixel)));
    }
    float soot = flakes(view, 26.0, 1.3, 0.25, 1.0) * 0.5 + flakes(view, 9.0, 2.6, 0.2, 2.0) * 0.4;
    return mix(c, vec3(0.06, 0.05, 0.05), soot * 0.35);
}
