// A sea of dunes late in the day: a rock arch on one side, palms and far pyramids on the other, a low sun across it all.
const vec3 SUN_COLOR = vec3(1.0, 0.66, 0.34) * 3.0;
const float FAR_M = 900.0;

float side() { return rnd(1) < 0.5 ? -1.0 : 1.0; }        // the arch's side; the sun stands on the other
vec3 sunDir() { return normalize(vec3(-side() * 0.80, 0.37, rnd(2, 0.42, 0.56))); }

vec3 sky(vec3 rd, bool rich) {
    float up = max(rd.y, 0.0);
    vec3 s = sunDir();
    vec3 c = mix(vec3(0.05, 0.17, 0.46), vec3(0.28, 0.46, 0.66), exp(-up * 4.0));
    c = mix(c, vec3(0.95, 0.56, 0.34), exp(-up * 7.5) * 0.92);
    float near = sat(dot(normalize(vec3(rd.x, rd.y * 0.8, rd.z)), s));
    c += vec3(1.0, 0.52, 0.20) * (0.55 * pow(near, 5.0) + 0.8 * pow(near, 24.0));
    if (rich && rd.y > 0.015) {
        vec2 q = rd.xz / (rd.y + 0.10);
        q = rot(0.5 * side()) * q;
        vec2 w = q * vec2(0.42, 1.5) + rnd(3) * 40.0;
        w += 0.9 * vec2(fbm(q * 0.7, 4), fbm(q * 0.7 + 19.0, 4));
        float veil = smoothstep(0.42, 0.85, fbm(w, 6)) * (0.45 + 0.75 * fbm(q * vec2(1.2, 7.0) + 7.0, 4));
        c = mix(c, vec3(1.25, 0.88, 0.66) + vec3(0.5, 0.2, 0.05) * pow(near, 4.0), sat(veil) * 0.75 * smoothstep(0.015, 0.14, rd.y));
    }
    return c;
}
// One train of dunes: long windward slopes, sharp winding crests, steep lee faces turned away from the sun.
float train(vec2 p, float turn, float length_m, float salt) {
    vec2 wind = normalize(-sunDir().xz);
    wind = rot(turn) * wind;
    vec2 q = vec2(dot(p, wind), dot(p, vec2(-wind.y, wind.x))) / length_m;
    q.x += 1.15 * noise(q * vec2(0.50, 0.62) + salt) + 0.10 * noise(q * 2.6 + salt);
    float k = floor(q.x), f = q.x - k;
    float tall = 0.25 + 1.1 * noise(vec2(q.y * 0.85, k * 5.3 + salt));
    float w = sat(f / 0.70), v = sat((f - 0.70) / 0.30);
    float up = w * w * (1.55 - 0.55 * w), down = pow(1.0 - v, 1.45);
    return tall * (f < 0.70 ? up : down) * length_m;
}
float land(vec2 p, bool fine) {
    float away = length(p - vec2(0.0, 2.0));
    float tame = smoothstep(2.0, 55.0, away);
    float h = train(p, 0.10, 74.0, rnd(4) * 30.0) * 0.21 * (0.05 + 0.95 * tame);
    h += train(p + 31.0, -0.35, 21.0, rnd(5) * 30.0) * 0.085 * (0.25 + 0.75 * tame) * smoothstep(420.0, 60.0, away);
    // a hollow way toward the pyramids, so that no dune hides them
    float way = -side() * p.x / max(p.y, 1.0);
    h *= 1.0 - 0.80 * smoothstep(45.0, 130.0, p.y) * smoothstep(0.02, 0.16, way) * smoothstep(0.95, 0.70, way);
    if (fine) h += train(p + 7.0, 0.25, 5.5, rnd(6) * 30.0) * 0.045 * smoothstep(90.0, 10.0, away);
    h += 10.0 * smoothstep(250.0, 700.0, p.y) * noise(p * 0.006 + 3.0);
    return h;
}
float eye() { return land(vec2(0.0, 1.5), true) + 2.1; }

