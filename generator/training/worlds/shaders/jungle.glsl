// A rain forest in the morning: great trunks hung with vines, a stepped temple and a waterfall in the mist, sun shafts.
const vec3 SUN_COLOR = vec3(1.0, 0.88, 0.52) * 2.3;
const float EYE_M = 1.75;

float side() { return rnd(1) < 0.5 ? -1.0 : 1.0; }        // the temple's side; the waterfall is on the other
vec3 sunDir() { return normalize(vec3(side() * 0.42, 0.80, 0.52)); }
vec2 sunView() { return vec2(side() * rnd(2, 0.22, 0.34), 0.62); }

float streamX(float z) { return -side() * (1.1 + 0.21 * z + 1.2 * sin(z * 0.24 + rnd(3) * 6.0) * smoothstep(2.0, 10.0, z)); }
float pathX(float z) { return side() * (0.25 * z * smoothstep(2.0, 20.0, z) + 0.5 * sin(z * 0.35)) + side() * 0.6; }
float water(vec2 p) { return abs(p.x - streamX(p.y)) - (0.85 + 0.035 * p.y) - 0.6 * (noise(p * 0.6) - 0.5); }
float land(vec2 p, int octaves) {
    float h = 1.1 * (fbm(p * 0.16 + rnd(4) * 20.0, octaves) - 0.42) * smoothstep(1.0, 7.0, abs(p.x)) + 0.028 * max(p.y - 6.0, 0.0);
    h += 1.6 * smoothstep(5.0, 16.0, abs(p.x)) + 0.10 * fbm(p * 1.3, octaves);
    float w = water(p);
    return mix(-0.42 + 0.026 * max(p.y - 6.0, 0.0), h, smoothstep(-0.5, 0.9, w));
}
float waterLevel(float z) { return -0.16 + 0.027 * max(z - 6.0, 0.0); }

