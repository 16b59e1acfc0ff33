// How surely each cell of the body's parts is body, and how much may hide there what is worn. The formulas are in mod.rs.
#include "../common/port.cuh"

constexpr int THREADS = 256;
constexpr float EMPTY = 0.15f, KEPT = 0.9f, ENOUGH = 0.35f;
constexpr int CLEFT = 2;

struct CellsParams {
    const half_t* parts;  // (height, width, 16), probabilities
    const float* limits;  // see maps/mod.rs; the first says whether arms can hide, the fourth whether heads can
    const float* before;  // (height, width)
    float* after;         // (height, width); may be `before`
    float* out;           // (height, width, 2)
    int width, height;
};
static_assert(sizeof(CellsParams) == 48, "mod.rs lays it out the same way");

// The extreme of the square of `radius` around each cell of `plane`, in two passes through `scratch`.
template <bool greatest>
__device__ __forceinline__ void extreme(float* plane, float* scratch, int width, int height, int radius) {
    sync_block();
    for (int i = threadIdx.x; i < width * height; i += THREADS) {
        const int x = i % width, row = i - x;
        float most = plane[i];
        for (int u = max(x - radius, 0); u <= min(x + radius, width - 1); ++u) most = greatest ? fmaxf(most, plane[row + u]) : fminf(most, plane[row + u]);
        scratch[i] = most;
    }
    sync_block();
    for (int i = threadIdx.x; i < width * height; i += THREADS) {
        const int x = i % width, y = i / width;
        float most = scratch[i];
        for (int v = max(y - radius, 0); v <= min(y + radius, height - 1); ++v) most = greatest ? fmaxf(most, scratch[v * width + x]) : fminf(most, scratch[v * width + x]);
        plane[i] = most;
    }
    sync_block();
}

// One block: the cells are few, and each step needs all of the one before.
KERNEL(cells_follow, CellsParams, THREADS) {
    SHARED(memory);
    const int count = p.width * p.height;
    float* closed = reinterpret_cast<float*>(memory);
    float* scratch = closed + count;
    float* hiding = scratch + count;
    const bool arms = p.limits[0] != 0.0f, head = p.limits[3] != 0.0f;
    for (int i = threadIdx.x; i < count; i += THREADS) {
        const half_t* part = p.parts + (size_t)i * 16;
        const float seen = 1.0f - to_float(part[0]);
        const float body = seen < EMPTY ? seen : fmaxf(seen, KEPT * p.before[i]);
        p.after[i] = body;
        closed[i] = body;
        float hides = to_float(part[5]) + to_float(part[7]);
        if (arms) hides += to_float(part[4]) + to_float(part[6]);
        if (head) hides += to_float(part[1]) + to_float(part[2]);
        hiding[i] = fminf(hides * (1.0f / ENOUGH), 1.0f);
    }
    extreme<true>(closed, scratch, p.width, p.height, CLEFT);
    extreme<false>(closed, scratch, p.width, p.height, CLEFT);
    for (int i = threadIdx.x; i < count; i += THREADS) closed[i] = fmaxf(fminf(closed[i], 2.0f * p.after[i]), p.after[i]);
    extreme<false>(closed, scratch, p.width, p.height, 1);
    extreme<true>(hiding, scratch, p.width, p.height, 1);
    for (int i = threadIdx.x; i < count; i += THREADS) {
        p.out[2 * i] = closed[i];
        p.out[2 * i + 1] = hiding[i];
    }
}