vec3 archAt() { return vec3(side() * rnd(7, 21.0, 24.0), 0.0, rnd(8, 46.0, 50.0)); }
float rock(vec3 p) {
    vec3 a = archAt();
    a.y = land(a.xz, false) - 1.5;
    vec3 q = p - a;
    float bound = length(q - vec3(side() * 4.0, 8.0, 0.0)) - 27.0;
    if (bound > 4.0) return bound;
    q.xz *= rot(side() * rnd(9, 0.25, 0.5));
    q.x *= side();
    vec3 n = q * 0.16 + rnd(10) * 20.0;
    float lump = (fbm(n, 4) - 0.47) * 5.5;
    float strata = 0.34 * sin(q.y * 2.1 + 2.0 * noise(q * 0.3)) + 0.16 * sin(q.y * 5.7 + 1.5 * noise(q * 0.4)) ;
    // the span: a ring stood on edge, thick at the feet
    vec2 r = q.xy * vec2(0.92, 1.0) - vec2(0.0, 1.5);
    float angle = atan(r.y, abs(r.x));
    float thick = mix(3.6, 1.75, smoothstep(0.0, 1.3, angle)) + 0.8 * sat(r.x * 0.08);
    float d = length(vec2(length(r) - 10.6, q.z * 0.85)) - thick;
    // the mesa it grew from, and a pillar left standing
    vec3 m = q - vec3(17.5, 0.0, 3.0);
    d = smin(d, max(length(m.xz * vec2(0.8, 1.0)) - 8.5 + 0.16 * m.y, m.y - 16.5), 3.0);
    vec3 e = q - vec3(-17.5, 0.0, -5.0);
    d = smin(d, max(length(e.xz) - 3.3 - 0.5 * sin(e.y * 0.75) + 0.09 * e.y, e.y - 7.0), 2.0);
    return (d - lump * 0.75 - strata) * 0.55;
}
float pyramids(vec3 p) {
    float d = 1e3;
    for (int i = uZero; i < 3; i++) {
        float tall = i == 0 ? 88.0 : i == 1 ? 78.0 : 62.0;
        vec3 q = p - vec3(-side() * (i == 0 ? rnd(11, 88.0, 104.0) : i == 1 ? rnd(12, 38.0, 54.0) : rnd(13, 180.0, 200.0)), 4.0, i == 0 ? 330.0 : i == 1 ? 430.0 : 400.0);
        q.xz *= rot(0.45 * side());
        float step_m = 2.0 * fract(q.y / 4.0);
        d = min(d, (max(abs(q.x), abs(q.z)) * 0.75 + q.y * 0.62 - tall * 0.62 + 0.35 * step_m) * 0.8);
    }
    return d;
}
// A date palm: x distance, y material (0 trunk, 1 frond).
vec2 palm(vec3 p, vec3 at, float tall, float lean, float salt) {
    vec3 q = p - at;
    float bound = length(q - vec3(lean * tall * 0.5, tall * 0.62, 0.0)) - tall * 0.85;
    if (bound > 0.6) return vec2(bound, 0.0);
    float t = sat(q.y / tall);
    vec3 c = q - vec3(lean * tall * t * t, 0.0, 0.0);
    float ring = fract(q.y * 3.2);
    float trunk = max(length(c.xz) - (0.24 - 0.09 * t) - 0.035 * ring - 0.17 * exp(-max(q.y, 0.0) * 3.0), q.y - tall);
    trunk = max(trunk, -q.y - 1.0) * 0.7;
    vec3 f = q - vec3(lean * tall, tall, 0.0);
    float fronds = 1e3, reach = tall * 0.47;
    for (int k = uZero; k < 3; k++) {
        float n = k == 0 ? 9.0 : k == 1 ? 8.0 : 6.0, lift = k == 0 ? 0.30 : k == 1 ? 0.85 : 1.55;
        float a = atan(f.z, f.x) / (2.0 * PI) * n + 0.31 * float(k) + salt;
        float cell = floor(a + 0.5);
        float h = hash(vec2(mod(cell, n), salt * 17.0 + float(k)));
        float ang = (a - cell) * 2.0 * PI / n, r = length(f.xz);
        vec3 g = vec3(r * cos(ang), f.y, r * sin(ang));
        float u = g.x / (reach * (0.8 + 0.3 * h));
        float spine = reach * ((lift + 0.25 * h) * u - (0.95 + 0.3 * h) * u * u);
        float wide = reach * 0.20 * smoothstep(0.03, 0.22, u) * pow(sat(1.06 - u), 0.7);
        float slit = abs(fract(g.x * 5.5 / (tall * 0.16) - abs(g.z) * 2.2) - 0.5);
        float sheet = abs(g.y - spine + 0.75 * abs(g.z)) - 0.02;
        float leaf = max(max(sheet, abs(g.z) - wide), max(u - 1.05, -u));
        leaf = max(leaf, (slit - 0.34) * 0.16 * step(0.035, abs(g.z)));
        fronds = min(fronds, leaf * 0.45);
    }
    fronds = min(fronds, length(f + vec3(0.0, 0.25, 0.0)) - 0.36);
    return trunk < fronds ? vec2(trunk, 0.0) : vec2(fronds, 1.0);
}
vec2 palms(vec3 p) {
    vec2 best = vec2(1e3, 0.0);
    float s = -side();
    vec3 grove = vec3(s * rnd(14, 12.0, 13.5), 0.0, rnd(15, 21.0, 24.0));
    float bound = length(p.xz - grove.xz) - 13.0;
    if (bound > 2.0) return vec2(bound, 0.0);
    for (int i = uZero; i < 6; i++) {
        vec3 at = grove + vec3(s * (float(i) * 1.9 - 3.6 + rnd(30 + i, -0.6, 0.6)), 0.0, rnd(40 + i, -4.5, 6.0));
        at.y = land(at.xz, false) - 0.2;
        vec2 d = palm(p, at, rnd(50 + i, 4.6, 8.2), rnd(60 + i, -0.22, 0.22), rnd(70 + i));
        if (d.x < best.x) best = d;
    }
    return best;
}
// x distance; y material: 0 rock, 1 pyramid, 2 trunk, 3 frond
vec2 things(vec3 p) {
    vec2 r = vec2(rock(p), 0.0);
    if (p.z > 250.0) { float d = pyramids(p); if (d < r.x) r = vec2(d, 1.0); } else r.x = min(r.x, 30.0);
    if (p.z < 60.0) { vec2 d = palms(p); if (d.x < r.x) r = vec2(d.x, 2.0 + d.y); } 
    return r;
}
vec3 thingNormal(vec3 p, float e) {
    vec3 n = vec3(0.0);
    for (int i = uZero; i < 4; i++) {
        vec3 k = 0.5773 * (2.0 * vec3(float(((i + 3) >> 1) & 1), float((i >> 1) & 1), float(i & 1)) - 1.0);
        n += k * things(p + k * e).x;
    }
    return normalize(n);
}
float sunlight(vec3 p, float t0) {
    vec3 s = sunDir();
    float light = 1.0, t = t0;
    for (int i = uZero; i < 46; i++) {
        vec3 q = p + s * t;
        float d = min((q.y - land(q.xz, false)) * 0.8, things(q).x);
        light = min(light, 14.0 * d / t);
        t += clamp(d, 0.12 + 0.02 * t, 9.0);
        if (light < 0.02 || t > 55.0) break;                // shade from farther off would drown the foreground
    }
    return smoothstep(0.0, 1.0, light);
}
vec3 haze(vec3 c, vec3 rd, float t) {
    float near = pow(sat(dot(normalize(vec3(rd.x, 0.0, rd.z)), normalize(vec3(sunDir().x, 0.0, sunDir().z)))), 3.0);
    vec3 air = vec3(0.56, 0.42, 0.42) + vec3(0.85, 0.42, 0.12) * near;
    return mix(c, air, (1.0 - exp(-pow(t * 0.0021, 1.2))) * 0.85);
}
vec3 light(vec3 albedo, vec3 n, float sun, float open) {
    vec3 s = sunDir();
    vec3 c = albedo * SUN_COLOR * sun * sat(dot(n, s));
    c += albedo * vec3(0.26, 0.36, 0.58) * (0.55 + 0.45 * n.y) * open;
    c += albedo * vec3(0.50, 0.26, 0.12) * (0.5 - 0.5 * n.y) * 0.8 * open;
    return c + albedo * vec3(0.42, 0.22, 0.10) * sat(dot(n, -vec3(s.x, 0.0, s.z)) * 0.5 + 0.5) * 0.40 * open;
}
vec3 shadeSand(vec3 p, vec3 rd, float t) {
    float e = 0.02 + 0.002 * t;
    vec2 q = p.xz;
    vec3 n = normalize(vec3(land(q - vec2(e, 0.0), true) - land(q + vec2(e, 0.0), true), 2.0 * e,
                            land(q - vec2(0.0, e), true) - land(q + vec2(0.0, e), true)));
    // ripples run across the wind, fork, and fade on the lee faces
    vec2 wind = rot(0.12) * normalize(-sunDir().xz);
    float bend = 1.1 * noise(q * 0.30 + 5.0) + 0.22 * noise(q * 1.7);
    float phase = dot(q, wind) * 4.4 + bend * 3.2;
    float crest = fract(phase), slope = crest < 0.72 ? 1.0 / 0.72 : -1.0 / 0.28;
    float width = fwidth(phase);
    float strength = smoothstep(0.75, 0.10, width) * (0.35 + 0.9 * noise(q * 0.35 + 30.0)) * smoothstep(0.80, 0.93, n.y);
    float profile = crest < 0.72 ? crest / 0.72 : (1.0 - crest) / 0.28;
    slope *= smoothstep(0.0, 0.12, min(crest, 1.0 - crest)) * (0.35 + 0.65 * smoothstep(0.0, 0.16, abs(crest - 0.72)));
    n = normalize(n - vec3(wind.x, 0.0, wind.y) * slope * 0.13 * strength);
    float grain = hash(floor(q * 210.0 / (1.0 + floor(t * 0.35))));
    vec3 albedo = mix(vec3(0.70, 0.40, 0.19), vec3(0.86, 0.56, 0.30), fbm(q * 0.16 + 8.0, 4));
    albedo *= 0.93 + 0.14 * grain * exp(-t * 0.06) + 0.10 * (profile - 0.5) * strength;
    float sun = sunlight(p + vec3(0.0, 0.03, 0.0), 0.15 + 0.004 * t);
    vec3 c = light(albedo, n, sun, 1.0);
    float glint = step(0.994, hash(floor(q * 90.0 / (1.0 + floor(t * 0.25))) + 3.0)) * exp(-t * 0.10) * sun;
    c += glint * vec3(1.3, 1.0, 0.7) * 0.9;
    return c + albedo * SUN_COLOR * 0.20 * sun * pow(sat(1.0 + dot(n, rd)), 4.0);
}
vec3 shadeThing(vec3 p, vec3 rd, float t, float what) {
    vec3 n = thingNormal(p, 0.004 + 0.0007 * t), albedo;
    float ao = sat(0.45 + 0.55 * things(p + n * 0.9).x / 0.5) * sat(0.5 + 0.5 * things(p + n * 2.5).x / 1.4);
    if (what < 0.5) {
        float band = fbm(vec2(p.y * 0.75 + 0.6 * noise(p * 0.25), 3.0), 4);
        albedo = mix(vec3(0.42, 0.15, 0.075), vec3(0.74, 0.38, 0.20), smoothstep(0.25, 0.65, band));
        albedo = mix(albedo, vec3(0.82, 0.56, 0.36), 0.6 * smoothstep(0.60, 0.72, fbm(vec2(p.y * 1.7, 9.0), 3)));
        albedo *= 0.62 + 0.75 * fbm(p * vec3(1.1, 0.35, 1.1), 5);
        vec3 k = p * vec3(2.2, 3.4, 2.2);
        n = normalize(n + 0.75 * (vec3(fbm(k, 3), fbm(k + 17.0, 3), fbm(k + 31.0, 3)) - 0.44));
        albedo = mix(albedo, vec3(0.80, 0.50, 0.27), smoothstep(0.72, 0.92, n.y) * 0.7);
    } else if (what < 1.5) {
        albedo = vec3(0.62, 0.44, 0.29) * (0.75 + 0.4 * hash(floor(p * vec3(0.3, 0.62, 0.3)))) ;
        ao = 1.0;
    } else if (what < 2.5) {
        albedo = vec3(0.24, 0.15, 0.085) * (0.5 + 0.9 * fract(p.y * 3.2));
    } else {
        albedo = mix(vec3(0.07, 0.13, 0.03), vec3(0.22, 0.27, 0.07), noise(p * 2.0));
        n = normalize(n + vec3(0.0, 0.4, 0.0));
    }
    float sun = sunlight(p + n * 0.06, 0.25);
    vec3 c = light(albedo, n, sun, what > 0.5 && what < 1.5 ? 1.0 : ao);
    if (what > 2.5) c += vec3(0.40, 0.36, 0.06) * SUN_COLOR * 0.20 * sun * pow(sat(dot(rd, sunDir()) * 0.5 + 0.5), 2.0);
    return c;
}
// Birds far off: two bent strokes each. Coverage 0..1.
float birds(vec2 view) {
    float a = 0.0;
    for (int i = uZero; i < 7; i++) {
        vec2 at = vec2(-side() * rnd(80, 0.10, 0.34) + rnd(90 + i, -0.10, 0.10), rnd(81, 0.24, 0.34) + rnd(100 + i, -0.05, 0.05));
        float size = rnd(110 + i, 0.007, 0.013);
        vec2 q = (view - at) / size;
        q.x = abs(q.x);
        float y = q.y - 0.45 * sin(sat(q.x) * 2.6) * rnd(120 + i, 0.5, 1.1);
        float w = 0.13 * (1.1 - q.x);
        a = max(a, smoothstep(w + 0.10, w, abs(y)) * step(q.x, 1.0));
    }
    return a;
}
vec3 world(vec2 view, out float depth_m) {
    vec3 ro = vec3(0.0, eye(), 0.0), rd = normalize(vec3(view, 1.0));
    float t = 0.5, what = -1.0;
    for (int i = uZero; i < 260; i++) {
        vec3 p = ro + rd * t;
        if (p.y > 105.0 && rd.y > 0.0) break;
        vec2 k = things(p);
        float g = (p.y - land(p.xz, t < 120.0)) * 0.62, close = 0.0007 * t + 0.001;
        if (min(g, k.x) < close) { what = g < k.x ? 9.0 : k.y; break; }
        t += min(g, k.x);
        if (t > FAR_M) break;
    }
    depth_m = what < 0.0 ? 1e4 : t;
    vec3 p = ro + rd * t, c;
    if (what < 0.0) {
        c = sky(rd, true);
        c = mix(c, vec3(0.16, 0.10, 0.10), birds(view) * 0.85);
    } else {
        c = what > 8.0 ? shadeSand(p, rd, t) : shadeThing(p, rd, t, what);
        c = haze(c, rd, t);
    }
    // sand blown off the crests, and the sun's veil over its half of the picture
    float veil = pow(sat(dot(rd, sunDir())), 4.0);
    c += vec3(1.0, 0.55, 0.22) * veil * 0.10;
    float blown = fbm(vec2(view.x * 3.0 + view.y * 2.0, view.y * 26.0) + rnd(16) * 9.0, 5) * exp(-abs(view.y + 0.02) * 20.0);
    c = mix(c, vec3(1.0, 0.70, 0.46), sat(blown * 0.55) * smoothstep(20.0, 90.0, depth_m));
    float dust = flakes(view, 30.0, 1.0, 0.20, 1.0) * 0.4 + flakes(view, 11.0, 2.0, 0.14, 2.0) * 0.3;
    return c + dust * vec3(0.9, 0.6, 0.35) * 0.35;
}