vec4 trunkAt(int i) {                                      // x, z, radius, salt
    float s = side();
    if (i == 0) return vec4(-s * rnd(10, 4.9, 5.4), rnd(11, 9.2, 10.2), 0.78, 0.1);
    if (i == 1) return vec4(s * rnd(12, 5.7, 6.3), rnd(13, 8.4, 9.2), 0.62, 0.4);
    if (i == 2) return vec4(-s * rnd(14, 9.6, 11.0), rnd(15, 19.0, 21.0), 0.95, 0.7);
    if (i == 3) return vec4(s * rnd(16, 3.6, 4.6), rnd(17, 24.0, 26.0), 0.60, 0.9);
    if (i == 4) return vec4(s * rnd(18, 14.5, 16.5), rnd(19, 22.0, 25.0), 1.0, 0.3);
    return vec4(-s * rnd(20 + i, 2.2, 5.2), rnd(30 + i, 27.0, 34.0), 0.55, 0.5);
}
float trunks(vec3 p, out float vine) {
    float d = 1e3;
    vine = 1e3;
    for (int i = uZero; i < 7; i++) {
        vec4 k = trunkAt(i);
        vec2 q = p.xz - k.xy;
        float bound = length(q) - k.z * 3.2 - 0.8;
        if (bound > 0.8) { d = min(d, bound); continue; }
        float y = p.y - 0.2, lean = (k.w - 0.5) * 0.06;
        q.x -= lean * y + 0.18 * sin(y * 0.35 + k.w * 20.0);
        float a = atan(q.y, q.x), r = length(q);
        float flare = exp(-max(y, 0.0) * 0.85 / k.z * 0.75);
        float fin = pow(0.5 + 0.5 * cos(a * 6.0 + k.w * 9.0 + 0.6 * sin(y)), 2.2);
        float bark = 0.05 * noise(vec3(a * 4.0, y * 0.9, k.w * 30.0)) + 0.05 * noise(vec3(a * 11.0, y * 2.2, k.w * 30.0));
        d = min(d, (r - k.z * (1.0 - 0.012 * y) - k.z * flare * (0.35 + 1.5 * fin) - bark * 1.6) * 0.62);
        float climb = a - y * 0.75 - k.w * 7.0, other = a + y * 0.52 + 2.0;
        float on = k.z * (1.0 + flare * 0.9) + 0.10;
        climb = abs(mod(climb + PI, 2.0 * PI) - PI); other = abs(mod(other + PI, 2.0 * PI) - PI);
        vine = min(vine, (length(vec2(min(climb, other * 1.2) * r * 0.8, r - on)) - 0.065) * 0.6);
    }
    for (int i = uZero; i < 9; i++) {                      // lianas hanging free
        float z = rnd(50 + i, 6.5, 22.0), x = ((i & 1) == 0 ? -1.0 : 1.0) * rnd(60 + i, 0.26, 0.60) * z, low = rnd(70 + i, 1.6, 4.6);
        vec2 q = p.xz - vec2(x + 0.22 * sin(p.y * 0.55 + float(i)) + 0.06 * sin(p.y * 2.1 + float(i) * 2.0), z + 0.2 * cos(p.y * 0.4));
        vine = min(vine, max(length(q) - 0.035 - 0.012 * sin(p.y * 9.0 + float(i)), low - p.y) * 0.85);
    }
    return d;
}
vec3 templeAt() { return vec3(side() * rnd(5, 9.4, 10.4), 0.55, rnd(6, 27.0, 28.5)); }
float temple(vec3 p) {
    vec3 q = p - templeAt();
    float bound = length(q.xz) - 13.0;
    if (bound > 1.0) return bound;
    q.xz *= rot(side() * 0.30);
    float d = 1e3, ruin = 0.35 * (noise(p * 0.9) - 0.5);
    for (int i = uZero; i < 5; i++) {
        float k = float(i), half_m = 7.6 - 1.28 * k;
        vec3 b = q - vec3(0.0, 1.7 * k + 0.85, 0.0);
        b.xz *= 1.0 + 0.05 * b.y;                          // walls lean in
        d = min(d, sdBox(b, vec3(half_m, 0.85, half_m)) + ruin * 0.4);
        d = min(d, sdBox(b - vec3(0.0, 0.76, 0.0), vec3(half_m + 0.16, 0.11, half_m + 0.16)) + ruin * 0.6);
    }
    vec3 top = q - vec3(0.0, 8.5, 0.0);
    float shrine = sdBox(top - vec3(0.0, 1.1, 0.0), vec3(1.75, 1.1, 1.5));
    shrine = max(shrine, -sdBox(top - vec3(0.0, 0.85, -1.4), vec3(0.55, 0.85, 1.2)));
    shrine = min(shrine, sdBox(top - vec3(0.0, 2.35, 0.0), vec3(2.0, 0.18, 1.75)));
    shrine = min(shrine, max(sdBox(top - vec3(0.0, 3.1, 0.0), vec3(1.5, 0.7, 0.3)), -sdBox(vec2(abs(fract(top.x * 1.2) - 0.5), top.y - 3.0), vec2(0.22, 0.35))));
    d = min(d, shrine + ruin * 0.3);
    // the stair: steps between cheek walls
    float run = -q.z - 1.6, stair = q.y - (8.6 - run * 1.32);
    float step_m = 0.42, saw = abs(fract(q.y / step_m) - 0.5) * step_m * 0.8;
    float ramp = max(max(stair * 0.6 + saw - 0.1, abs(q.x) - 1.35), max(-run, q.y - 8.6));
    float cheek = max(max(stair * 0.6 - 0.42, abs(abs(q.x) - 1.6) - 0.28), max(-run, q.y - 8.8));
    return min(d, min(ramp, cheek)) * 0.75;
}
vec3 fallAt() { return vec3(-side() * rnd(7, 11.0, 12.2), 0.0, 36.0); }
float cliff(vec3 p) {
    vec3 q = p - fallAt();
    float bound = max(abs(q.x) - 15.0, 6.0 - q.z - 12.0);
    if (bound > 1.0) return bound;
    float lump = fbm(p * vec3(0.30, 0.22, 0.30), 5) * 4.4 + 0.9 * abs(fract(p.y * 0.16 + 0.6 * noise(p * 0.3)) - 0.5);
    float d = -q.z + 3.4 - lump + 0.06 * p.y;
    float notch = exp(-q.x * q.x * 0.35);
    float top = p.y - 12.5 - 2.6 * noise(p.xz * 0.22) + 1.2 * notch + 0.020 * q.x * q.x;
    return smax(d, top, 1.2) * 0.55;
}
// x distance; y material: 0 ground, 1 bark, 2 vine, 3 temple, 4 cliff
vec2 scene(vec3 p) {
    vec2 r = vec2((p.y - land(p.xz, 4)) * 0.65, 0.0);
    float vine, d = trunks(p, vine);
    if (d < r.x) r = vec2(d, 1.0);
    if (vine < r.x) r = vec2(vine, 2.0);
    d = temple(p); if (d < r.x) r = vec2(d, 3.0);
    d = cliff(p); if (d < r.x) r = vec2(d, 4.0);
    return r;
}
// Sun spots that fall through the canopy, 0..1.
float dapple(vec3 p) {
    vec3 s = sunDir();
    vec2 q = p.xz - s.xz / s.y * p.y;
    return smoothstep(0.47, 0.60, fbm(q * 0.33 + rnd(8) * 20.0, 4)) * (0.55 + 0.45 * smoothstep(0.35, 0.6, noise(q * 2.3)));
}
vec3 airColor(vec2 view) {
    float near = length((view - sunView()) * vec2(1.0, 0.85));
    return mix(vec3(0.075, 0.20, 0.12), vec3(0.95, 0.92, 0.46), 1.0 * exp(-near * 2.9)) + vec3(0.02, 0.07, 0.06) * exp(-abs(view.y - 0.05) * 5.0);
}
vec3 haze(vec3 c, vec2 view, float t) { return mix(c, airColor(view), (1.0 - exp(-pow(t * 0.0150, 1.5))) * 0.92); }
// Tree tops and trunks far behind, pale in the mist, drawn as rows of silhouettes.
vec3 farForest(vec2 view) {
    vec3 c = airColor(view) * 1.12 + vec3(0.5, 0.5, 0.25) * exp(-length(view - sunView()) * 3.4);
    for (int row = uZero; row < 4; row++) {
        float k = float(row), scale = 1.0 + 0.5 * k, x = view.x * (6.0 - k) + k * 7.3 + rnd(9) * 20.0;
        float crowns = 0.33 - 0.060 * k + 0.10 * noise(vec2(x * 0.55, k)) + 0.055 * fbm(vec2(x * 2.3, view.y * 7.0 + k * 5.0), 5) - 0.03;
        float gap = fbm(view * vec2(7.0, 5.0) * scale + k * 13.0 + rnd(9) * 9.0, 6);
        float leafy = smoothstep(0.50 - 0.03 * k, 0.44 - 0.03 * k, gap + 0.55 * (view.y - crowns));
        float cell = floor(x * 0.9), h = hash(vec2(cell, k * 3.0)), trunk = abs(fract(x * 0.9) - 0.3 - 0.4 * h + 0.04 * sin(view.y * 9.0 + h * 9.0)) - 0.05 - 0.05 * h;
        float in_it = max(leafy, smoothstep(0.02, -0.01, trunk));
        vec3 tone = vec3(0.05, 0.12, 0.05) * (0.7 + 1.3 * gap);
        c = mix(c, mix(tone, airColor(view), 0.84 - 0.115 * k), in_it * smoothstep(-0.12, -0.02, view.y));
    }
    return c;
}
// One leaf: base at the origin, tip at (1, 0). rgb reflectance, a coverage. kinds: 0 broad, 1 fern, 2 palm, 3 split
vec4 leaf(vec2 q, float kind, float id, float blur) {
    float x = q.x, y = abs(q.y), w, d, tone = 1.0;
    if (x < -0.02 || x > 1.02 || y > 0.45) return vec4(0.0);
    if (kind < 0.5) {
        w = 0.165 * pow(sat(sin(PI * pow(sat(x), 0.82))), 0.75);
        float tear = smoothstep(0.80, 0.90, noise(vec2(x * 16.0 - y * 16.0, id * 37.0 + sign(q.y) * 9.0))) * smoothstep(0.25, 0.6, y / max(w, 0.01));
        d = y - w + 0.20 * tear;
        tone = 0.86 + 0.14 * sin((x - 0.9 * y) * 105.0);
    } else if (kind < 1.5) {
        w = 0.20 * pow(sat(1.0 - x), 0.75) * smoothstep(0.02, 0.18, x);
        float u = fract((x - 0.30 * y) * 21.0), lobe = abs(u - 0.5) * 2.0;
        d = max(y - w * (1.0 - 0.3 * lobe * lobe), (lobe - 0.86 + 0.45 * sat(y / max(w, 0.01)) * sat(y / max(w, 0.01))) * 0.023);
        d = min(d, y - 0.006);
        tone = 0.8 + 0.3 * (1.0 - lobe);
    } else if (kind < 2.5) {
        w = 0.36 * pow(sat(1.02 - x), 0.5) * smoothstep(0.05, 0.30, x);
        float u = fract((x - 0.62 * y) * 24.0), lobe = abs(u - 0.5) * 2.0;
        d = max(y - w, (lobe - 0.80 * pow(sat(1.0 - y / max(w, 0.01)), 0.6)) * 0.019);
        d = min(d, y - 0.009 * (1.1 - x));
        tone = 0.75 + 0.4 * (1.0 - lobe);
    } else {
        w = 0.33 * pow(sat(sin(PI * pow(sat(x * 0.96 + 0.04), 0.62))), 0.8);
        float u = fract((x - 0.55 * y) * 6.5 + 0.2), cut = smoothstep(0.16, 0.06, abs(u - 0.5)) * smoothstep(0.30, 0.55, y / max(w, 0.01)) * step(0.12, x) * step(x, 0.86);
        d = y - w + 0.30 * cut;
        tone = 0.92 + 0.10 * sin((x - 0.55 * y) * 41.0);
    }
    float a = smoothstep(blur, -blur, d);
    vec3 c = mix(vec3(0.020, 0.105, 0.020), vec3(0.10, 0.25, 0.025), fract(id * 7.7));
    c = mix(c, vec3(0.015, 0.12, 0.075), step(0.72, fract(id * 3.3)) * 0.8);
    c *= tone * (q.y > 0.0 ? 1.22 : 0.80);                 // folded along its rib
    c = mix(vec3(0.20, 0.32, 0.08), c, smoothstep(0.004, 0.012, y + 0.004 * x));
    return vec4(c, a);
}
// Everything that grows in front: clumps of leaves from far to near.
vec3 plants(vec2 view, vec3 c, float depth_m) {
    float s = side();
    for (int i = uZero; i < 64; i++) {
        float u = float(i) / 63.0;
        bool hanging = i > 36 && i % 4 == 1;
        float z = mix(22.0, 2.5, pow(u, 0.62)), sx = (i & 1) == 0 ? -1.0 : 1.0;
        if (hanging) sx = rnd(300 + i) < 0.5 ? -1.0 : 1.0;
        if (z > depth_m + 0.6) continue;
        float ways = mix(mix(0.10, 0.40, smoothstep(0.1, 0.9, u)), 0.74, pow(rnd(400 + i), 0.8)), size = mix(1.0, 1.75, rnd(500 + i)) * (u > 0.85 ? 0.80 : 1.0);
        vec2 at = vec2(sx * ways, hanging ? rnd(600 + i, 0.50, 0.66) : 0.0);
        if (!hanging) {
            float ground = land(vec2(at.x * z, z), 2);
            if (water(vec2(at.x * z, z)) < 0.3 || abs(at.x * z - pathX(z)) < 1.0) at.x += sx * 1.3 / z;
            at.y = (ground - 0.05 - EYE_M) / z;
        }
        float reach = size / z * 1.05;
        if (hanging) reach = rnd(700 + i, 0.16, 0.27);
        vec2 q = (view - at) / reach;
        if (dot(q, q) > 1.25) continue;
        float kind = floor(rnd(800 + i) * 3.999), fan = hanging ? 2.0 : 2.7, count = kind < 0.5 || kind > 2.5 ? 8.0 : 11.0;
        float spot = 0.35 + 0.85 * dapple(vec3(at.x * z, 0.6, z)), shade = hanging ? 0.30 : mix(0.85, 0.42, smoothstep(0.75, 1.0, u));
        vec3 sum = vec3(0.0);
        float cover = 0.0;
        for (float k = 0.0; k < count; k += 1.0) {
            float id = fract(rnd(900 + i) + k * 0.618), v = fract(k * 0.618 + 0.3), angle = PI * 0.5 + (v - 0.5) * fan;
            if (hanging) angle = -angle;
            float long_one = mix(0.66, 1.0, fract(id * 5.1)) * (kind > 2.5 ? 0.78 : 1.0);
            vec2 dir = vec2(cos(angle), sin(angle)), o = vec2(dot(q, dir), dot(q, vec2(-dir.y, dir.x))) / long_one;
            float stalk = kind > 2.5 ? 0.34 : 0.0;         // split leaves stand on stalks
            float droop = (0.42 + 0.3 * fract(id * 9.1)) * dir.x * (hanging ? -0.4 : 1.0);
            o.y += droop * o.x * o.x;
            if (stalk > 0.0 && o.x > 0.0 && o.x < stalk + 0.05 && abs(o.y) < 0.012) { sum = vec3(0.05, 0.10, 0.02) * spot * shade; cover = 1.0; }
            o.x = (o.x - stalk) / (1.0 - stalk);
            o.y /= 1.0 - stalk;
            vec4 l = leaf(o, kind, id, 1.2 / (uResolution.y * reach * long_one));
            if (l.a <= 0.0) continue;
            // lit from above, glowing where the sun stands behind
            float up = 0.45 + 0.75 * sat(o.x) * (hanging ? 0.6 : 1.0) + 0.25 * (1.0 - abs(v - 0.5) * 2.0);
            float behind = exp(-length(view - sunView()) * 2.2);
            vec3 lit = l.rgb * (vec3(0.55, 0.75, 0.55) * up + SUN_COLOR * spot * up * 0.75) * shade + l.rgb * vec3(3.2, 2.9, 0.8) * behind * shade * spot;
            lit += vec3(0.25, 0.32, 0.26) * 0.16 * smoothstep(0.5, 1.0, noise(o * vec2(5.0, 9.0) + id * 30.0)) * spot * shade;
            lit *= 0.50 + 0.50 * smoothstep(0.05, 0.5, length(q)) ;
            sum = mix(sum, lit, l.a); cover = max(cover, l.a);
        }
        if (!hanging && rnd(1000 + i) > 0.66) {            // flowers over some of them
            for (int f = uZero; f < 3; f++) {
                vec2 o = (q - vec2(rnd(1100 + i * 3 + f, -0.4, 0.4), rnd(1300 + i * 3 + f, 0.35, 0.75))) / 0.085;
                float a = atan(o.y, o.x), r = length(o) / (0.62 + 0.38 * abs(cos(a * 2.5)));
                vec3 ink = rnd(1500 + i) < 0.4 ? vec3(0.85, 0.07, 0.05) : rnd(1500 + i) < 0.7 ? vec3(0.90, 0.30, 0.03) : vec3(0.75, 0.12, 0.50);
                float in_it = smoothstep(1.05, 0.92, r);
                sum = mix(sum, mix(vec3(0.95, 0.75, 0.15), ink * (0.5 + 0.6 * r), smoothstep(0.18, 0.30, length(o))) * (0.5 + spot), in_it);
                cover = max(cover, in_it);
            }
        }
        c = mix(c, haze(sum, view, z), cover);
    }
    return c;
}
vec3 world(vec2 view, out float depth_m) {
    vec3 ro = vec3(0.0, EYE_M, 0.0), rd = normalize(vec3(view, 1.0));
    float t = 0.5;
    vec2 hit = vec2(0.0);
    bool found = false;
    for (int i = uZero; i < 210; i++) {
        vec3 p = ro + rd * t;
        hit = scene(p);
        if (hit.x < 0.0008 * t + 0.001) { found = true; break; }
        t += hit.x;
        if (t > 62.0) break;
    }
    float pool = 1e9;
    for (int i = uZero; i < 3; i++) { float z = i == 0 ? 8.0 : pool * rd.z; pool = rd.y < -1e-4 ? (waterLevel(z) - ro.y) / rd.y : 1e9; }
    bool wet = pool < 60.0 && (!found || pool < t) && water((ro + rd * pool).xz) < 0.6;
    if (wet) { t = pool; found = true; }
    depth_m = found ? t : 1e4;
    vec3 p = ro + rd * t, s = sunDir(), c;
    if (!found) c = farForest(view);
    else if (wet) {
        vec2 w = p.xz * vec2(2.4, 1.0) + vec2(0.0, rnd(40) * 9.0);
        vec2 tilt = vec2(fbm(w * 1.5, 4), fbm(w * 1.5 + 20.0, 4)) - 0.47;
        vec3 n = normalize(vec3(tilt.x * 0.30, 1.0, tilt.y * 0.30)), r = reflect(rd, n);
        vec2 up = vec2(r.x, r.y) / max(r.z, 0.25) + vec2(0.0, 0.02);
        vec3 mirror = farForest(vec2(up.x, min(up.y * 1.2 + 0.03, 0.55))) * 0.80;
        vec3 bed = mix(vec3(0.035, 0.060, 0.035), vec3(0.12, 0.11, 0.06), cells(p.xz * 2.2 + tilt * 0.4).z) * (0.4 + 0.8 * dapple(p));
        c = mix(bed, mirror, fresnel(-dot(rd, n), 0.06) * 0.9 + 0.08);
        float foam = smoothstep(0.62, 0.80, fbm(p.xz * vec2(3.0, 0.9) + 3.0 * tilt, 5) + 0.16 * exp(-abs(water(p.xz)) * 3.0) + 0.3 * smoothstep(22.0, 33.0, p.z));
        c = mix(c, vec3(0.75, 0.88, 0.82), foam * 0.55) + SUN_COLOR * dapple(p) * pow(sat(dot(r, s)), 24.0) * 0.8;
        c = haze(c, view, t);
    } else {
        vec3 n = vec3(0.0);
        float e = 0.004 + 0.0009 * t, ao = 1.0;
        for (int i = uZero; i < 4; i++) {
            vec3 k = 0.5773 * (2.0 * vec3(float(((i + 3) >> 1) & 1), float((i >> 1) & 1), float(i & 1)) - 1.0);
            n += k * scene(p + k * e).x;
        }
        n = normalize(n);
        for (int i = uZero; i < 4; i++) { float h = (0.08 + 0.22 * float(i)) * (1.0 + 0.05 * t); ao -= 0.26 * max(h - scene(p + n * h).x * 1.3, 0.0) / h; }
        ao = sat(ao);
        float moss = fbm(p * 1.7, 5), sun = dapple(p);
        vec3 albedo, green = mix(vec3(0.035, 0.110, 0.016), vec3(0.13, 0.21, 0.030), fbm(p * 3.1 + 7.0, 5));
        vec3 k = p * 6.0;
        vec3 rough = vec3(fbm(k, 4), fbm(k + 17.0, 4), fbm(k + 31.0, 4)) - 0.47;
        if (hit.y < 0.5) {
            float litter = cells(p.xz * 3.4).z;
            albedo = mix(mix(vec3(0.060, 0.040, 0.020), vec3(0.13, 0.075, 0.030), litter), green, smoothstep(0.36, 0.52, moss));
            float off = abs(p.x - pathX(p.z));
            if (off < 1.5) {
                vec3 slab = cells(p.xz * vec2(0.95, 1.15) + 3.0);
                float on = smoothstep(1.15, 0.85, off + 0.35 * (slab.z - 0.5)) * smoothstep(0.05, 0.10, slab.y);
                albedo = mix(albedo, mix(vec3(0.19, 0.20, 0.17) * (0.6 + 0.7 * fbm(p * 3.0, 5)), green, 0.65 * smoothstep(0.42, 0.6, moss)), on);
                ao *= 0.6 + 0.4 * smoothstep(0.02, 0.12, slab.y);
            }
            n = normalize(n + rough * 0.55);
        } else if (hit.y < 1.5) {
            albedo = mix(vec3(0.085, 0.060, 0.040), vec3(0.16, 0.13, 0.095), noise(p * vec3(7.0, 1.2, 7.0))) * (0.5 + 0.8 * moss);
            albedo = mix(albedo, green * 0.95, smoothstep(0.44, 0.60, moss + 0.28 * exp(-p.y * 0.45) + 0.10 * n.x * side()));
            n = normalize(n + rough * vec3(0.7, 0.35, 0.7));
        } else if (hit.y < 2.5) albedo = mix(vec3(0.07, 0.055, 0.03), green, 0.55);
        else if (hit.y < 3.5) {
            vec2 b = vec2(abs(n.x) > abs(n.z) ? p.z : p.x, p.y) * vec2(0.95, 1.75);
            b.x += 0.5 * mod(floor(b.y), 2.0);
            vec2 f = min(fract(b), 1.0 - fract(b));
            albedo = vec3(0.29, 0.28, 0.23) * (0.55 + 0.75 * fbm(p * 2.2, 5)) * (0.85 + 0.3 * hash(floor(b))) * (0.45 + 0.55 * smoothstep(0.0, 0.07, min(f.x, f.y)));
            float drip = fbm(vec2(b.x * 1.3, p.y * 0.30), 5);
            albedo = mix(albedo, green * 1.1, smoothstep(0.50, 0.66, moss * 0.6 + drip * 0.5 + 0.30 * sat(n.y)));
            n = normalize(n + rough * 0.3);
        } else {
            vec3 q = p - fallAt();
            albedo = mix(vec3(0.10, 0.095, 0.085), vec3(0.20, 0.18, 0.15), fbm(p * vec3(0.7, 1.4, 0.7), 5));
            albedo = mix(albedo, green * 1.2, smoothstep(0.42, 0.56, moss + 0.35 * sat(n.y)));
            float wide = 1.35 + 0.05 * (12.0 - p.y) + 0.5 * (noise(vec2(p.y * 0.7, 4.0)) - 0.5);
            float streak = fbm(vec2(q.x * 3.2 + 0.4 * noise(vec2(q.x, p.y * 0.5)), p.y * 0.30 + rnd(41) * 9.0), 6);
            float fall = smoothstep(wide, wide * 0.55, abs(q.x) + 0.7 * (0.5 - streak));
            albedo = mix(albedo, vec3(0.75, 0.88, 0.90) * (0.45 + 0.9 * streak), fall);
            n = normalize(n + rough * 0.6 * (1.0 - fall));
            sun = max(sun, fall * 0.55);
        }
        c = albedo * (SUN_COLOR * sun * sat(dot(n, s) * 0.8 + 0.2) * (0.3 + 0.7 * ao) + vec3(0.40, 0.62, 0.42) * (0.55 + 0.45 * n.y) * ao);
        c += albedo * vec3(0.75, 0.90, 0.45) * sat(dot(n, normalize(vec3(-rd.x * 2.0, 0.2, -0.7)))) * 0.30 * ao;
        c += vec3(0.55, 0.68, 0.30) * pow(1.0 - sat(dot(n, -rd)), 3.0) * 0.10 * ao;
        c = haze(c, view, t);
    }
    // mist over the water and at the foot of the fall
    vec2 foot = vec2(fallAt().x / 36.0, -0.02);
    float spray = exp(-length((view - foot) * vec2(1.0, 1.5)) * 9.0) * (0.5 + 0.8 * fbm(view * 9.0 + rnd(42) * 9.0, 5));
    float low = exp(-abs(view.y + 0.03) * 17.0) * fbm(vec2(view.x * 3.5, view.y * 13.0) + rnd(43) * 9.0, 5);
    c = mix(c, airColor(view) * 1.05 + 0.06, sat(spray * 0.9 * smoothstep(20.0, 34.0, depth_m) + low * 0.75 * smoothstep(7.0, 26.0, depth_m)));
    c = plants(view, c, depth_m);
    // shafts of sun from the gap in the canopy
    vec2 ray = view - sunView();
    float a = atan(ray.x, -ray.y), far = length(ray);
    float beam = pow(noise(vec2(a * 8.0, rnd(44) * 20.0)), 2.6) + 0.5 * pow(noise(vec2(a * 23.0, rnd(45) * 20.0)), 3.0);
    beam *= smoothstep(0.0, 0.25, far) * exp(-far * 1.55) * smoothstep(-0.42, 0.10, view.y) * smoothstep(2.0, 16.0, depth_m + 3.0);
    c += vec3(0.95, 0.90, 0.42) * beam * 0.42;
    // butterflies
    for (int i = uZero; i < 6; i++) {
        vec2 at = vec2(((i & 1) == 0 ? -1.0 : 1.0) * rnd(1600 + i, 0.22, 0.58), rnd(1610 + i, -0.15, 0.30));
        float size = rnd(1620 + i, 0.012, 0.024);
        vec2 q = rot(rnd(1630 + i, -0.6, 0.6)) * (view - at) / size;
        q.x = abs(q.x) / mix(0.55, 1.0, rnd(1640 + i));
        float upper = length((q - vec2(0.52, 0.32)) * vec2(1.0, 1.25)) - 0.52, lower = length((q - vec2(0.40, -0.40)) * vec2(1.1, 1.0)) - 0.36;
        float wing = min(upper, lower), body = length(q * vec2(1.0, 0.16)) - 0.08;
        vec3 ink = rnd(1650 + i) < 0.6 ? vec3(0.03, 0.30, 1.0) : vec3(1.0, 0.42, 0.03);
        float px = 1.5 / (uResolution.y * size);
        vec3 col = mix(ink * (0.7 + 0.7 * q.y), vec3(0.012), smoothstep(-0.14, -0.06, wing));
        c = mix(c, col, smoothstep(px, -px, wing));
        c = mix(c, vec3(0.015), smoothstep(px, -px, body));
    }
    float motes = flakes(view, 24.0, 1.4, 0.25, 1.0) * 0.5 + flakes(view, 9.0, 2.4, 0.22, 2.0) * 0.5;
    return c + motes * vec3(0.95, 0.95, 0.5) * (0.10 + 0.5 * exp(-far * 2.0));
}
