// Shared by every world: random numbers, noise, distance functions, the camera.
// A theme file follows this text and defines `vec3 world(vec2 view, out float depth_m)`.
// view: picture plane, x in -0.667..0.667, y in -0.45..0.55 with the horizon (eye level) at 0.
uniform vec2 uResolution;   // pixels
uniform vec2 uJitter;       // sub-pixel offset of this pass, pixels
uniform uint uSeed;         // layout seed: same seed, same world
uniform int uZero;          // always 0; keeps the compiler from unrolling loops
out vec4 outColor;

const float PI = 3.14159265;
const float HORIZON = 0.45; // eye level, as a share of the picture height from below

uint mixBits(uint h) {
    h = (h ^ (h >> 15)) * 2246822519u;
    h = (h ^ (h >> 13)) * 3266489917u;
    return h ^ (h >> 16);
}
float unitFrom(uint h) { return float(h >> 8) * (1.0 / 16777216.0); }
// The i-th random number of this picture, 0..1.
float rnd(int i) { return unitFrom(mixBits(uint(i) * 747796405u + uSeed * 2891336453u + 277803737u)); }
float rnd(int i, float low, float high) { return mix(low, high, rnd(i)); }

uint hashCell(ivec2 p) { return mixBits(uint(p.x) * 1597334677u ^ uint(p.y) * 3812015801u ^ uSeed * 668265263u); }
uint hashCell(ivec3 p) {
    return mixBits(uint(p.x) * 1597334677u ^ uint(p.y) * 3812015801u ^ uint(p.z) * 2798796415u ^ uSeed * 668265263u);
}
float hash(vec2 p) { return unitFrom(hashCell(ivec2(floor(p)))); }
float hash(vec3 p) { return unitFrom(hashCell(ivec3(floor(p)))); }
vec2 hash2(vec2 p) {
    uint h = hashCell(ivec2(floor(p)));
    return vec2(float(h & 65535u), float(h >> 16)) * (1.0 / 65536.0);
}
vec3 hash3(vec2 p) {
    uint h = hashCell(ivec2(floor(p)));
    return vec3(float(h & 2047u) / 2048.0, float((h >> 11) & 2047u) / 2048.0, float(h >> 22) / 1024.0);
}

// Value noise, 0..1.
float noise(vec2 p) {
    ivec2 i = ivec2(floor(p));
    vec2 f = fract(p);
    f = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    float a = unitFrom(hashCell(i)), b = unitFrom(hashCell(i + ivec2(1, 0)));
    float c = unitFrom(hashCell(i + ivec2(0, 1))), d = unitFrom(hashCell(i + ivec2(1, 1)));
    return mix(mix(a, b, f.x), mix(c, d, f.x), f.y);
}
float noise(vec3 p) {
    ivec3 i = ivec3(floor(p));
    vec3 f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    float plane[2];
    for (int k = 0; k < 2; k++) {
        ivec3 j = i + ivec3(0, 0, k);
        float a = unitFrom(hashCell(j)), b = unitFrom(hashCell(j + ivec3(1, 0, 0)));
        float c = unitFrom(hashCell(j + ivec3(0, 1, 0))), d = unitFrom(hashCell(j + ivec3(1, 1, 0)));
        plane[k] = mix(mix(a, b, f.x), mix(c, d, f.x), f.y);
    }
    return mix(plane[0], plane[1], f.z);
}
const mat2 TURN = mat2(0.8, 0.6, -0.6, 0.8);
float fbm(vec2 p, int octaves) {
    float sum = 0.0, gain = 0.5;
    for (int i = uZero; i < octaves; i++) { sum += gain * noise(p); p = TURN * p * 2.03 + 17.3; gain *= 0.5; }
    return sum;
}
float fbm(vec3 p, int octaves) {
    float sum = 0.0, gain = 0.5;
    for (int i = uZero; i < octaves; i++) {
        sum += gain * noise(p);
        p.xz = TURN * p.xz; p = p.yzx * 2.03 + 11.7; gain *= 0.5;
    }
    return sum;
}
// Ridged noise: sharp crests, 0..1.
float ridged(vec2 p, int octaves) {
    float sum = 0.0, gain = 0.5, carry = 1.0;
    for (int i = uZero; i < octaves; i++) {
        float r = 1.0 - abs(2.0 * noise(p) - 1.0);
        r *= r;
        sum += gain * r * carry;
        carry = clamp(r * 1.6, 0.0, 1.0);
        p = TURN * p * 2.07 + 9.1; gain *= 0.5;
    }
    return sum;
}
// Voronoi cells: x nearest distance, y distance to the cell border, z random number of the cell.
vec3 cells(vec2 p) {
    vec2 base = floor(p), f = fract(p), best = vec2(0.0), bestCell = vec2(0.0);
    float nearest = 9.0;
    for (int k = uZero; k < 9; k++) {
        vec2 g = vec2(float(k % 3) - 1.0, float(k / 3) - 1.0);
        vec2 r = g + hash2(base + g) - f;
        float d = dot(r, r);
        if (d < nearest) { nearest = d; best = r; bestCell = g; }
    }
    float border = 9.0;
    for (int k = uZero; k < 25; k++) {
        vec2 g = bestCell + vec2(float(k % 5) - 2.0, float(k / 5) - 2.0);
        vec2 r = g + hash2(base + g) - f;
        vec2 apart = r - best;
        if (dot(apart, apart) > 1e-4) border = min(border, dot(0.5 * (best + r), normalize(apart)));
    }
    return vec3(sqrt(nearest), border, hash(base + bestCell + 71.0));
}

