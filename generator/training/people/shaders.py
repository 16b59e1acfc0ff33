"""GLSL of the three passes: shadow map, surface buffer (albedo, normal, part, distance), light."""

VERTEX = """
#version 330
in vec3 in_position;  // camera space, m: x right, y down, z away
in vec3 in_normal;
in vec3 in_rest;
in vec3 in_color;
in vec2 in_tex;
in float in_part;
in float in_material;
in float in_cut;
in float in_layer;
uniform mat4 clip_from_camera;
out vec3 v_position; out vec3 v_normal; out vec3 v_rest; out vec3 v_color; out vec2 v_tex;
out float v_cut; out float v_layer;
flat out int v_part; flat out int v_material;
void main() {
    gl_Position = clip_from_camera * vec4(in_position, 1.0);
    v_position = in_position; v_normal = in_normal; v_rest = in_rest; v_color = in_color; v_tex = in_tex;
    v_cut = in_cut; v_layer = in_layer;
    v_part = int(in_part + 0.5); v_material = int(in_material + 0.5);
}
"""

_COMMON = """
float hash(vec3 p) { p = fract(p * vec3(0.1031, 0.1030, 0.0973)); p += dot(p, p.yxz + 33.33); return fract((p.x + p.y) * p.z); }
float noise(vec3 p) {
    vec3 i = floor(p), f = fract(p); f = f * f * (3.0 - 2.0 * f);
    float a = mix(mix(hash(i), hash(i + vec3(1,0,0)), f.x), mix(hash(i + vec3(0,1,0)), hash(i + vec3(1,1,0)), f.x), f.y);
    float b = mix(mix(hash(i + vec3(0,0,1)), hash(i + vec3(1,0,1)), f.x), mix(hash(i + vec3(0,1,1)), hash(i + vec3(1,1,1)), f.x), f.y);
    return mix(a, b, f.z);
}
in vec3 v_position; in vec3 v_normal; in vec3 v_rest; in vec3 v_color; in vec2 v_tex; in float v_cut; in float v_layer;
flat in int v_part; flat in int v_material;
uniform vec2 hair_grain;   // cells per metre across and along
uniform float hair_density;
bool covered() {
    if (v_cut <= 0.0) return false;
    if (v_material == 2) {  // shell hair: tufts that thin out towards their tips
        float tuft = 0.62 * noise(v_rest * vec3(1.0, 0.45, 1.0) * hair_grain.x) + 0.38 * noise(v_rest * hair_grain.x * 2.7 + 7.0);
        return tuft * hair_density + (1.0 - v_layer) * 0.42 > 0.50 && tuft + 0.25 < v_cut * 1.6;
    }
    if (v_material == 3) {  // hair cards: strands along v
        float strand = noise(vec3(v_tex.x * 260.0, v_tex.y * 7.0, 1.0));
        return strand > 0.16;
    }
    if (v_material == 5) {  // brows: a soft band along the card
        float across = abs(v_tex.y - 0.5) * 2.0, along = abs(v_tex.x - 0.5) * 2.0;
        return noise(vec3(v_tex * vec2(90.0, 30.0), 3.0)) * 0.6 + 0.55 > across * 1.2 + 0.2 * along;
    }
    if (v_material == 6) return false;
    return true;
}
"""

SHADOW_FRAGMENT = "#version 330\n" + _COMMON + "void main() { if (!covered()) discard; }"

