// The visitor dressed for a world: where cloth is and in what light, then its pixels dyed. The formulas are in mod.rs.
#include "../common/body.cuh"

constexpr int THREADS = 256, SIDE = 256, FACE = 1, TORSO = 3, ARM_R = 4, ARM_L = 6;
constexpr float KEPT = 0.5f, FOLLOWS = 0.15f, SKIN_SPREAD = 0.030f, RAGGED = 0.07f;
// Numbers before the cells in `before` and `after`.
enum Known : int { CLOTH_LIGHT = 0, FACE_LIGHT, SKIN_RED, SKIN_GREEN, SOMEBODY, LIVE, CELLS = 8 };
// Numbers of `fitting`.
enum Fitting : int { DRESSED = 0, LIGHT = 1, ROOM = 2, RED = 3, GREEN = 4, ORIGIN = 5, ROWS = 7 };
// Numbers of `costume`.
enum Costume : int { ON = 0, MANTLE, DEPTH, LOCKS = 4, LOCK_COUNT = 14, STRANDS = LOCKS + LOCK_COUNT, STRAND_COUNT = 46 };

struct MeasureParams {
    const half_t* inputs;  // (height, width, in_stride): the camera's picture first
    const half_t* parts;   // (height / 4, width / 4, 16), probabilities
    const Body* body;
    const float* costume;  // see Costume
    const float* before;   // (CELLS + 2 cells)
    float* after;          // the same; may be `before`
    float* fitting;        // (11), see Fitting
    int width, height, in_stride;
    float scale, left, top;  // model pixels per camera pixel; where in the model the camera's picture begins
};
static_assert(sizeof(MeasureParams) == 80, "mod.rs lays it out the same way");

struct DyeParams {
    const unsigned char* camera;  // (height, width, 3)
    const float* cells;           // (CELLS + 2 cells): how surely torso, how surely an arm
    const float* fitting;
    const float* costume;
    const half_t* tiles;          // (2, SIDE, SIDE, 4): red, green, blue, glow of cloth and mantle
    const int* column_low;        // (width): the left one of the two cells
    const float* column_weight;   // (width): of the right one
    const int* row_low;           // (height)
    const float* row_weight;      // (height)
    uint32_t* out;                // (height, width), bytes red, green, blue, 255
    int width, height, across, down;
};
static_assert(sizeof(DyeParams) == 96, "mod.rs lays it out the same way");

__device__ __forceinline__ float mean_of(float red, float green, float blue) { return (red + green + blue) * (1.0f / 3.0f); }

// The sum over the block, the same for all; `room` holds THREADS / 32 values.
__device__ float total(float value, float* room) {
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
    if (threadIdx.x % 32 == 0) room[threadIdx.x / 32] = value;
    sync_block();
    float sum = 0.0f;
    for (int i = 0; i < THREADS / 32; ++i) sum += room[i];
    sync_block();
    return sum;
}

// From pixels of the camera to the cloth: the inverse of the shoulders' frame; false where it has no area.
__device__ __forceinline__ bool place(const MeasureParams& p) {
    const Frame frame = on_shoulders(*p.body, (float)p.width);
    const float factor = 1.0f / p.scale;
    const Float2 ex = frame.ex * factor, ey = frame.ey * factor;
    const float det = ex.x * ey.y - ex.y * ey.x;
    if (!(fabsf(det) >= 1.0f && fabsf(det) < INFINITY)) return false;
    float* to = p.fitting;
    to[ORIGIN] = (frame.o.x - p.left) * factor, to[ORIGIN + 1] = (frame.o.y - p.top) * factor;
    to[ROWS] = ey.y / det, to[ROWS + 1] = -ey.x / det, to[ROWS + 2] = ex.y / det, to[ROWS + 3] = -ex.x / det;
    return true;
}

