// Everything that is worn, drawn pixel by pixel from its neural fields. The formulas are in mod.rs.
#include "../common/geometry.cuh"

constexpr int WIDTH = 52;    // neurons of a hidden layer, padded with zeros
constexpr int SOURCES = 16;  // the most quantities that a network is told
constexpr int SURFACES = 2;  // the most surfaces of a chart
constexpr int THREADS = 128, TILE_X = 16, TILE_Y = 8;

// A network and its chart: what never changes.
struct FieldLayer {
    int weights;  // where its numbers begin: (inputs + 1) rows of WIDTH, the last the bias; twice (WIDTH + 1) rows; (WIDTH + 1) rows of 4
    int inputs, sources, plane;
    int source[SOURCES], octaves[SOURCES], identity[SOURCES];  // source: see mod.rs
    float center[SOURCES], scale[SOURCES], base[SOURCES];
    float edge_unit, mask_unit, low[2], high[2];
    int surface_kind[SURFACES];
    float surface[SURFACES][12];
};

// A layer put onto the body in one frame.
struct FieldPlaced {
    int layer, behind;
    int columns[2], rows[2];  // the pixels it may reach: from, to
    float origin[2], inverse[3][2], view[3], right[3], up[3];
    float ppu, cos_phi, sin_phi, opacity;
    float tint[3], secondary[3], params[4];
    float wings[SURFACES][4];  // sine and cosine of swing and lift
};

struct FieldsParams {
    const float* weights;
    const FieldLayer* layers;
    const FieldPlaced* placed;
    const int* count;
    half_t* front;   // (height, width, 4)
    half_t* behind;  // (height, width, 4)
    int width, height, most, layer_count;
};
static_assert(sizeof(FieldsParams) == 64 && sizeof(FieldLayer) == 528 && sizeof(FieldPlaced) == 180, "mod.rs lays them out the same way");

// Turned about the x axis: `turn` holds cosine and sine.
__device__ __forceinline__ Float3 tilted(const Float3& v, const float* turn) {
    return {v.x, v.y * turn[0] - v.z * turn[1], v.y * turn[1] + v.z * turn[0]};
}

struct Surface {
    float a, b, c, d, e;
};

enum SurfaceKind : int { CONE = 0, DISC = 1, WINGS = 2 };

__device__ __forceinline__ Surface look_at(const FieldLayer& layer, const FieldPlaced& placed, int which, const Float3& x0) {
    const float* s = layer.surface[which];
    const Float3 view = {placed.view[0], placed.view[1], placed.view[2]};
    const Float3 from = {x0.x - s[0], x0.y - s[1], x0.z - s[2]};
    if (layer.surface_kind[which] == WINGS) {
        const float* beat = placed.wings[which];
        const float soft = s[3], side = from.x * view.z - from.z * view.x >= 0.0f ? 1.0f : -1.0f;
        const Float3 normal = {side * beat[0], 0.0f, beat[1]};
        const float across = dot(view, normal);
        const float t = dot(from, normal) * (across / (across * across + soft * soft));
        const Float3 hit = {from.x - view.x * t, from.y - view.y * t, from.z - view.z * t};
        const float x = side * hit.x * beat[1] - hit.z * beat[0], y = hit.y;
        return {clamp(x * beat[3] + y * beat[2], -4.0f, 4.0f), clamp(y * beat[3] - x * beat[2], -4.0f, 4.0f), side, 0.0f, 0.0f};
    }
    const Float3 q = tilted(from, s + 3), w = tilted(view, s + 3);
    const float rx = s[5], rz = s[6];
    if (layer.surface_kind[which] == DISC) {
        const float soft = s[7], t = -q.y * (w.y / (w.y * w.y + soft * soft));
        return {clamp((q.x + w.x * t) / rx, -2.0f, 2.0f), clamp((q.z + w.z * t) / rz, -2.0f, 2.0f), 0.0f, 0.0f, 0.0f};
    }
    const float slope = s[7], lowest = s[8], highest = s[9];
    const float m = 1.0f + slope * q.y, qx = q.x / rx, qz = q.z / rz, wx = w.x / rx, wz = w.z / rz;
    const float aa = fmaxf(wx * wx + wz * wz - slope * w.y * (slope * w.y), 0.02f);
    const float bb = qx * wx + qz * wz - slope * w.y * m;
    const float cc = qx * qx + qz * qz - m * m;
    const float gap = (bb * bb - aa * cc) / aa;
    const float root = sqrtf(fmaxf(gap, 0.0f) / aa), near = root - bb / aa, far = -root - bb / aa;
    return {atan2f((q.x + w.x * near) / rx, (q.z + w.z * near) / rz), clamp(q.y + w.y * near, lowest, highest),
            atan2f((q.x + w.x * far) / rx, (q.z + w.z * far) / rz), clamp(q.y + w.y * far, lowest, highest), clamp(gap, -1.0f, 1.0f)};
}

// One layer of a network: rows of WIDTH weights, the last the bias. A thread's values stand in a column of its own.
__device__ __forceinline__ void hidden(const float* weights, int inputs, float* column) {
    float sums[WIDTH];
    const float4* bias = reinterpret_cast<const float4*>(weights + (size_t)inputs * WIDTH);
#pragma unroll
    for (int n = 0; n < WIDTH; n += 4) {
        const float4 b = bias[n / 4];
        sums[n] = b.x, sums[n + 1] = b.y, sums[n + 2] = b.z, sums[n + 3] = b.w;
    }
    for (int i = 0; i < inputs; ++i) {
        const float x = column[i * THREADS];
        const float4* row = reinterpret_cast<const float4*>(weights + (size_t)i * WIDTH);
#pragma unroll
        for (int n = 0; n < WIDTH; n += 4) {
            const float4 w = row[n / 4];
            sums[n] = fmaf(w.x, x, sums[n]), sums[n + 1] = fmaf(w.y, x, sums[n + 1]);
            sums[n + 2] = fmaf(w.z, x, sums[n + 2]), sums[n + 3] = fmaf(w.w, x, sums[n + 3]);
        }
    }
#pragma unroll
    for (int n = 0; n < WIDTH; ++n) column[n * THREADS] = sums[n] * clamp(sums[n] * (1.0f / 6.0f) + 0.5f, 0.0f, 1.0f);
}