SURFACE_FRAGMENT = (
    "#version 330\n"
    + _COMMON
    + """
uniform sampler2DArray cloth;
uniform float fold_strength;
uniform float freckles;
layout(location = 0) out vec4 out_albedo;   // sqrt of linear colour, gloss
layout(location = 1) out vec4 out_normal;   // camera-space normal, part + 16 * material
layout(location = 2) out float out_distance;
void main() {
    if (!covered()) discard;
    vec3 n = normalize(v_normal);
    if (dot(n, v_position) > 0.0) n = -n;
    vec3 c = v_color;
    float gloss = 0.0;
    if (v_material == 0) {
        float mottle = noise(v_rest * 180.0) * 0.6 + noise(v_rest * 420.0) * 0.4 - 0.5;
        c *= 1.0 + mottle * vec3(0.07, 0.11, 0.12);
        float spot = smoothstep(0.80, 0.9, noise(v_rest * 300.0 + 11.0)) * freckles;
        c *= 1.0 - spot * vec3(0.35, 0.5, 0.55);
        gloss = 0.42 + 0.2 * noise(v_rest * 60.0);
    } else if (v_material == 1) {
        float layer = floor((v_tex.x + 50.0) / 100.0);
        vec2 st = vec2(v_tex.x - 100.0 * layer, -v_tex.y) / 1.2 + 0.5;
        c = pow(texture(cloth, vec3(st, layer)).rgb, vec3(2.2));
        vec3 q = v_rest * vec3(13.0, 7.0, 13.0) + 1.7 * noise(v_rest * 5.0);
        float e = 0.15;
        float base = noise(q) + 0.5 * noise(q * 2.3);
        vec3 g = vec3(noise(q + vec3(e,0,0)) + 0.5 * noise((q + vec3(e,0,0)) * 2.3), noise(q + vec3(0,e,0)) + 0.5 * noise((q + vec3(0,e,0)) * 2.3), noise(q + vec3(0,0,e)) + 0.5 * noise((q + vec3(0,0,e)) * 2.3)) - base;
        n = normalize(n - fold_strength * vec3(g.x, -g.y, -g.z) / e);
        gloss = 0.05;
    } else if (v_material == 2) {
        float lock = noise(v_rest * vec3(1.0, 0.3, 1.0) * hair_grain.x * 0.8);
        c *= (0.45 + 0.75 * v_layer) * (0.6 + 0.8 * lock);
        n = normalize(n + (vec3(noise(v_rest * 150.0), noise(v_rest * 150.0 + 5.0), noise(v_rest * 150.0 + 9.0)) - 0.5) * 0.9);
        gloss = 0.25;
    } else if (v_material == 3) {
        float strand = noise(vec3(v_tex.x * 260.0, v_tex.y * 7.0, 1.0));
        float lock = noise(vec3(v_tex.x * 40.0, v_tex.y * 2.0, 4.0));
        c *= (0.45 + 0.7 * strand) * (0.6 + 0.8 * lock);
        gloss = 0.3;
    } else if (v_material == 4) {
        float r = length(v_tex);
        vec3 white = vec3(0.70, 0.65, 0.62);
        float ring = smoothstep(0.40, 0.47, r);
        vec3 iris = c * (0.6 + 0.8 * noise(vec3(v_tex * 14.0, 0.0)));
        iris = mix(vec3(0.004), iris, smoothstep(0.17, 0.21, r)) * (1.0 - 0.6 * smoothstep(0.36, 0.45, r));
        c = mix(iris, white * (1.0 - 0.35 * smoothstep(0.5, 1.0, r)), ring);
        gloss = 0.9;
    } else if (v_material == 7) {
        gloss = 0.35;
    }
    out_albedo = vec4(sqrt(clamp(c, 0.0, 1.0)), gloss);
    out_normal = vec4(n, float(v_part) + 16.0 * float(v_material));
    out_distance = length(v_position);
}
"""
)

SCREEN_VERTEX = """
#version 330
in vec2 in_corner;
out vec2 v_screen;
void main() { gl_Position = vec4(in_corner, 0.0, 1.0); v_screen = in_corner * 0.5 + 0.5; }
"""

