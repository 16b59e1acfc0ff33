// The surface of a small grey moon: a ringed giant fills one side of the sky, nebulae and stars behind, a station in orbit.
const vec3 SUN_COLOR = vec3(1.0, 0.93, 0.82) * 2.7;
const float EYE_M = 1.75;

float side() { return rnd(1) < 0.5 ? -1.0 : 1.0; }        // the planet's side; the sun stands on the other
vec3 sunDir() { return normalize(vec3(-side() * 0.85, 0.36, rnd(2, -0.10, 0.12))); }
vec3 planetAt() { return vec3(side() * rnd(3, 0.40, 0.46), rnd(4, 0.20, 0.25), 1.0) * 1000.0; }
const float PLANET_M = 262.0;

vec3 stars(vec2 q, float per_unit, float share, float radius_px, float salt) {
    vec2 p = q * per_unit, cell = floor(p);
    vec3 h = hash3(cell + salt * 31.0);
    if (hash(cell + salt * 17.0 + 3.0) > share) return vec3(0.0);
    float pixel = per_unit / uResolution.y;
    float r = max(radius_px * uResolution.y / 960.0, 0.75) * pixel;
    vec2 at = cell + 0.5 + (h.xy - 0.5) * max(0.9 - 2.0 * r, 0.0);
    vec2 o = (p - at) / r;
    vec3 tint = h.z < 0.25 ? vec3(1.0, 0.66, 0.45) : h.z < 0.5 ? vec3(1.0, 0.93, 0.85) : vec3(0.62, 0.78, 1.0);
    return tint * (0.15 + 1.8 * pow(h.y, 3.0)) * exp(-dot(o, o) * 1.4);
}
vec3 sky(vec3 rd) {
    vec2 q = rd.xy / max(rd.z, 0.2);
    float s = side();
    vec3 c = vec3(0.0025, 0.0035, 0.010);
    // nebula: warped clouds of glowing gas along a slanted front, dust before it
    vec2 w = rot(s * 0.6) * q * 1.55 + rnd(5) * 40.0;
    vec2 a = vec2(fbm(w * 1.1, 6), fbm(w * 1.1 + 31.0, 6)) - 0.48;
    vec2 b = vec2(fbm(w * 2.0 + 3.2 * a + 7.0, 6), fbm(w * 2.0 + 3.2 * a + 51.0, 6)) - 0.48;
    float gas = fbm(w * 1.7 + 2.6 * b + 13.0, 7);
    float front = exp(-pow((q.y - 0.22 + s * 0.55 * (q.x + s * 0.10) + 0.5 * a.x) / 0.30, 2.0));
    float thick = smoothstep(0.36, 0.80, gas) * (0.06 + 1.2 * front);
    float vein = pow(sat(1.0 - abs(2.0 * fbm(w * 2.6 + 3.0 * b + 70.0, 6) - 0.95)), 7.0);
    vec3 hue = mix(vec3(0.10, 0.16, 0.75), vec3(0.75, 0.10, 0.55), smoothstep(-0.12, 0.14, a.y + 0.5 * b.x));
    hue = mix(hue, vec3(1.0, 0.36, 0.16), smoothstep(0.05, 0.22, b.y + 0.4 * a.x) * 0.85);
    hue = mix(hue, vec3(0.08, 0.62, 0.72), smoothstep(0.06, 0.20, -b.y - 0.2 * a.y) * 0.8);
    c += hue * thick * 0.30 + (hue * 0.5 + 0.35) * thick * vein * front * 0.55;
    float dust = smoothstep(0.44, 0.66, fbm(w * 2.3 - 2.4 * b + 90.0, 6)) * front;
    c *= 1.0 - 0.85 * dust;
    vec2 heart = vec2(-s * rnd(6, 0.06, 0.20), rnd(7, 0.30, 0.40));
    c += vec3(0.85, 0.55, 0.95) * (0.30 * exp(-length(q - heart) * 7.0) * (0.4 + 1.2 * gas) * (1.0 - 0.6 * dust));
    c += (stars(q, 26.0, 0.16, 1.5, 1.0) * 1.3 + stars(q, 60.0, 0.30, 1.0, 2.0) * 0.8 + stars(q, 120.0, 0.35 + 0.4 * front, 0.75, 3.0) * 0.55) * (1.0 - 0.7 * dust);
    for (int i = uZero; i < 9; i++) {                      // a few bright stars with spikes
        vec2 at = i == 0 ? heart : vec2(rnd(10 + i, -0.64, 0.64), rnd(30 + i, 0.02, 0.53));
        vec2 o = (q - at) * 960.0;
        float big = i == 0 ? 1.5 : 0.35 + 0.75 * pow(rnd(50 + i), 2.0), d = length(o) / big;
        float spike = exp(-abs(o.x) * 0.9 / big) * exp(-abs(o.y) * 0.075 / big) + exp(-abs(o.y) * 0.9 / big) * exp(-abs(o.x) * 0.075 / big);
        vec3 tint = mix(vec3(0.65, 0.80, 1.0), vec3(1.0, 0.80, 0.62), step(0.6, rnd(70 + i)));
        c += tint * (exp(-d * d * 0.10) * 2.6 + 0.30 / (1.0 + d * d * 0.06) * 0.5 + spike * 1.1) * sat(big);
    }
    return c;
}
// Bands of a gas giant by latitude, stirred.
vec3 gasBands(vec3 n) {
    float turn = atan(n.z, n.x);
    vec3 k = vec3(cos(turn), 0.0, sin(turn)) * 1.2;
    float y = n.y + 0.018 * (fbm(vec3(k.x * 3.0, n.y * 9.0, k.z * 3.0), 5) - 0.5) * 4.0;
    float stir = fbm(vec3(k.x * 4.0 + 2.0 * noise(vec2(y * 20.0, 3.0)), y * 26.0, k.z * 4.0), 6);
    float band = fbm(vec2(y * 7.5 + 0.35 * stir, rnd(8) * 30.0), 5);
    float fine = fbm(vec2(y * 34.0 + 0.8 * stir, 5.0), 3);
    vec3 warm = vec3(0.90, 0.55, 0.28), pale = vec3(0.98, 0.86, 0.68), rust = vec3(0.58, 0.20, 0.10), cool = vec3(0.42, 0.52, 0.70);
    vec3 c = mix(warm, pale, smoothstep(0.36, 0.60, band));
    c = mix(c, rust, smoothstep(0.44, 0.33, band) * 0.9);
    c = mix(c, cool, smoothstep(0.55, 0.95, abs(n.y)) * 0.75);
    c *= 0.78 + 0.45 * fine;
    vec2 spot = (vec2(turn - 1.9 + side() * 0.5, n.y + 0.30)) * vec2(1.0, 2.0);
    float storm = exp(-dot(spot, spot) * 26.0);
    return mix(c, vec3(0.80, 0.30, 0.16) * (0.8 + 0.5 * sin(length(spot) * 60.0 + stir * 6.0)), storm * 0.8);
}
vec3 ringNormal() { return normalize(vec3(side() * 0.34, 0.86, -0.66 + rnd(9, -0.08, 0.08))); }
// Ring brightness (x) and opacity (y) at a distance from the planet's centre in planet radii.
vec2 ring(float r) {
    float on = smoothstep(1.26, 1.32, r) * smoothstep(2.28, 2.24, r);
    float u = fbm(vec2(r * 15.0, rnd(11) * 20.0), 5), v = noise(vec2(r * 120.0, 3.0));
    float gap = smoothstep(0.016, 0.032, abs(r - 1.93)) * smoothstep(0.004, 0.010, abs(r - 2.14));
    float faint = smoothstep(1.26, 1.56, r);
    return vec2(0.35 + 1.0 * u + 0.25 * v, on * gap * (0.16 + 0.84 * faint) * sat(0.35 + 1.1 * u + 0.35 * (v - 0.5)));
}
vec3 planets(vec3 rd, vec3 c) {
    vec3 s = normalize(vec3(sunDir().x, 0.42, -0.38)), n0 = ringNormal(), at = planetAt();
    float b = dot(rd, at), disc = b * b - dot(at, at) + PLANET_M * PLANET_M;
    float body = disc > 0.0 ? b - sqrt(disc) : 1e9;
    float plane = dot(at, n0) / dot(rd, n0);
    vec3 onRing = rd * plane - at;
    float r = length(onRing) / PLANET_M;
    vec2 rg = plane > 0.0 ? ring(r) : vec2(0.0);
    // the planet's shadow on its ring
    vec3 away = onRing - s * dot(onRing, s);
    float shade = dot(onRing, s) < 0.0 ? smoothstep(0.94, 1.03, length(away) / PLANET_M) : 1.0;
    vec3 ringColor = mix(vec3(0.85, 0.70, 0.52), vec3(0.95, 0.90, 0.84), sat(r - 1.3)) * rg.x * (0.03 + 0.62 * shade);
    float pixel = PLANET_M * 2.0 / uResolution.y * 2.0;
    if (disc > 0.0) {
        vec3 p = rd * body - at, n = p / PLANET_M;
        mat2 tilt = rot(side() * 0.36);
        vec3 m = n;
        m.xy = tilt * m.xy;
        m.yz = rot(-0.32) * m.yz;
        float lit = smoothstep(-0.08, 1.0, dot(n, s));
        vec3 pc = gasBands(m) * lit * 0.62 + vec3(0.010, 0.008, 0.018);
        float d = dot(n0, -p) / dot(n0, s);                // the ring's shadow on the planet
        if (d > 0.0) { vec2 k = ring(length(p + s * d) / PLANET_M); pc *= 1.0 - 0.72 * k.y; }
        float rim = pow(1.0 - sat(dot(n, -rd)), 3.0);
        pc += vec3(1.0, 0.70, 0.45) * rim * lit * 0.4;
        float edge = sat(sqrt(disc) / (PLANET_M * 0.05));
        c = mix(c, pc, smoothstep(0.0, 1.0, edge));
    } else {
        float out_m = sqrt(max(dot(at, at) - b * b, 0.0)) - PLANET_M;
        vec3 n = normalize(rd * b - at);
        c += vec3(0.9, 0.55, 0.32) * exp(-out_m / 7.0) * smoothstep(-0.2, 0.8, dot(n, s)) * 0.16;
    }
    if (plane > 0.0 && plane < body) c = mix(c, ringColor, rg.y * 0.94);
    // moons
    for (int i = uZero; i < 3; i++) {
        vec3 m = i == 0 ? vec3(-side() * rnd(13, 0.26, 0.34), rnd(14, 0.33, 0.42), 1.0) : i == 1 ? vec3(side() * rnd(15, 0.08, 0.16), rnd(16, 0.42, 0.47), 1.0)
               : vec3(-side() * rnd(17, 0.48, 0.58), rnd(18, 0.12, 0.20), 1.0);
        float size = i == 0 ? rnd(19, 0.040, 0.050) : i == 1 ? 0.017 : 0.012;
        vec2 d = (rd.xy / rd.z - m.xy) / size;
        float q = dot(d, d), px = 1.5 / (uResolution.y * size);
        if (q > 1.0 + px) continue;
        vec3 n = vec3(d, -sqrt(max(1.0 - q, 0.0)));
        float lit = sat(dot(n, s) * 1.1);
        float mare = fbm(n * 2.3 + float(i) * 9.0, 5), pit = cells(n.xy * 4.5 + float(i) * 7.0).x;
        vec3 tint = i == 0 ? vec3(0.52, 0.62, 0.74) : i == 1 ? vec3(0.85, 0.60, 0.42) : vec3(0.6);
        vec3 mc = tint * (0.35 + 1.1 * mare) * (0.80 + 0.4 * smoothstep(0.10, 0.32, pit)) * lit * 1.5 + vec3(0.006, 0.007, 0.014);
        c = mix(c, mc, smoothstep(1.0 + px, 1.0 - px, q));
    }
    return c;
}
// Craters of one size: a bowl, a raised rim and thrown-out ground around it.
float craters(vec2 p, float cell_m, float share, float salt) {
    vec2 q = p / cell_m, base = floor(q);
    float h = 0.0;
    for (int k = uZero; k < 9; k++) {
        vec2 g = base + vec2(float(k % 3) - 1.0, float(k / 3) - 1.0);
        vec3 r = hash3(g + salt * 23.0);
        if (hash(g + salt * 7.0 + 1.0) > share) continue;
        float radius = 0.16 + 0.30 * r.z * r.z, d = length(q - g - 0.3 - 0.4 * r.xy) / radius;
        if (d > 2.2) continue;
        float bowl = d < 1.0 ? (d * d - 1.0) * 0.34 : 0.0;
        float rim = 0.13 * exp(-pow((d - 1.0) / (d < 1.0 ? 0.18 : 0.42), 2.0));
        h += (bowl + rim) * radius * cell_m * (0.6 + 0.4 * r.x);
    }
    return h;
}
float land(vec2 p, int octaves) {
    float far = smoothstep(26.0, 150.0, p.y);
    float h = 0.55 * (fbm(p * 0.10 + rnd(20) * 20.0, octaves) - 0.47) * 2.0;
    h += craters(p + rnd(21) * 50.0, 15.0, 0.62, 1.0) * (0.35 + 0.65 * smoothstep(3.0, 12.0, length(p)));
    if (octaves > 3) h += craters(p, 4.3, 0.55, 2.0) * 0.8;
    if (octaves > 4) h += craters(p, 1.35, 0.55, 3.0) * 0.8 * exp(-p.y * 0.02) + craters(p, 0.48, 0.5, 4.0) * 0.8 * exp(-p.y * 0.06);
    float ways = smoothstep(0.0, 0.45, abs(p.x) / max(p.y, 1.0));
    return h + far * (4.0 + 26.0 * ways) * (ridged(p * 0.013 + rnd(22) * 30.0, octaves) - 0.10);
}
float boulders(vec3 p) {
    float d = 1e3;
    for (int i = uZero; i < 7; i++) {
        float s = (i & 1) == 0 ? 1.0 : -1.0, size = i < 2 ? rnd(120 + i, 0.75, 1.15) : rnd(120 + i, 0.22, 0.6);
        vec3 at = vec3(s * side() * (i == 0 ? rnd(130, 3.8, 4.4) : i == 1 ? rnd(131, 4.2, 5.0) : rnd(130 + i, 2.0, 7.0)), 0.0, i < 2 ? rnd(140 + i, 6.5, 8.5) : rnd(140 + i, 4.5, 15.0));
        vec3 q = p - at;
        if (length(q.xz) > size * 2.4) { d = min(d, length(q.xz) - size * 1.9); continue; }
        q.y -= land(at.xz, 4) + size * 0.35;
        float lump = 0.55 * size * (fbm(q / size * 0.9 + float(i) * 9.0, 4) - 0.45) * 2.0;
        vec3 k = abs(q / vec3(1.15, 0.85, 1.0));
        float cut = max(dot(q, normalize(vec3(0.5, 0.7, -0.4))), dot(q, normalize(vec3(-0.6, 0.4, -0.5)))) - size * 0.62;
        d = min(d, smax(mix(length(k), max(k.x, max(k.y, k.z)), 0.35) - size - lump, cut, 0.12 * size) * 0.6);
    }
    return d;
}
// A station in orbit: hub, ring on spokes, a long truss with sun panels. y material: 0 hull, 1 panel
vec3 stationAt() { return vec3(-side() * rnd(23, 15.5, 18.5), rnd(24, 10.5, 12.5), 46.0); }
vec2 station(vec3 p) {
    vec3 q = p - stationAt();
    float bound = length(q) - 11.0;
    if (bound > 2.0) return vec2(bound, 0.0);
    q.xy *= rot(side() * rnd(25, 0.25, 0.5));
    q.xz *= rot(side() * rnd(26, 0.5, 0.9));
    vec3 w = q.yxz;                                        // the wheel turns about x
    float wheel = sdTorus(w, 3.3, 0.36);
    float turn = atan(w.z, w.x) / (2.0 * PI) * 12.0;
    wheel += 0.05 * smoothstep(0.42, 0.48, abs(fract(turn) - 0.5));
    float a = (fract(turn / 3.0) - 0.5) * 3.0 / 12.0 * 2.0 * PI, r = length(w.xz);
    float spoke = max(length(vec2(r * sin(a), w.y)) - 0.13, r - 3.3);
    float hub = sdCylinder(w, 0.72 - 0.10 * step(0.55, fract(w.y * 0.8)), 2.3);
    hub = min(hub, length(w - vec3(0.0, 2.5, 0.0)) - 0.62);
    hub = min(hub, sdCylinder(w - vec3(0.0, -3.4, 0.0), 0.34, 1.3));
    float truss = sdBox(q - vec3(-3.8, 0.0, 0.0), vec3(0.14, 0.14, 7.6));
    vec2 best = vec2(min(min(wheel, spoke), min(hub, truss)), 0.0);
    vec3 s = vec3(q.x + 3.8, q.y, abs(abs(q.z) - 5.2) - 1.15);
    float panel = sdBox(vec3(s.x, abs(s.y) - 2.3, s.z), vec3(0.04, 1.95, 0.82));
    if (panel < best.x) best = vec2(panel, 1.0);
    return best * vec2(0.8, 1.0);
}
vec2 things(vec3 p) {
    vec2 r = vec2(boulders(p), 2.0);
    vec2 k = station(p);
    return k.x < r.x ? k : r;
}
vec3 thingNormal(vec3 p, float e) {
    vec3 n = vec3(0.0);
    for (int i = uZero; i < 4; i++) {
        vec3 k = 0.5773 * (2.0 * vec3(float(((i + 3) >> 1) & 1), float((i >> 1) & 1), float(i & 1)) - 1.0);
        n += k * things(p + k * e).x;
    }
    return normalize(n);
}
float sunlight(vec3 p, float t) {
    vec3 s = sunDir();
    float light = 1.0;
    for (int i = uZero; i < 30; i++) {
        vec3 q = p + s * t;
        float d = min((q.y - land(q.xz, t < 4.0 ? 4 : 3)) * 0.8, boulders(q));
        light = min(light, 26.0 * d / t);
        t += clamp(d, 0.04 + 0.03 * t, 4.0);
        if (light < 0.01 || q.y > 30.0) break;
    }
    return sat(light);
}
vec3 world(vec2 view, out float depth_m) {
    vec3 ro = vec3(0.0, land(vec2(0.0, 1.0), 4) + EYE_M, 0.0), rd = normalize(vec3(view, 1.0));
    float t = 0.4, what = -1.0;
    for (int i = uZero; i < 240; i++) {
        vec3 p = ro + rd * t;
        float g = (p.y - land(p.xz, 3) - 0.30) * 0.6, close = 0.0007 * t + 0.0008;
        vec2 k = p.z < 60.0 ? things(p) : vec2(1e3, 0.0);
        if (g < 0.30) g = (p.y - land(p.xz, t < 40.0 ? 6 : 5)) * 0.6;   // small craters only where they can matter
        if (min(g, k.x) < close) { what = g < k.x ? 9.0 : k.y; break; }
        t += min(g, k.x);
        if (t > 320.0 || (p.y > 40.0 && rd.y > 0.0)) break;
    }
    depth_m = what < 0.0 ? 1e4 : t;
    vec3 p = ro + rd * t, s = sunDir();
    vec3 glow = normalize(planetAt());                     // light from the giant
    if (what < 0.0) return planets(rd, sky(rd));
    vec3 n, albedo, c;
    if (what > 1.5) {
        if (what > 8.0) {
            float e = 0.006 + 0.0016 * t;
            vec2 q = p.xz;
            n = normalize(vec3(land(q - vec2(e, 0.0), 7) - land(q + vec2(e, 0.0), 7), 2.0 * e, land(q - vec2(0.0, e), 7) - land(q + vec2(0.0, e), 7)));
            float f = 5.0;
            n = normalize(n + exp(-t * 0.05) * 0.55 * vec3(fbm(q * f, 4) - fbm((q + vec2(0.03, 0.0)) * f, 4), 0.0, fbm(q * f, 4) - fbm((q + vec2(0.0, 0.03)) * f, 4)) / 0.03 * 0.13);
        } else {
            n = thingNormal(p, 0.004);
            vec3 k = p * 7.0;
            n = normalize(n + 0.5 * (vec3(fbm(k, 4), fbm(k + 17.0, 4), fbm(k + 31.0, 4)) - 0.47));
        }
        albedo = mix(vec3(0.105, 0.105, 0.125), vec3(0.26, 0.245, 0.235), fbm(p.xz * 0.23 + 7.0, 6));
        albedo *= 0.72 + 0.55 * fbm(p.xz * 3.0, 5) ;
        albedo *= 0.90 + 0.2 * hash(floor(p.xz * 130.0 / (1.0 + floor(t * 0.3))));
        float sun = sunlight(p + n * 0.02, 0.05 + 0.004 * t);
        float open = smoothstep(-0.7, 0.25, p.y - land(p.xz, 4) + 0.35 * n.y);
        c = albedo * (SUN_COLOR * sun * sat(dot(n, s)) + vec3(0.42, 0.27, 0.20) * 0.34 * sat(dot(n, glow) * 0.7 + 0.3) + vec3(0.09, 0.07, 0.19) * (0.5 + 0.5 * n.y) * open);
        c += albedo * SUN_COLOR * 0.15 * sun * pow(1.0 - sat(dot(n, -rd)), 4.0);
        c = mix(c, vec3(0.035, 0.025, 0.060), 0.55 * (1.0 - exp(-t * 0.006)));
        return c;
    }
    n = thingNormal(p, 0.008);
    vec3 q = p - stationAt();
    q.xy *= rot(side() * rnd(25, 0.25, 0.5));
    q.xz *= rot(side() * rnd(26, 0.5, 0.9));
    albedo = vec3(0.72, 0.73, 0.76) * (0.72 + 0.35 * hash(floor(q * 2.3)));
    vec3 emit = vec3(0.0);
    float around = abs(fract(atan(q.z, q.y) / (2.0 * PI) * 48.0) - 0.5), out_m = length(q.yz);
    float lamp = step(around, 0.22) * step(abs(q.x), 0.10) * step(2.5, out_m) * step(out_m, 3.9) + step(out_m, 1.0) * step(abs(fract(q.x * 1.3) - 0.5), 0.07);
    if (what > 0.5) {
        vec2 f = abs(fract(q.yz * vec2(2.6, 3.4)) - 0.5);
        albedo = mix(vec3(0.03, 0.06, 0.26), vec3(0.60, 0.60, 0.66), smoothstep(0.43, 0.47, max(f.x, f.y)));
        vec3 r = reflect(rd, n);
        emit = vec3(0.10, 0.18, 0.5) * pow(sat(dot(r, s)), 2.0) + vec3(1.0, 0.5, 0.25) * 0.10 * sat(dot(r, glow));
    } else emit = lamp * vec3(1.0, 0.82, 0.5) * 1.3;
    c = albedo * (SUN_COLOR * 0.75 * sat(dot(n, s)) + vec3(0.42, 0.27, 0.20) * 0.4 * sat(dot(n, glow)) + vec3(0.05, 0.05, 0.11));
    return c + emit;
}
