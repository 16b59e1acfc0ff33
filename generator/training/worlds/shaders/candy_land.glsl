// A land of sweets by soft daylight: a gingerbread house, candy canes, lollipop trees, gumdrops, a doughnut, ice-cream peaks.
const vec3 SUN_COLOR = vec3(1.0, 0.94, 0.86) * 1.75;
const float EYE_M = 1.8;
const vec3 SWEETS[7] = vec3[7](vec3(0.95, 0.10, 0.25), vec3(1.0, 0.45, 0.06), vec3(1.0, 0.78, 0.10), vec3(0.22, 0.75, 0.30),
                               vec3(0.12, 0.60, 0.95), vec3(0.60, 0.25, 0.90), vec3(1.0, 0.30, 0.62));

// The layout, drawn once for every pixel: random numbers are dear inside a march.
float face, groundAt;                                      // side(); height of the land at the last scene()
vec3 house_at, doughnut_at;
vec4 cane_at[9], lolly_at[9], peak_at[5];                  // x, ground, z, height
float cane_turn[9], lolly_turn[9];

float side() { return rnd(1) < 0.5 ? -1.0 : 1.0; }        // the house's side; the sun shines over the other shoulder
vec3 sunDir() { return normalize(vec3(-face * 0.55, 0.72, -0.36)); }
vec3 sweet(float h) { return SWEETS[int(fract(h) * 6.999)]; }

