// What is worn put onto the body: the table that fields.cu draws from, at two sizes. The formulas are in mod.rs.
#include "../common/body.cuh"

constexpr int THREADS = 64, SURFACES = 2, CIRCLES = 64;
constexpr float TAU = 6.28318531f;

enum Attachment : int { ON_HEAD = 0, ON_SHOULDERS = 1, IN_HAND = 2, ON_ARM = 3, BESIDE = 4 };

// One layer of a worn thing, all numbers f32; mod.rs names them.
struct Worn {
    float layer, behind, attachment, hands[2], size, about[3], index, across, above, circle, radius, plane;
    float tint[3], secondary[3], wave[4], turns[4][2], beat[SURFACES][5], low[2], high[2], unused;
};

struct Scene {
    float free_hand, count, dressed, grips, covers, shoulders, unused[10];
};

// As fields.cu reads it.
struct FieldPlaced {
    int layer, behind;
    int columns[2], rows[2];
    float origin[2], inverse[3][2], view[3], right[3], up[3];
    float ppu, cos_phi, sin_phi, opacity;
    float tint[3], secondary[3], params[4];
    float wings[SURFACES][4];
};

struct PlaceParams {
    const Body* body;
    const float* time;    // (2)
    const Scene* scene;
    const Worn* worn;     // (most)
    FieldPlaced* small;   // (most): in pixels of the model
    FieldPlaced* large;   // (most): in pixels of the camera
    float* limits;        // see maps/mod.rs
    int model_width, model_height, camera_width, camera_height, most;
    float scale, left, top;  // model pixels per camera pixel; where in the model the camera's picture begins
};
static_assert(sizeof(PlaceParams) == 88 && sizeof(Worn) == 192 && sizeof(Scene) == 64 && sizeof(FieldPlaced) == 180, "mod.rs lays them out the same way");

__device__ __forceinline__ Float2 right_of(const Float2& up) { return {-up.y, up.x}; }
// How much of a thing on a point is shown.
__device__ __forceinline__ float seen(float presence) { return clamp((presence - 0.2f) / 0.2f, 0.0f, 1.0f); }

// Where in the model the camera's picture ends.
__device__ __forceinline__ Float2 far_corner(const PlaceParams& p) { return {p.left + p.camera_width * p.scale, p.top + p.camera_height * p.scale}; }

__device__ __forceinline__ float held(const PlaceParams& p, int hand) {
    const Body& body = *p.body;
    const float share = 1.0f / (float)p.model_width;
    const float below = body.points[HAND_R + hand].y - far_corner(p).y * share;
    const float someone = seen(fmaxf(body.present[HEAD], body.present[NECK]));
    const float sure = below > -0.08f ? (0.18f - fabsf(below)) / 0.08f : (body.present[HAND_R + hand] - 0.12f) / 0.2f;
    return clamp(sure, 0.0f, 1.0f) * someone;
}

__device__ __forceinline__ Frame on_head(const Body& body, Float2 o, float width) {
    float sin_yaw, cos_yaw, sin_pitch, cos_pitch;
    sine_cosine(clamp(atan2f(body.forward.x, -body.forward.z), -0.44f, 0.44f), sin_yaw, cos_yaw);
    sine_cosine(clamp(asinf(clamp(-body.forward.y, -1.0f, 1.0f)), -0.21f, 0.49f), sin_pitch, cos_pitch);
    const Float3 forward = {sin_yaw * cos_pitch, -sin_pitch, -cos_yaw * cos_pitch};
    const float along = dot(body.up, forward);
    const Float3 up = normalized({body.up.x - forward.x * along, body.up.y - forward.y * along, body.up.z - forward.z * along});
    const Float3 right = cross(up, forward);
    return {o, {right.x * width, right.y * width}, {up.x * width, up.y * width}, {forward.x * width, forward.y * width}};
}

__device__ __forceinline__ Frame in_hand(Float2 hand, Float2 elbow, float width, bool left, bool shield) {
    const Float2 along = (hand - elbow) * (1.0f / (2.1f * width));
    const float share = 1.0f / fmaxf(length(along), 1.0f);
    if (shield) {
        const Float2 leaning = {0.4f * along.x * share, -1.0f};
        const Float2 up = leaning * (width / length(leaning));
        return {hand, up, right_of(up), {0.0f, 0.0f}};
    }
    const Float2 blade = along * share * 0.6f + Float2{left ? 0.35f : -0.35f, -1.0f};
    const Float2 whole = blade * (1.0f / length(blade)) * (3.2f * width);
    return {hand, whole, right_of(whole), {0.0f, 0.0f}};
}