// One block: the cells are few, and what is known of the visitor needs all of them.
KERNEL(costume_measure, MeasureParams, THREADS) {
    SHARED(memory);
    float* room = reinterpret_cast<float*>(memory);
    const int across = p.width / 4, count = across * (p.height / 4);
    const bool on = p.costume[ON] != 0.0f, live = p.before[LIVE] != 0.0f;
    float cloth = 0.0f, of_cloth = 0.0f, face[4] = {};
    for (int i = threadIdx.x; i < count; i += THREADS) {
        const half_t* part = p.parts + (size_t)i * 16;
        const half_t* pixel = p.inputs + ((size_t)(i / across * 4 + 1) * p.width + i % across * 4 + 1) * p.in_stride;
        const half_t* below = pixel + (size_t)p.width * p.in_stride;
        float colour[3];
#pragma unroll
        for (int k = 0; k < 3; ++k)
            colour[k] = 0.25f * (to_float(pixel[k]) + to_float(pixel[p.in_stride + k]) + to_float(below[k]) + to_float(below[p.in_stride + k]));
        const float torso = to_float(part[TORSO]), arms = to_float(part[ARM_R]) + to_float(part[ARM_L]);
        // Sure shares only: where parts meet, colours are mixed.
        const float on_cloth = fmaxf((torso - 0.6f) * 2.5f, 0.0f), on_face = fmaxf((to_float(part[FACE]) - 0.6f) * 2.5f, 0.0f);
        cloth += on_cloth * mean_of(colour[0], colour[1], colour[2]), of_cloth += on_cloth;
        for (int k = 0; k < 3; ++k) face[k] += on_face * colour[k];
        face[3] += on_face;
        const float old[2] = {p.before[CELLS + 2 * i], p.before[CELLS + 2 * i + 1]}, now[2] = {torso, arms};
        for (int k = 0; k < 2; ++k) p.after[CELLS + 2 * i + k] = !on ? 0.0f : live ? now[k] + KEPT * (old[k] - now[k]) : now[k];
    }
    cloth = total(cloth, room), of_cloth = total(of_cloth, room);
    for (int k = 0; k < 4; ++k) face[k] = total(face[k], room);
    if (threadIdx.x != 0) return;
    const bool known = p.before[SOMEBODY] != 0.0f;
    float seen[4] = {p.before[CLOTH_LIGHT], p.before[FACE_LIGHT], p.before[SKIN_RED], p.before[SKIN_GREEN]};
    bool somebody = known;
    if (of_cloth >= 1.0f) {
        float now[4] = {cloth / of_cloth, known ? seen[1] : 0.5f, known ? seen[2] : 0.42f, known ? seen[3] : 0.31f};
        if (face[3] > 1.0f) {
            const float sum = fmaxf(face[0] + face[1] + face[2], 1e-3f);
            now[1] = mean_of(face[0], face[1], face[2]) / face[3], now[2] = face[0] / sum, now[3] = face[1] / sum;
        }
        for (int k = 0; k < 4; ++k) seen[k] = known ? seen[k] + FOLLOWS * (now[k] - seen[k]) : now[k];
        somebody = true;
    }
    for (int k = 0; k < 4; ++k) p.after[k] = on ? seen[k] : 0.0f;
    p.after[SOMEBODY] = on && somebody ? 1.0f : 0.0f, p.after[LIVE] = on ? 1.0f : 0.0f;
    p.after[6] = p.after[7] = 0.0f;
    float* to = p.fitting;
    for (int k = ORIGIN; k < ROWS + 4; ++k) to[k] = 0.0f;
    to[DRESSED] = on && somebody && place(p) ? 1.0f : 0.0f;
    to[LIGHT] = seen[0], to[ROOM] = clamp(0.55f + 0.9f * seen[1], 0.6f, 1.15f), to[RED] = seen[2], to[GREEN] = seen[3];
}

// A tile at (u, v), in tiles: bilinear, repeating.
__device__ __forceinline__ float4 tile_at(const half_t* tile, float u, float v) {
    const float x = (u - floorf(u)) * SIDE + (SIDE - 0.5f), y = (v - floorf(v)) * SIDE + (SIDE - 0.5f);
    const int left = (int)x, top = (int)y;
    const float fx = x - left, fy = y - top;
    const uint32_t* words = reinterpret_cast<const uint32_t*>(tile);
    float corners[4][4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const uint32_t* texel = words + 2 * ((top + i / 2) % SIDE * SIDE + (left + i % 2) % SIDE);
        const float2 two = unpack2(texel[0]), more = unpack2(texel[1]);
        corners[i][0] = two.x, corners[i][1] = two.y, corners[i][2] = more.x, corners[i][3] = more.y;
    }
    float mixed[4];
#pragma unroll
    for (int k = 0; k < 4; ++k) {
        const float upper = corners[0][k] + fx * (corners[1][k] - corners[0][k]), lower = corners[2][k] + fx * (corners[3][k] - corners[2][k]);
        mixed[k] = upper + fy * (lower - upper);
    }
    return {mixed[0], mixed[1], mixed[2], mixed[3]};
}

// Smooth noise along a line of `count` values that repeats.
__device__ __forceinline__ float ragged(const float* values, int count, float x) {
    const float low = floorf(x), t = x - low;
    int i = (int)low % count;
    if (i < 0) i += count;
    const float a = values[i], b = values[i + 1 < count ? i + 1 : 0];
    return a + t * t * (3.0f - 2.0f * t) * (b - a);
}