float pathX(float z) { return face * (0.30 * z * smoothstep(4.0, 13.0, z) * smoothstep(40.0, 8.0, z) + 0.9 * sin(z * 0.20)) ; }
float land(vec2 p) {
    float off = abs(p.x - pathX(p.y) * smoothstep(30.0, 12.0, p.y));
    float h = (1.9 * noise(p * 0.085 + rnd(2) * 30.0) - 0.35) * smoothstep(2.0, 10.0, off) * smoothstep(1.0, 9.0, p.y + abs(p.x));
    float far = smoothstep(20.0, 70.0, p.y);
    h += far * (1.0 + 10.0 * pow(noise(p * 0.042 + rnd(3) * 30.0), 1.3) * smoothstep(0.0, 0.30, abs(p.x / max(p.y, 1.0))));
    return h + 0.10 * noise(p * 0.7) - 0.10 * smoothstep(1.25, 0.95, off) * smoothstep(34.0, 20.0, p.y);
}
vec3 inHouse(vec3 p) { vec3 q = p - house_at; q.xz *= rot(face * 0.36); return q; }
const vec2 SLOPE = vec2(0.788, 0.616);                     // normal of the roof
// Hit: x distance, y material, z a number for colour.
// 1 gingerbread, 2 icing, 3 cane, 4 lollipop, 5 sugared drop, 6 dough, 7 glaze, 8 ice cream, 9 cherry, 10 wafer
vec3 nearer(vec3 a, float d, float what, float look) { return d < a.x ? vec3(d, what, look) : a; }
vec3 house(vec3 p, vec3 r) {
    vec3 q = inHouse(p);
    float bound = length(q - vec3(0.0, 2.8, 0.0)) - 5.2;
    if (bound > 0.6) { r.x = min(r.x, bound); return r; }
    float x = abs(q.x), plane = dot(vec2(x, q.y - 5.5), SLOPE), along = dot(vec2(x, q.y - 5.5), vec2(SLOPE.y, -SLOPE.x)), z = abs(q.z);
    float body = max(max(x - 2.25, plane), max(z - 2.0, -q.y));
    r = nearer(r, body, 1.0, 0.0);
    float lobe = 0.10 + 0.17 * abs(sin(along * 4.1)) * smoothstep(2.0, 2.3, z);
    float eaves = 4.15 + 0.20 * abs(sin(q.z * 4.3));
    float roof = max(max(plane - 0.20, -plane - lobe), max(z - 2.42, along - eaves));
    r = nearer(r, roof * 0.8 - 0.05, 2.0, 0.0);
    float k = floor(along / 0.62), drop = length(vec3(along - (k + 0.5) * 0.62, plane - 0.28, z - 2.22)) - 0.20;
    if (along > 0.0 && along < eaves) r = nearer(r, drop, 5.0, k * 0.29 + 0.1);
    r = nearer(r, length(q - vec3(0.0, 5.72, -2.2)) - 0.34, 5.0, 0.0);
    float stack = sdBox(q - vec3(-face * 1.35, 5.0, 0.6), vec3(0.42, 1.1, 0.42));
    r = nearer(r, stack, 1.0, 1.0);
    r = nearer(r, sdBox(q - vec3(-face * 1.35, 6.12, 0.6), vec3(0.46, 0.08 + 0.10 * abs(sin(q.x * 9.0)), 0.46)) - 0.08, 2.0, 0.0);
    r = nearer(r, sdBox(vec3(x - 0.72, q.y - 1.15, q.z + 2.05), vec3(0.03, 1.15, 0.03)) - 0.12, 3.0, 7.0);
    // icing round the door and the windows
    vec2 f = vec2(q.x, q.y - 1.25);
    float door = f.y < 0.35 ? abs(f.x) - 0.58 : length(f - vec2(0.0, 0.35)) - 0.58;
    r = nearer(r, length(vec2(abs(door) - 0.01, q.z + 2.03)) - 0.075, 2.0, 0.0);
    float pane = length(vec2(x - 1.48, q.y - 1.75)) - 0.40;
    r = nearer(r, length(vec2(pane, q.z + 2.03)) - 0.07, 2.0, 0.0);
    float attic = length(vec2(q.x, q.y - 3.55)) - 0.42;
    r = nearer(r, length(vec2(attic, q.z + 2.03)) - 0.07, 2.0, 0.0);
    float beads = length(vec3(fract(q.x / 0.5) - 0.5, (q.y - 2.72) / 0.5, (z - 2.02) / 0.5)) * 0.5 - 0.10;
    if (x < 2.2) r = nearer(r, beads, 5.0, floor(q.x / 0.5) * 0.37);
    return nearer(r, sdBox(q - vec3(0.0, 0.05, 0.0), vec3(2.5, 0.10, 2.3)) - 0.12, 2.0, 0.0);
}
vec3 canes(vec3 p, vec3 r) {
    for (int i = uZero; i < 9; i++) {
        float tall = cane_at[i].w;
        vec3 q = p - cane_at[i].xyz;
        float away = length(q.xz);
        if (away > tall * 0.65) { r.x = min(r.x, away - tall * 0.5); continue; }
        q.y += 0.15;
        q.xz *= rot(cane_turn[i]);
        float way = (i & 1) == 0 ? -face : face;
        if (i < 2) q.x *= -way;
        q.xy *= rot(0.05 * way);
        float bend = tall * 0.17, wide = tall * 0.046, stem = tall - bend;
        vec2 o = q.xy - vec2(bend, stem);
        float d = q.y < stem ? length(vec2(q.x, q.z)) : 1e3;
        if (q.y >= stem) d = length(vec2(length(o) - bend, q.z));
        d = min(d, sdSegment(q, vec3(2.0 * bend, stem, 0.0), vec3(2.0 * bend, stem - bend * 0.7, 0.0)));
        r = nearer(r, max(d - wide, -q.y - 0.3), 3.0, float(i));
    }
    return r;
}
vec3 lollies(vec3 p, vec3 r) {
    for (int i = uZero; i < 9; i++) {
        float tall = lolly_at[i].w, disc = tall * (i < 2 ? 0.31 : 0.27);
        vec3 q = p - lolly_at[i].xyz;
        float away = length(q.xz);
        if (away > disc * 1.3 + 0.5) { r.x = min(r.x, away - disc * 1.15); continue; }
        q.xz *= rot(lolly_turn[i]);
        r = nearer(r, max(length(q.xz) - 0.022 * tall, max(q.y - tall, -q.y - 0.3)), 2.0, 1.0);
        vec3 c = q - vec3(0.0, tall, 0.0);
        vec2 e = vec2(length(c.xy) - disc * 0.86, abs(c.z) - disc * 0.06);
        r = nearer(r, min(max(e.x, e.y), 0.0) + length(max(e, 0.0)) - disc * 0.13, 4.0, float(i));
    }
    return r;
}
const float DROP_CELL_M = 1.5;
vec3 drops(vec3 p, float ground, vec3 r) {
    vec2 cell = floor(p.xz / DROP_CELL_M);
    vec3 h = hash3(cell + 300.0);
    vec2 at = (cell + 0.5 + (h.xy - 0.5) * 0.42) * DROP_CELL_M;
    float size = mix(0.16, 0.46, h.z * h.z), off = abs(at.x - pathX(at.y));
    if (length(p.xz - at) > size + 0.25) { r.x = min(r.x, max(length(p.xz - at) - size, 0.05)); return r; }
    if (hash(cell + 7.0) > 0.50 || at.y < 3.6 || at.y > 60.0 || off < 1.55 + size || length(at - house_at.xz) < 4.2) return r;
    vec3 q = vec3(p.x - at.x, p.y - land(at), p.z - at.y);
    float dome = length(q * vec3(1.0, 0.78, 1.0)) - size * (1.0 - 0.10 * sat(q.y / size));
    return nearer(r, max(dome, -q.y - 0.1) * 0.85, 5.0, h.x * 3.0 + h.y);
}
vec3 doughnut(vec3 p, vec3 r) {
    vec3 q = p - doughnut_at;
    if (length(q) > 5.0) { r.x = min(r.x, length(q) - 4.0); return r; }
    q.xz *= rot(-face * 0.42);
    q.yz *= rot(-0.16);
    vec3 w = q.xzy;                                        // stands on edge: axis toward the viewer
    float d = sdTorus(w, 2.25, 1.02) * 0.95, a = atan(q.y, q.x);
    float rim = length(q.xy) - 2.25;
    float edge = abs(rim) - 0.80 - 0.16 * sin(a * 9.0 + 1.0) - 0.08 * sin(a * 17.0);
    r = nearer(r, d, 6.0, 0.0);
    return nearer(r, smax(d - 0.085, max(edge, q.z + 0.12), 0.14), 7.0, 0.0);
}
vec3 peaks(vec3 p, vec3 r) {
    if (p.z < 40.0) { r.x = min(r.x, 42.0 - p.z); return r; }
    for (int i = uZero; i < 5; i++) {
        float tall = peak_at[i].w;
        vec3 q = p - peak_at[i].xyz;
        float base = tall * 0.46;
        if (length(q.xz) > base * 1.3 + 2.0) { r.x = min(r.x, length(q.xz) - base * 1.25); continue; }
        float t = sat(q.y / tall), a = atan(q.z, q.x) / (2.0 * PI);
        float swirl = abs(fract(t * 4.6 + a) - 0.5) * 2.0;
        float w = base * pow(1.0 - t, 0.80) * (1.0 - 0.20 * swirl * swirl * swirl);
        r = nearer(r, max(length(q.xz) - w, q.y - tall) * 0.52, 8.0, float(i) + 0.9 * t);
        r = nearer(r, length(q - vec3(0.0, tall + tall * 0.015, 0.0)) - tall * 0.075, 9.0, 0.0);
    }
    return r;
}
vec3 scene(vec3 p) {
    float g = land(p.xz);
    groundAt = g;
    vec3 r = vec3((p.y - g) * 0.75, 0.0, 0.0);
    r = house(p, r);
    r = canes(p, r);
    r = lollies(p, r);
    if (p.y - g < 0.7) r = drops(p, g, r);
    r = doughnut(p, r);
    return peaks(p, r);
}
void layOut() {
    face = side();
    house_at = vec3(face * rnd(4, 6.2, 6.8), 0.15, rnd(5, 15.0, 16.5));
    doughnut_at = vec3(-face * rnd(6, 8.4, 9.4), 0.0, rnd(7, 16.0, 18.0));
    doughnut_at.y = land(doughnut_at.xz) + 2.7;
    for (int i = uZero; i < 9; i++) {
        float way = (i & 1) == 0 ? -face : face;
        float tall = i == 0 ? 4.4 : i == 1 ? 2.7 : i < 5 ? rnd(20 + i, 1.6, 2.5) : rnd(20 + i, 2.4, 4.2);
        float z = i == 0 ? rnd(30, 8.6, 9.6) : i == 1 ? rnd(31, 8.4, 9.2) : i < 5 ? 10.5 + 2.6 * float(i - 2) : rnd(30 + i, 15.0, 30.0);
        float x = i == 0 ? -face * rnd(40, 4.3, 4.9) : i == 1 ? face * rnd(41, 4.7, 5.1) : i < 5 ? pathX(z) + way * 1.9 : way * rnd(40 + i, 7.0, 16.0);
        cane_at[i] = vec4(x, land(vec2(x, z)), z, tall);
        cane_turn[i] = i < 2 ? 0.25 * way : rnd(50 + i, -0.6, 0.6) + (way > 0.0 ? PI : 0.0);
        tall = i == 0 ? rnd(60, 3.0, 3.4) : i == 1 ? 2.2 : rnd(60 + i, 2.6, 5.4);
        z = i == 0 ? rnd(70, 7.4, 8.4) : i == 1 ? 6.6 : rnd(70 + i, (i & 1) == 0 ? 13.0 : 25.0, 38.0);
        x = i == 0 ? -face * rnd(80, 2.9, 3.3) : i == 1 ? face * rnd(81, 4.0, 4.3) : way * rnd(80 + i, 0.30, 0.62) * z;
        lolly_at[i] = vec4(x, land(vec2(x, z)), z, tall);
        lolly_turn[i] = rnd(90 + i, -0.45, 0.45);
    }
    for (int i = uZero; i < 5; i++) {
        float z = 66.0 + 8.0 * rnd(110 + i) + 5.0 * float(i);
        float ways = i == 0 ? -face * 0.30 : i == 1 ? face * 0.52 : i == 2 ? -face * 0.60 : i == 3 ? face * 0.20 : -face * 0.08;
        peak_at[i] = vec4((ways + rnd(120 + i, -0.03, 0.03)) * z, 2.0, z, i == 0 ? rnd(100, 25.0, 28.0) : rnd(100 + i, 12.0, 21.0));
    }
}
float borderAhead(vec3 p, vec3 rd) {
    vec2 local = p.xz - (floor(p.xz / DROP_CELL_M) + 0.5) * DROP_CELL_M;
    vec2 way = (0.5 * DROP_CELL_M * sign(rd.xz) - local) / rd.xz;
    return min(way.x, way.y) + 0.004;
}
// A bank of spun sugar: puffs lit from above. rgb, a coverage.
vec4 cloud(vec2 view, vec2 at, float size, int salt, vec3 tint) {
    vec2 q = (view - at) / size;
    vec4 sum = vec4(0.0);
    if (abs(q.x) > 1.7 || abs(q.y) > 1.0) return sum;
    vec2 curl = vec2(fbm(q * 2.3 + float(salt), 5), fbm(q * 2.3 + 30.0 + float(salt), 5)) - 0.48;
    vec2 fine = vec2(fbm(q * 7.0 + curl, 4), fbm(q * 7.0 + curl + 11.0, 4)) - 0.48;
    for (int i = uZero; i < 18; i++) {
        float u = rnd(salt + i * 3, -1.0, 1.0), r = (0.46 - 0.26 * abs(u)) * rnd(salt + i * 3 + 1, 0.8, 1.15);
        vec2 c = vec2(u * 1.05, rnd(salt + i * 3 + 2, -0.12, 0.42) * (1.0 - abs(u)) - 0.10);
        vec2 k = (q - c) / r + 0.45 * curl + 0.35 * fine;
        k.y = c.y + k.y * r < -0.22 ? k.y * 1.6 : k.y;
        float d = dot(k, k);
        if (d > 1.0) continue;
        vec3 n = vec3(k, -sqrt(1.0 - d));
        float lit = sat(dot(n, normalize(vec3(-face * 0.5, 0.8, -0.5))) * 0.6 + 0.4);
        vec3 col = mix(tint * vec3(0.72, 0.62, 0.86), mix(tint, vec3(1.0), 0.62) * 1.12, lit);
        sum = mix(sum, vec4(col, 1.0), smoothstep(0.0, 0.55, -n.z) * 0.9);
    }
    return sum;
}
vec3 sky(vec2 view) {
    float up = max(view.y, 0.0), s = face;
    vec3 c = mix(vec3(1.0, 0.68, 0.78), vec3(0.22, 0.58, 0.98), smoothstep(0.0, 0.42, up));
    c = mix(c, vec3(0.62, 0.55, 0.98), smoothstep(0.30, 0.62, up) * 0.45);
    c += vec3(0.30, 0.24, 0.10) * exp(-length(view - vec2(-s * 0.62, 0.50)) * 3.2);
    vec2 ray = view - vec2(-s * 0.62, 0.62);
    c += vec3(0.10, 0.08, 0.06) * smoothstep(0.45, 0.65, noise(vec2(atan(ray.y, ray.x) * 9.0, 3.0))) * exp(-length(ray) * 1.8);
    float r = (length((view - vec2(-s * 0.13, -0.22)) * vec2(1.0, 1.0)) - 0.53) / 0.085;
    if (r > -0.15 && r < 1.15) {
        vec3 hue = 0.5 + 0.5 * cos(2.0 * PI * (0.98 - 0.80 * (1.0 - sat(r)) + vec3(0.0, 0.33, 0.67)));
        c = mix(c, hue * 1.05, 0.55 * smoothstep(-0.12, 0.10, r) * smoothstep(1.12, 0.90, r) * smoothstep(0.02, 0.16, up));
    }
    for (int i = uZero; i < 7; i++) {
        float sx = (i & 1) == 0 ? -1.0 : 1.0;
        vec2 at = i < 6 ? vec2(sx * rnd(130 + i, 0.20, 0.62), i < 2 ? rnd(140 + i, 0.38, 0.47) : rnd(140 + i, 0.12, 0.34)) : vec2(rnd(136, -0.15, 0.15), 0.46);
        float size = i < 2 ? rnd(150 + i, 0.15, 0.19) : rnd(150 + i, 0.07, 0.12);
        vec3 tint = rnd(160 + i) < 0.55 ? vec3(1.0, 0.70, 0.84) : rnd(160 + i) < 0.8 ? vec3(0.72, 0.86, 1.0) : vec3(1.0, 0.90, 0.74);
        vec4 k = cloud(view, at, size, 1000 + 70 * i, tint);
        c = mix(c, k.rgb / max(k.a, 1e-3), k.a * 0.95);
    }
    return c;
}
vec3 sprinkles(vec2 q, vec3 base, float share) {           // little sugar rods over a surface; q in metres * density
    vec2 cell = floor(q);
    vec3 h = hash3(cell + 500.0);
    if (h.z > share) return base;
    vec2 o = rot(h.x * 6.3) * (fract(q) - 0.5 - 0.25 * (h.xy - 0.5));
    float d = sdSegment(o, vec2(-0.18, 0.0), vec2(0.18, 0.0)) - 0.085;
    return mix(base, mix(sweet(h.y * 5.0), vec3(1.0), 0.15) * (0.8 + 0.3 * smoothstep(-0.08, 0.0, o.y)), smoothstep(0.03, -0.02, d));
}
vec3 world(vec2 view, out float depth_m) {
    layOut();
    vec3 ro = vec3(0.0, land(vec2(0.0)) + EYE_M, 0.0), rd = normalize(vec3(view, 1.0));
    float t = 0.3;
    vec3 hit = vec3(1e3);
    bool found = false;
    for (int i = uZero; i < 240; i++) {
        vec3 p = ro + rd * t;
        hit = scene(p);
        if (hit.x < 0.0006 * t + 0.0006) { found = true; break; }
        float way = hit.x;
        if (p.z < 61.0 && p.y < 14.0) way = min(way, max(borderAhead(p, rd), p.y - groundAt - 0.6));
        t += max(way, 0.002);
        if (t > 170.0 || (p.y > 34.0 && rd.y > 0.0)) break;
    }
    depth_m = found ? t : 1e4;
    vec3 c;
    if (!found) c = sky(view);
    else {
        vec3 p = ro + rd * t, n = vec3(0.0), s = sunDir();
        float e = 0.002 + 0.0006 * t;
        for (int i = uZero; i < 4; i++) {
            vec3 k = 0.5773 * (2.0 * vec3(float(((i + 3) >> 1) & 1), float((i >> 1) & 1), float(i & 1)) - 1.0);
            n += k * scene(p + k * e).x;
        }
        n = normalize(n);
        // shade and shadow in one loop: steps along the normal, then toward the sun
        float ao = 1.0, shadow = 1.0, w = 0.06;
        for (int i = uZero; i < 32; i++) {
            bool near = i < 4;
            float h = near ? (0.06 + 0.16 * float(i)) * (1.0 + 0.04 * t) : w;
            float d = scene(p + (near ? n : s) * h + n * 0.02).x;
            if (near) ao -= 0.30 * max(h - d, 0.0) / h * pow(0.85, float(i));
            else { shadow = min(shadow, 9.0 * d / w); w += clamp(d, 0.08, 1.2); if (shadow < 0.01 || w > 26.0) break; }
        }
        ao = sat(ao); shadow = sat(shadow);
        vec3 albedo = vec3(1.0), emit = vec3(0.0);
        float gloss = 0.0, soft = 0.35;
        int what = int(hit.y + 0.5);
        if (what == 0) {
            float off = abs(p.x - pathX(p.z) * smoothstep(30.0, 12.0, p.z)), cream = fbm(p.xz * 0.16 + rnd(8) * 20.0, 4);
            albedo = mix(vec3(0.24, 0.76, 0.56), vec3(0.96, 0.42, 0.64), smoothstep(0.40, 0.56, cream));
            albedo = mix(albedo, vec3(1.0, 0.93, 0.84), smoothstep(0.56, 0.66, cream) * 0.9);
            float whip = fbm(p.xz * vec2(1.1, 2.2) + 1.5 * fbm(p.xz * 0.7, 3), 4);
            n = normalize(n + vec3(0.5, 0.0, 0.3) * (whip - 0.47) * exp(-t * 0.03));
            albedo *= 0.92 + 0.16 * whip;
            if (t < 30.0) albedo = sprinkles(p.xz * 4.2, albedo, 0.30 * exp(-t * 0.05));
            float road = smoothstep(1.18, 1.10, off + 0.10 * sin(p.z * 3.3)) * smoothstep(34.0, 26.0, p.z);
            if (road > 0.0) {
                vec3 k = cells(p.xz * vec2(1.35, 1.15));
                vec3 cookie = mix(vec3(0.72, 0.42, 0.17), vec3(0.90, 0.62, 0.32), fbm(p.xz * 5.0, 4) + 0.3 * (k.z - 0.5));
                vec2 chip = p.xz * 4.5;
                cookie = mix(vec3(0.16, 0.07, 0.035), cookie, smoothstep(0.16, 0.22, cells(chip).x + 0.25 * step(0.6, hash(floor(chip * 0.5)))));
                cookie = mix(vec3(1.0, 0.94, 0.88), cookie, smoothstep(0.03, 0.08, k.y));
                albedo = mix(albedo, cookie, road);
            }
            gloss = 0.10;
        } else if (what == 1) {
            vec3 q = inHouse(p);
            albedo = vec3(0.62, 0.31, 0.11) * (0.70 + 0.55 * fbm(p * 4.0, 5)) * (0.92 + 0.16 * hash(floor(p * 40.0)));
            if (hit.z < 0.5 && q.z < -1.9) {
                vec2 f = vec2(q.x, q.y - 1.25);
                float door = f.y < 0.35 ? abs(f.x) - 0.56 : length(f - vec2(0.0, 0.35)) - 0.56;
                float x = abs(q.x), pane = length(vec2(x - 1.48, q.y - 1.75)) - 0.38, attic = length(vec2(q.x, q.y - 3.55)) - 0.40;
                float square = min(min(abs(x - 1.48), abs(q.y - 1.75)), 1.0);
                if (door < 0.0) albedo = mix(vec3(0.32, 0.12, 0.06), vec3(0.42, 0.17, 0.08), step(0.5, fract(q.x * 3.6))) * (0.8 + 0.3 * noise(q.xy * vec2(30.0, 4.0)));
                if (door < 0.0 && length(f - vec2(0.36, -0.15)) < 0.09) { albedo = SWEETS[2]; gloss = 0.5; }
                if (pane < 0.0) { albedo = vec3(0.9, 0.6, 0.2); emit = vec3(1.0, 0.70, 0.25) * 0.75 * smoothstep(0.02, 0.05, square); if (square < 0.035) { albedo = vec3(1.0); emit = vec3(0.0); } }
                if (attic < 0.0) { float a = abs(fract(atan(q.y - 3.55, q.x) / PI * 3.0 + 0.25) - 0.5); albedo = sweet(floor(atan(q.y - 3.55, q.x) / PI * 3.0 + 0.25) * 0.31); emit = albedo * 0.55; if (a > 0.45) albedo = vec3(1.0); }
            } else if (q.z > -1.9 || hit.z > 0.5) {        // bricks of biscuit
                vec2 b = vec2(q.z + q.x, q.y) * vec2(1.6, 2.4);
                b.x += 0.5 * mod(floor(b.y), 2.0);
                vec2 f = min(fract(b), 1.0 - fract(b));
                albedo = mix(vec3(1.0, 0.93, 0.86), albedo, smoothstep(0.03, 0.08, min(f.x, f.y)) * 0.85 + 0.15);
            }
        } else if (what == 2) {
            albedo = hit.z > 0.5 ? vec3(0.98, 0.94, 0.90) : vec3(1.0, 0.96, 0.95);
            vec3 q = inHouse(p);
            if (hit.z < 0.5 && dot(vec2(abs(q.x), q.y - 5.5), SLOPE) > 0.10 && length(q) < 8.0) {
                float along = dot(vec2(abs(q.x), q.y - 5.5), vec2(SLOPE.y, -SLOPE.x));
                albedo = sprinkles(vec2(along, q.z) * 4.0, albedo, 0.40);
                n = normalize(n + 0.25 * (vec3(noise(p * 3.0), noise(p * 3.0 + 7.0), noise(p * 3.0 + 15.0)) - 0.5));
            }
            gloss = 0.25; soft = 0.5;
        } else if (what == 3) {
            float u = p.y * 1.35 + p.x * 0.9 + 0.25 * n.x;
            if (hit.z > 6.5) u = p.y * 2.2 + 0.9 * inHouse(p).x;
            float f = fract(u), second = smoothstep(0.02, 0.0, abs(fract(u + 0.27) - 0.5) - 0.035);
            vec3 ink = int(hit.z) % 3 == 1 ? vec3(0.10, 0.62, 0.38) : int(hit.z) % 3 == 2 && hit.z < 6.5 ? vec3(0.98, 0.25, 0.58) : vec3(0.88, 0.03, 0.08);
            albedo = mix(vec3(1.0, 0.97, 0.95), ink, max(smoothstep(0.0, 0.03, f) * smoothstep(0.46, 0.43, f), second));
            gloss = 0.9;
        } else if (what == 4) {
            int i = int(hit.z + 0.5);
            float tall = lolly_at[i].w;
            vec3 q = p - lolly_at[i].xyz - vec3(0.0, tall, 0.0);
            q.xz *= rot(lolly_turn[i]);
            float r = length(q.xy) / tall, a = atan(q.y, q.x) / (2.0 * PI);
            float turn = fract(a * (i % 2 == 0 ? 2.0 : 3.0) + r * 6.5 + 0.3);
            vec3 one = mix(sweet(rnd(170 + i)), vec3(1.0), 0.08), two = i % 3 == 0 ? vec3(1.0, 0.97, 0.95) : i % 3 == 1 ? mix(sweet(rnd(170 + i) + 0.43), vec3(1.0), 0.35) : mix(one, vec3(1.0), 0.72);
            albedo = mix(one, two, smoothstep(0.0, 0.04, turn) * smoothstep(0.54, 0.50, turn));
            n = normalize(n + vec3(q.xy / max(length(q.xy), 0.01), 0.0) * 0.16 * sin(turn * 2.0 * PI * 2.0));
            gloss = 1.0; soft = 0.5;
            emit = albedo * 0.10 * sat(dot(n, -s) + 0.4);
        } else if (what == 5) {
            albedo = mix(sweet(hit.z), vec3(1.0), 0.06);
            vec3 k = floor(p * (70.0 / (1.0 + 0.15 * t)));
            float sugar = hash(k);
            albedo = mix(albedo, vec3(1.0), 0.10 + 0.50 * step(0.72, sugar));
            emit = vec3(1.0) * step(0.985, sugar) * 0.9 * exp(-t * 0.05);
            soft = 0.6;
        } else if (what == 6) albedo = mix(vec3(0.66, 0.36, 0.13), vec3(0.88, 0.58, 0.27), fbm(p * 2.0, 4));
        else if (what == 7) {
            vec3 q = p - doughnut_at;
            q.xz *= rot(-face * 0.42);
            albedo = sprinkles(q.xy * 2.6, rnd(9) < 0.5 ? vec3(0.98, 0.42, 0.66) : vec3(0.30, 0.13, 0.07), 0.62);
            gloss = 0.8;
        } else if (what == 8) {
            float i = floor(hit.z), up = fract(hit.z) / 0.9;
            vec3 base = i == 0.0 ? vec3(1.0, 0.70, 0.80) : i == 1.0 ? vec3(0.66, 0.90, 0.80) : i == 2.0 ? vec3(1.0, 0.92, 0.76) : i == 3.0 ? vec3(0.78, 0.72, 0.98) : vec3(0.74, 0.88, 1.0);
            float drip = 0.60 - 0.16 * noise(vec2(p.x * 0.42 + p.z * 0.3, i)) - 0.10 * pow(noise(vec2(p.x * 0.95 + p.z, i + 5.0)), 2.0);
            vec3 sauce = i == 1.0 || i == 3.0 ? vec3(0.80, 0.10, 0.22) : vec3(0.28, 0.12, 0.06);
            float on = smoothstep(drip, drip + 0.01, up);
            albedo = mix(base, sauce, on); gloss = 0.25 + 0.5 * on; soft = 0.55;
        } else { albedo = vec3(0.85, 0.03, 0.08); gloss = 1.0; }
        float facing = dot(n, s);
        vec3 light = SUN_COLOR * mix(sat(facing), sat(facing * 0.7 + 0.3), soft) * mix(0.06, 1.0, shadow);
        vec3 ambient = mix(vec3(0.62, 0.40, 0.46), vec3(0.46, 0.58, 0.80), n.y * 0.5 + 0.5) * 0.60 * mix(0.22, 1.0, ao);
        c = albedo * (light * 0.70 + ambient) + albedo * albedo * vec3(0.30, 0.18, 0.16) * (1.0 - ao) + emit;
        vec3 r = reflect(rd, n);
        float fr = fresnel(-dot(rd, n), 0.04);
        c += gloss * (mix(vec3(1.0, 0.80, 0.84), vec3(0.55, 0.78, 1.0), sat(r.y)) * fr * ao * 0.75 + SUN_COLOR * (pow(sat(dot(r, s)), 60.0) * 0.9 + pow(sat(dot(r, s)), 12.0) * 0.10) * shadow);
        c += vec3(1.0, 0.75, 0.85) * pow(1.0 - sat(dot(n, -rd)), 3.5) * 0.16 * ao;
        vec3 air = mix(vec3(1.0, 0.76, 0.82), vec3(0.62, 0.78, 0.98), sat(rd.y * 2.5));
        c = mix(c, air, (1.0 - exp(-pow(t * 0.0085, 1.6))) * 0.72);
    }
    // glints in the air
    float pixel = uResolution.y / 960.0;
    for (int i = uZero; i < 26; i++) {
        vec2 o = (view - vec2(rnd(200 + i, -0.66, 0.66), rnd(240 + i, -0.30, 0.52))) * uResolution.y / pixel;
        float big = rnd(280 + i, 1.2, 4.2), star = exp(-abs(o.x) / big * 1.1) * exp(-abs(o.y) / big * 0.22) + exp(-abs(o.y) / big * 1.1) * exp(-abs(o.x) / big * 0.22);
        c += vec3(1.0, 0.95, 0.88) * star * 0.32;
    }
    return c;
}