mat2 rot(float a) { float c = cos(a), s = sin(a); return mat2(c, -s, s, c); }
float sat(float x) { return clamp(x, 0.0, 1.0); }
float smin(float a, float b, float k) { float h = max(k - abs(a - b), 0.0) / k; return min(a, b) - h * h * k * 0.25; }
float smax(float a, float b, float k) { return -smin(-a, -b, k); }
float sdBox(vec3 p, vec3 b) { vec3 q = abs(p) - b; return length(max(q, 0.0)) + min(max(q.x, max(q.y, q.z)), 0.0); }
float sdBox(vec2 p, vec2 b) { vec2 q = abs(p) - b; return length(max(q, 0.0)) + min(max(q.x, q.y), 0.0); }
float sdSegment(vec3 p, vec3 a, vec3 b) {
    vec3 pa = p - a, ba = b - a;
    return length(pa - ba * sat(dot(pa, ba) / dot(ba, ba)));
}
float sdSegment(vec2 p, vec2 a, vec2 b) {
    vec2 pa = p - a, ba = b - a;
    return length(pa - ba * sat(dot(pa, ba) / dot(ba, ba)));
}
float sdHexagon(vec2 p) { p = abs(p); return max(p.x * 0.8660254 + p.y * 0.5, p.y); }
float sdCylinder(vec3 p, float radius, float half_height) {
    vec2 d = vec2(length(p.xz) - radius, abs(p.y) - half_height);
    return min(max(d.x, d.y), 0.0) + length(max(d, 0.0));
}
float sdTorus(vec3 p, float major, float minor) { return length(vec2(length(p.xz) - major, p.y)) - minor; }
float fresnel(float cosine, float at_normal) { return at_normal + (1.0 - at_normal) * pow(1.0 - sat(cosine), 5.0); }

// A fresh random number for every pixel and pass: where a march through air begins.
float dither() { return hash(gl_FragCoord.xy + floor(uJitter * 977.0) * 31.0); }

// Bits drifting in the air (snow, dust, embers): one layer of soft discs over the picture.
float flakes(vec2 view, float per_unit, float radius_px, float share, float salt) {
    vec2 p = view * per_unit + salt * vec2(13.7, 7.9);
    vec2 cell = floor(p);
    vec3 h = hash3(cell + salt * 57.0);
    if (h.z > share) return 0.0;
    float pixel = per_unit / uResolution.y;
    float r = min(radius_px * uResolution.y / 960.0 * (0.5 + h.z / share), 0.4 / pixel);
    vec2 centre = cell + 0.45 + 0.1 * h.xy + (h.xy - 0.5) * max(0.9 - 2.0 * r * pixel, 0.0);
    float d = length(p - centre) / pixel;
    return smoothstep(r, r * 0.35, d) * (0.4 + 0.6 * h.y);
}