// Beside the head, where there is room and never over the face.
__device__ __forceinline__ Frame beside(const PlaceParams& p, const Worn& worn, Float2 head, float width, bool to_the_right) {
    const float right = far_corner(p).x, bottom = far_corner(p).y;
    const float side = to_the_right ? 1.0f : -1.0f;
    const float free = (to_the_right ? right - head.x : head.x - p.left) / width - 0.65f;
    const float fit = worn.size * clamp(free / (2.3f * worn.size), 0.45f, 1.0f);
    const float slack = fmaxf(free - 2.3f * fit, 0.0f), drift = fminf(0.5f, 0.5f * slack);
    const double turns = seconds_of(p.time) * (1.0 / 7.0) + 0.31 * (double)worn.index;
    const float turn = TAU * (float)(turns - floor(turns));
    float sine, cosine, leaning, unused;
    sine_cosine(turn, sine, cosine);
    const float out = 0.65f + 1.15f * fit + fminf(slack - 2.0f * drift, 0.15f) + drift * (1.0f + sine);
    const float up = (worn.above != 0.0f ? 1.1f : -1.0f) + 0.28f * (2.0f * sine * cosine);
    const float reach = fminf(1.15f * fit * width, 0.5f * (bottom - p.top));
    const Float2 o = {head.x + side * out * width, fminf(fmaxf(head.y - up * width, p.top + reach), bottom - reach)};
    sine_cosine(turn + 1.0f, leaning, unused);
    sine_cosine(0.1f * leaning, sine, cosine);
    const Float2 upwards = Float2{sine, -cosine} * (fit * width);
    return {o, upwards, right_of(upwards) * -side, {0.0f, 0.0f}};
}

// The frame in pixels of the model, sized; how much is shown of it.
__device__ __forceinline__ float hang(const PlaceParams& p, const Worn& worn, Frame& frame) {
    const Body& body = *p.body;
    const float unit = (float)p.model_width, width = body.head_width * unit;
    const int attachment = (int)worn.attachment;
    const Float2 head = body.points[HEAD] * unit;
    if (attachment == BESIDE) {
        frame = beside(p, worn, head, width, (body.to_the_right != 0.0f) != (worn.across != 0.0f));
        return body.shown * seen(body.present[HEAD]);
    }
    float opacity;
    if (attachment == ON_HEAD) {
        frame = on_head(body, head, width);
        opacity = seen(body.present[HEAD]);
    } else if (attachment == ON_SHOULDERS) {
        frame = on_shoulders(body, unit);
        opacity = seen(body.present[NECK]);
    } else {
        const int hand = worn.hands[body.free_hand != 0.0f ? 1 : 0] != 0.0f ? 1 : 0;
        frame = in_hand(body.points[HAND_R + hand] * unit, body.points[ELBOW_R + hand] * unit, width, hand == 1, attachment == ON_ARM);
        opacity = held(p, hand);
    }
    const float* about = worn.about;
    const float size = worn.size;
    frame.o = frame.o + (frame.ex * about[0] + frame.ey * about[1] + frame.ez * about[2]) * (1.0f - size);
    frame.ex = frame.ex * size, frame.ey = frame.ey * size, frame.ez = frame.ez * size;
    return opacity;
}

// The chart put into the frame; false where it is so flat or small that nothing could be seen.
__device__ __forceinline__ bool chart(const Worn& worn, const Frame& f, FieldPlaced& to, Float2 (&axes)[2]) {
    to.origin[0] = f.o.x, to.origin[1] = f.o.y;
    const float across = fmaxf(length(f.ex), 1e-9f);
    to.cos_phi = f.ex.x / across, to.sin_phi = -f.ex.y / across;
    if (worn.plane != 0.0f) {
        const float det = f.ex.x * f.ey.y - f.ey.x * f.ex.y;
        if (!(fabsf(det) >= 1e-3f && fabsf(det) < INFINITY)) return false;
        to.inverse[0][0] = f.ey.y / det, to.inverse[0][1] = -f.ey.x / det;
        to.inverse[1][0] = -f.ex.y / det, to.inverse[1][1] = f.ex.x / det;
        to.ppu = length(f.ey);
        axes[0] = f.ex, axes[1] = f.ey;
        return true;
    }
    const Float3 g0 = {f.ex.x, f.ey.x, f.ez.x}, g1 = {f.ex.y, f.ey.y, f.ez.y}, n = cross(g1, g0);
    const float area = sqrtf(dot(n, n));
    if (!(area >= 1e-3f && area < INFINITY)) return false;
    const Float3 view = {n.x / area, n.y / area, n.z / area};
    const float flat = sqrtf(view.z * view.z + view.x * view.x);
    if (flat < 1e-4f) return false;
    const Float3 right = {view.z / flat, 0.0f, -view.x / flat}, up = cross(view, right);
    const float aa = dot(g0, g0), ab = dot(g0, g1), bb = dot(g1, g1), det = aa * bb - ab * ab;
    const float first[3] = {g0.x, g0.y, g0.z}, second[3] = {g1.x, g1.y, g1.z};
#pragma unroll
    for (int k = 0; k < 3; ++k) {
        to.inverse[k][0] = (first[k] * bb - second[k] * ab) / det;
        to.inverse[k][1] = (second[k] * aa - first[k] * ab) / det;
    }
    to.view[0] = view.x, to.view[1] = view.y, to.view[2] = view.z;
    to.right[0] = right.x, to.right[1] = right.y, to.right[2] = right.z;
    to.up[0] = up.x, to.up[1] = up.y, to.up[2] = up.z;
    to.ppu = sqrtf(area);
    axes[0] = f.ex * right.x + f.ey * right.y + f.ez * right.z;
    axes[1] = f.ex * up.x + f.ey * up.y + f.ez * up.z;
    return true;
}