// What is worn at (u, v), in shoulder widths from the base of the neck, and how much of it is the mantle.
__device__ __forceinline__ float4 garment(const DyeParams& p, float u, float v, float& over) {
    float4 cloth = tile_at(p.tiles, u, v);
    over = 0.0f;
    if (p.costume[MANTLE] == 0.0f) return cloth;
    const float along = u * 0.5f + 0.5f, deep = 2.2f * u;
    const float rough = ragged(p.costume + LOCKS, LOCK_COUNT, along * LOCK_COUNT) + 0.6f * ragged(p.costume + STRANDS, STRAND_COUNT, along * STRAND_COUNT) - 0.8f;
    const float edge = p.costume[DEPTH] + 0.10f * fmaxf(1.0f - deep * deep, -1.0f) + RAGGED * rough;
    over = clamp((edge - v) * 40.0f + 0.5f, 0.0f, 1.0f);
    if (over == 0.0f) {
        const float shadow = 1.0f - 0.55f * clamp(1.0f - (v - edge) / 0.09f, 0.0f, 1.0f);
        return {cloth.x * shadow, cloth.y * shadow, cloth.z * shadow, cloth.w};
    }
    const float4 fur = tile_at(p.tiles + 4 * SIDE * SIDE, u + 0.35f * u * v, v * 0.9f + 0.25f * u * u);
    const float round = 0.72f + 0.36f * clamp((edge - v) * 9.0f, 0.0f, 1.0f);
    const float under[3] = {cloth.x * 0.45f, cloth.y * 0.45f, cloth.z * 0.45f};
    return {under[0] + over * (fminf(fur.x * round, 1.0f) - under[0]), under[1] + over * (fminf(fur.y * round, 1.0f) - under[1]),
            under[2] + over * (fminf(fur.z * round, 1.0f) - under[2]), cloth.w - over * cloth.w};
}

// Eight pixels of 32 columns a block.
KERNEL(costume_dye, DyeParams, THREADS) {
    const int x = blockIdx.x * 32 + threadIdx.x % 32, y = blockIdx.y * 8 + threadIdx.x / 32;
    if (x >= p.width || y >= p.height || p.fitting[DRESSED] == 0.0f) return;
    const size_t pixel = (size_t)y * p.width + x;
    const unsigned char* bytes = p.camera + pixel * 3;
    const int left = p.column_low[x], right = min(left + 1, p.across - 1), top = p.row_low[y], bottom = min(top + 1, p.down - 1);
    const float along = p.column_weight[x], weight = p.row_weight[y];
    const float* upper = p.cells + CELLS + 2 * top * p.across;
    const float* lower = p.cells + CELLS + 2 * bottom * p.across;
    float sure[2];
#pragma unroll
    for (int k = 0; k < 2; ++k) {
        const float above = upper[2 * left + k] + along * (upper[2 * right + k] - upper[2 * left + k]);
        const float below = lower[2 * left + k] + along * (lower[2 * right + k] - lower[2 * left + k]);
        sure[k] = above + weight * (below - above);
    }
    if (!(sure[0] + sure[1] > 0.03f)) {
        p.out[pixel] = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | 255u << 24;
        return;
    }
    const float* fit = p.fitting;
    const float dx = x + 0.5f - fit[ORIGIN], dy = y + 0.5f - fit[ORIGIN + 1];
    const float u = fit[ROWS] * dx + fit[ROWS + 1] * dy, v = fit[ROWS + 2] * dx + fit[ROWS + 3] * dy;
    const float colour[3] = {bytes[0] * (1.0f / 255.0f), bytes[1] * (1.0f / 255.0f), bytes[2] * (1.0f / 255.0f)};
    const float sum = colour[0] + colour[1] + colour[2];
    float bare = 0.0f;
    if (sum >= 0.12f) {
        const float red = colour[0] / sum - fit[RED], green = colour[1] / sum - fit[GREEN];
        bare = exp2_approximate(-(red * red + green * green) * (LOG2_E / (2.0f * SKIN_SPREAD * SKIN_SPREAD)));
    }
    float mantle;
    const float4 worn = garment(p, u, v, mantle);
    const float neckline = 1.0f - clamp((v - 0.10f) * (1.0f / 0.32f), 0.0f, 1.0f);
    const float open = bare * neckline * (1.0f - mantle * clamp((v - 0.02f) * 12.0f, 0.0f, 1.0f));
    // A mantle covers bare shoulders too.
    const float sleeve = sure[1] * (1.0f - bare * (1.0f - mantle));
    float share = fminf(sure[0] * (1.0f - open) + sleeve, 1.0f);
    share = share * share * (3.0f - 2.0f * share);
    // The square root of a number times the root of its root.
    const float ratio = (mean_of(colour[0], colour[1], colour[2]) + 0.07f) / (fit[LIGHT] + 0.07f), half = sqrtf(ratio);
    const float fold = clamp(half * sqrtf(half), 0.40f, 1.40f);
    const float lit = fold * fit[ROOM] * (1.0f - worn.w) + worn.w;
    const float dyed[3] = {worn.x, worn.y, worn.z};
    uint32_t out = 255u << 24;
#pragma unroll
    for (int k = 0; k < 3; ++k) {
        const float value = colour[k] + share * (fminf(dyed[k] * lit, 1.0f) - colour[k]);
        out |= (uint32_t)(clamp(value, 0.0f, 1.0f) * 255.0f + 0.5f) << (8 * k);
    }
    p.out[pixel] = out;
}