// A thread a pixel, tiles of 16 by 8. Nothing in a block waits for another thread.
KERNEL(fields_draw, FieldsParams, THREADS, 3) {
    SHARED(memory);
    float* column = reinterpret_cast<float*>(memory) + threadIdx.x;
    const int left = blockIdx.x * TILE_X, top = blockIdx.y * TILE_Y;
    const int x = left + threadIdx.x % TILE_X, y = top + threadIdx.x / TILE_X;
    if (x >= p.width || y >= p.height) return;
    float front[4] = {}, behind[4] = {};
    const int count = min(*p.count, p.most);
    for (int item = 0; item < count; ++item) {
        const FieldPlaced& placed = p.placed[item];
        if (x < placed.columns[0] || x >= placed.columns[1] || y < placed.rows[0] || y >= placed.rows[1]) continue;
        if (placed.layer < 0 || placed.layer >= p.layer_count) continue;
        const FieldLayer& layer = p.layers[placed.layer];
        const float dx = x + 0.5f - placed.origin[0], dy = y + 0.5f - placed.origin[1];
        const Float3 x0 = {placed.inverse[0][0] * dx + placed.inverse[0][1] * dy, placed.inverse[1][0] * dx + placed.inverse[1][1] * dy,
                           placed.inverse[2][0] * dx + placed.inverse[2][1] * dy};
        float a = x0.x, b = x0.y;
        if (!layer.plane) {
            a = dot(x0, {placed.right[0], placed.right[1], placed.right[2]});
            b = dot(x0, {placed.up[0], placed.up[1], placed.up[2]});
        }
        if (a < layer.low[0] || a > layer.high[0] || b < layer.low[1] || b > layer.high[1]) continue;

        int channel = 0, seen = -1;
        Surface surface = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
        for (int i = 0; i < layer.sources; ++i) {
            const int source = layer.source[i];
            float value;
            if (source >= 16) {
                const int which = (source - 16) / 8, what = (source - 16) % 8;
                if (seen != which) surface = look_at(layer, placed, which, x0), seen = which;
                value = what == 0 ? surface.a : what == 1 ? surface.b : what == 2 ? surface.c : what == 3 ? surface.d : surface.e;
            } else if (source >= 8) {
                value = placed.params[source - 8];
            } else {
                value = source == 0 ? a : source == 1 ? b : source == 2 ? placed.cos_phi : source == 3 ? placed.sin_phi : placed.view[source - 4];
            }
            value = (value - layer.center[i]) * layer.scale[i];
            if (layer.identity[i]) column[channel++ * THREADS] = value;
            float sine = 0.0f, cosine = 1.0f;
            for (int octave = 0; octave < layer.octaves[i]; ++octave) {
                if (octave == 0) {
                    sine_cosine(layer.base[i] * value, sine, cosine);
                } else {
                    const float twice = 2.0f * sine * cosine;
                    cosine = 1.0f - 2.0f * sine * sine, sine = twice;
                }
                column[channel++ * THREADS] = sine;
                column[channel++ * THREADS] = cosine;
            }
        }
        const float* weights = p.weights + layer.weights;
        int inputs = layer.inputs;
#pragma unroll 1
        for (int depth = 0; depth < 3; ++depth) {
            hidden(weights, inputs, column);
            weights += (inputs + 1) * WIDTH;
            inputs = WIDTH;
        }
        float4 raw = reinterpret_cast<const float4*>(weights)[WIDTH];
        for (int i = 0; i < WIDTH; ++i) {
            const float value = column[i * THREADS];
            const float4 w = reinterpret_cast<const float4*>(weights)[i];
            raw.x = fmaf(w.x, value, raw.x), raw.y = fmaf(w.y, value, raw.y), raw.z = fmaf(w.z, value, raw.z), raw.w = fmaf(w.w, value, raw.w);
        }
        const float alpha = clamp(0.5f + raw.x * layer.edge_unit * placed.ppu, 0.0f, 1.0f) * placed.opacity;
        const float diffuse = clamp(raw.y, 0.0f, 1.5f), highlight = clamp(raw.z, 0.0f, 1.0f);
        const float own = clamp(0.5f + raw.w * layer.mask_unit * placed.ppu, 0.0f, 1.0f);
        for (int k = 0; k < 3; ++k) {
            const float colour = own * placed.tint[k] + (1.0f - own) * placed.secondary[k];
            const float value = clamp(colour * diffuse + highlight, 0.0f, 1.0f) * alpha;
            if (placed.behind) behind[k] = value + behind[k] * (1.0f - alpha);
            else front[k] = value + front[k] * (1.0f - alpha);
        }
        if (placed.behind) behind[3] = alpha + behind[3] * (1.0f - alpha);
        else front[3] = alpha + front[3] * (1.0f - alpha);
    }
    const size_t pixel = (size_t)y * p.width + x;
    uint32_t* words = reinterpret_cast<uint32_t*>(p.front) + pixel * 2;
    words[0] = pack2(front[0], front[1]), words[1] = pack2(front[2], front[3]);
    words = reinterpret_cast<uint32_t*>(p.behind) + pixel * 2;
    words[0] = pack2(behind[0], behind[1]), words[1] = pack2(behind[2], behind[3]);
}