// The pixels between the lowest and the highest of four numbers, as far as the picture goes.
__device__ __forceinline__ bool span(float a, float b, float c, float d, int size, int* to) {
    const float low = floorf(fminf(fminf(a, b), fminf(c, d))), high = ceilf(fmaxf(fmaxf(a, b), fmaxf(c, d)));
    to[0] = (int)fminf(fmaxf(low, 0.0f), (float)size), to[1] = (int)fminf(fmaxf(high, 0.0f), (float)size);
    return to[0] < to[1];
}

__device__ __forceinline__ void place(const PlaceParams& p, const Worn& worn, Frame frame, float opacity, bool large, FieldPlaced& to) {
    // Out of reach until it is known to be seen.
    to.columns[0] = to.columns[1] = to.rows[0] = to.rows[1] = 0;
    to.layer = (int)worn.layer, to.behind = (int)worn.behind, to.opacity = opacity;
#pragma unroll
    for (int k = 0; k < 3; ++k) {
        to.tint[k] = worn.tint[k], to.secondary[k] = worn.secondary[k];
        to.view[k] = to.right[k] = to.up[k] = to.inverse[k][0] = to.inverse[k][1] = 0.0f;
    }
    to.ppu = 0.0f;
    const double seconds = seconds_of(p.time);
    float params[4];
#pragma unroll
    for (int k = 0; k < 4; ++k) {
        const double turns = seconds * seconds_of(worn.turns[k]);
        float sine, cosine;
        sine_cosine(TAU * (float)(turns - floor(turns)), sine, cosine);
        params[k] = worn.wave[k] == 0.0f ? 0.0f : worn.wave[k] == 1.0f ? sine : cosine;
        to.params[k] = params[k];
    }
#pragma unroll
    for (int k = 0; k < SURFACES; ++k) {
        const float* beat = worn.beat[k];
        float* wings = to.wings[k];
        wings[0] = wings[1] = wings[2] = wings[3] = 0.0f;
        if (beat[0] < 0.0f) continue;
        const float by = beat[0] == 0.0f ? params[0] : beat[0] == 1.0f ? params[1] : beat[0] == 2.0f ? params[2] : params[3];
        sine_cosine(beat[1] + beat[2] * by, wings[0], wings[1]);
        sine_cosine(beat[3] + beat[4] * by, wings[2], wings[3]);
    }
    if (large) {
        const float factor = 1.0f / p.scale;
        frame.o = Float2{frame.o.x - p.left, frame.o.y - p.top} * factor;
        frame.ex = frame.ex * factor, frame.ey = frame.ey * factor, frame.ez = frame.ez * factor;
    }
    Float2 axes[2];
    if (!chart(worn, frame, to, axes) || !(opacity > 0.0f)) return;
    const Float2 low[2] = {axes[0] * worn.low[0], axes[1] * worn.low[1]}, high[2] = {axes[0] * worn.high[0], axes[1] * worn.high[1]};
    const Float2 a = frame.o + low[0] + low[1], b = frame.o + low[0] + high[1], c = frame.o + high[0] + low[1], d = frame.o + high[0] + high[1];
    int columns[2], rows[2];
    const bool wide = span(a.x, b.x, c.x, d.x, large ? p.camera_width : p.model_width, columns);
    if (!span(a.y, b.y, c.y, d.y, large ? p.camera_height : p.model_height, rows) || !wide) return;
    to.columns[0] = columns[0], to.columns[1] = columns[1], to.rows[0] = rows[0], to.rows[1] = rows[1];
}

// A thread a layer and size. Nothing in a block waits for another thread.
KERNEL(place_worn, PlaceParams, THREADS) {
    const int i = blockIdx.x * THREADS + threadIdx.x, row = i / 2;
    const bool large = i % 2 != 0;
    if (i == 0) p.limits[0] = p.scene->dressed, p.limits[1] = p.scene->grips, p.limits[2] = p.scene->covers, p.limits[3] = p.scene->shoulders;
    if (row >= min((int)p.scene->count, p.most)) return;
    const Worn& worn = p.worn[row];
    Frame frame;
    const float opacity = hang(p, worn, frame);
    place(p, worn, frame, opacity, large, (large ? p.large : p.small)[row]);
    const int circle = (int)worn.circle;
    if (large || circle < 0 || circle >= CIRCLES) return;
    float* to = p.limits + 4 + 4 * circle;
    to[0] = frame.o.x, to[1] = frame.o.y, to[2] = opacity > 0.0f ? worn.radius * length(frame.ex) : -2.0f, to[3] = 0.0f;
}