LIGHT_FRAGMENT = """
#version 330
in vec2 v_screen;
uniform sampler2D albedo; uniform sampler2D normals; uniform sampler2D distances;
uniform sampler2DShadow shadow;
uniform mat4 shadow_from_camera;
uniform vec2 tan_half;           // tan of half the field of view, x and y
uniform vec3 light_way[3];       // towards the light, camera space
uniform vec3 light_rgb[3];
uniform vec3 ambient_up; uniform vec3 ambient_down; uniform vec3 up_way;
uniform float exposure;
uniform float shadow_soft_m;
uniform vec2 texel;
layout(location = 0) out vec4 out_color;
layout(location = 1) out vec2 out_label;  // part, distance m

vec3 place(vec2 uv) {
    float d = texture(distances, uv).r;
    vec3 ray = normalize(vec3((uv * 2.0 - 1.0) * tan_half, 1.0));
    return ray * d;
}
float hash2(vec2 p) { return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453); }

void main() {
    float d = texture(distances, v_screen).r;
    if (d <= 0.0) { out_color = vec4(0.0); out_label = vec2(0.0); return; }
    vec4 a = texture(albedo, v_screen);
    vec4 nm = texture(normals, v_screen);
    vec3 c = a.rgb * a.rgb;
    vec3 n = normalize(nm.xyz);
    int code = int(nm.w + 0.5);
    int part = code % 16, material = code / 16;
    vec3 p = place(v_screen);
    vec3 eye = normalize(-p);
    // ambient occlusion: nearby surface above the tangent plane
    float spin = hash2(v_screen * 531.0) * 6.2832, closed = 0.0;
    for (int k = 0; k < 10; k++) {
        float r = 0.012 + 0.085 * float(k) / 9.0;
        float w = spin + float(k) * 2.4;
        vec2 uv = v_screen + vec2(cos(w), sin(w)) * r / p.z / tan_half * 0.5;
        float dd = texture(distances, uv).r;
        if (dd <= 0.0) continue;
        vec3 v = place(uv) - p;
        float l = length(v);
        closed += max(0.0, dot(v, n) / (l + 1e-4) - 0.12) / (1.0 + l * l * 90.0);
    }
    float open_sky = clamp(1.0 - closed * 0.20, 0.25, 1.0);
    // shadow of the key light
    vec4 s = shadow_from_camera * vec4(p + n * 0.006, 1.0);
    vec3 q = s.xyz / s.w * 0.5 + 0.5;
    float lit = 0.0;
    for (int k = 0; k < 8; k++) {
        float w = spin + float(k) * 0.785;
        vec2 o = vec2(cos(w), sin(w)) * shadow_soft_m * (0.3 + 0.7 * float(k % 3) / 2.0);
        lit += texture(shadow, vec3(q.xy + o, q.z - 0.002));
    }
    lit /= 8.0;
    bool skin = material == 0;
    vec3 wrap = skin ? vec3(0.32, 0.16, 0.12) : material == 2 || material == 3 ? vec3(0.4) : vec3(0.08);
    vec3 sky = mix(ambient_down, ambient_up, dot(n, up_way) * 0.5 + 0.5);
    vec3 shade = skin ? pow(vec3(open_sky), vec3(0.8, 1.1, 1.2)) : vec3(open_sky);
    vec3 light = sky * shade;
    vec3 shine = sky * 0.03;
    for (int k = 0; k < 3; k++) {
        vec3 l = light_way[k];
        float reach = k == 0 ? lit : 0.5 + 0.5 * open_sky;
        float nl = dot(n, l);
        vec3 diffuse = max(vec3(0.0), (nl + wrap) / (1.0 + wrap));
        light += light_rgb[k] * diffuse * reach;
        vec3 h = normalize(l + eye);
        float power = material == 4 ? 220.0 : skin ? 18.0 : 28.0;
        float lobe = pow(max(dot(n, h), 0.0), power) * max(nl, 0.0);
        shine += light_rgb[k] * lobe * reach * (material == 4 ? 2.5 : 0.22);
    }
    float rim = pow(1.0 - max(dot(n, eye), 0.0), 4.0);
    shine += sky * rim * 0.25;
    vec3 color = c * light + shine * a.a;
    if (material == 4) color *= 0.35 + 0.65 * open_sky;
    color *= exposure;
    color = color / (1.0 + max(color - 0.55, 0.0) * 0.75);  // soft shoulder
    color = clamp(color, 0.0, 1.0);
    color = mix(12.92 * color, 1.055 * pow(color, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, color));
    out_color = vec4(color, 1.0);
    out_label = vec2(float(part), d);
}
"""

HAND_FRAGMENT = """
#version 330
in vec3 v_position; in vec3 v_normal; in vec3 v_rest; in vec3 v_color; in vec2 v_tex; in float v_cut; in float v_layer;
flat in int v_part; flat in int v_material;
out vec2 out_hands;
void main() {
    if (v_cut <= 0.0) discard;
    out_hands = vec2(v_part == 5 ? 1.0 : 0.0, v_part == 7 ? 1.0 : 0.0);
}
"""
