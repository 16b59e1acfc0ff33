// From the house painter's raw output to the maps that the composite enlarges. The formulas are in mod.rs.
#include "../common/port.cuh"

constexpr int MAPS = 16, PLANES = 14, REACH = 4, RADIUS = 3;
constexpr float EPSILON = 4e-4f, BEGINS = 0.75f, WHOLE = 0.95f;

struct MapsParams {
    const half_t* raw;      // (height / 2, width / 2, 56): of each plane four pixels
    const half_t* inputs;   // (height, width, in_stride): the camera's picture first, the sketch's alpha at `alpha`
    const int* world_on;    // one number: 0 or 1
    const float* cells;     // (ceil(height / 4), ceil(width / 4), 2): how surely body, how much may hide
    const float* limits;    // (LIMITS): see mod.rs
    float* lines;           // (height, width, 2): a and b of each pixel's window
    float* maps;            // (height, width, MAPS)
    int width, height, in_stride, alpha;
    int left, right, top, bottom;  // the first and the last column and row that hold some of the camera's picture
};
static_assert(sizeof(MapsParams) == 88, "mod.rs lays it out the same way");

__device__ float sigmoid(float x) { return 1.0f / (1.0f + exp2_approximate(-x * LOG2_E)); }
__device__ float squashed(float x) { return 2.0f * sigmoid(2.0f * x) - 1.0f; }  // tanh

__device__ int clamp(int at, int low, int high) { return min(max(at, low), high); }

__device__ float raw_at(const MapsParams& p, int x, int y, int plane) {
    size_t pixel = (size_t)(y / 2) * (p.width / 2) + x / 2;
    return to_float(p.raw[pixel * PLANES * 4 + plane * 4 + y % 2 * 2 + x % 2]);
}

__device__ float brightness(const MapsParams& p, int x, int y) {
    const half_t* pixel = p.inputs + ((size_t)y * p.width + x) * p.in_stride;
    return (to_float(pixel[0]) + to_float(pixel[1]) + to_float(pixel[2])) * (1.0f / 3.0f);
}

// The two cells around a pixel of four times their number, and how far it is towards the second.
__device__ float between(int at, int cells, int& low, int& high) {
    const float exact = fminf(fmaxf((at + 0.5f) * 0.25f - 0.5f, 0.0f), (float)(cells - 1));
    low = (int)exact, high = min(low + 1, cells - 1);
    return exact - low;
}

// The most that a pixel is inside of `count` circles, 0 to 1.
__device__ float inside(const float* circles, int count, float x, float y) {
    float most = 0.0f;
    for (int i = 0; i < count; ++i) {
        const float dx = x - circles[4 * i], dy = y - circles[4 * i + 1];
        most = fmaxf(most, fminf(fmaxf(circles[4 * i + 2] + 1.0f - sqrtf(dx * dx + dy * dy), 0.0f), 1.0f));
    }
    return most;
}

// Every map in its range; the matte, not yet guided, is map 0, and map 1 is zero. Blocks of 32 by 8 pixels.
KERNEL(maps_decode, MapsParams, 256, 4) {
    const int x = blockIdx.x * 32 + threadIdx.x % 32, y = blockIdx.y * 8 + threadIdx.x / 32;
    if (x >= p.width || y >= p.height) return;
    float gate = 1.0f;
    if (*p.world_on == 0) {
        gate = 0.0f;
        for (int v = max(y - REACH, 0); v <= min(y + REACH, p.height - 1); ++v)
            for (int u = max(x - REACH, 0); u <= min(x + REACH, p.width - 1); ++u)
                gate = fmaxf(gate, to_float(p.inputs[((size_t)v * p.width + u) * p.in_stride + p.alpha]));
    }
    const int columns = (p.width + 3) / 4, rows = (p.height + 3) / 4;
    int left, right, top, bottom;
    const float across = between(x, columns, left, right), down = between(y, rows, top, bottom);
    const float tl = p.cells[2 * (top * columns + left)], tr = p.cells[2 * (top * columns + right)];
    const float bl = p.cells[2 * (bottom * columns + left)], br = p.cells[2 * (bottom * columns + right)];
    const float upper = tl + across * (tr - tl), lower = bl + across * (br - bl);
    const float floor = fminf(fmaxf((upper + down * (lower - upper) - BEGINS) * (1.0f / (WHOLE - BEGINS)), 0.0f), 1.0f);
    const int grips = (int)p.limits[1], covers = (int)p.limits[2];
    float hidden = p.cells[2 * (y / 4 * columns + x / 4) + 1];
    if (p.limits[0] == 0.0f) hidden *= inside(p.limits + 4, grips, x + 0.5f, y + 0.5f);
    hidden *= 1.0f - inside(p.limits + 4 + 4 * grips, covers, x + 0.5f, y + 0.5f);
    float* to = p.maps + ((size_t)y * p.width + x) * MAPS;
    to[0] = fmaxf(sigmoid(raw_at(p, x, y, 0)), floor);
    to[1] = 0.0f;
    to[2] = 1.0f - (1.0f - sigmoid(raw_at(p, x, y, 1) + 2.0f)) * hidden;
#pragma unroll
    for (int k = 0; k < 3; ++k) {
        to[6 + k] = 0.25f * squashed(raw_at(p, x, y, 2 + k)) * gate;
        to[3 + k] = exp2_approximate(squashed(raw_at(p, x, y, 5 + k)));
        to[9 + k] = exp2_approximate(1.5f * squashed(raw_at(p, x, y, 8 + k)));
        to[12 + k] = 0.25f * squashed(raw_at(p, x, y, 11 + k));
    }
    to[15] = 0.0f;
}

// The line `a I + b` of each pixel's window, means first so that no digits cancel. Beside the camera's picture lies what its
// border holds.
KERNEL(maps_fit, MapsParams, 256, 4) {
    const int x = blockIdx.x * 32 + threadIdx.x % 32, y = blockIdx.y * 8 + threadIdx.x / 32;
    if (x >= p.width || y >= p.height) return;
    const int left = max(x - RADIUS, 0), right = min(x + RADIUS, p.width - 1);
    const int top = max(y - RADIUS, 0), bottom = min(y + RADIUS, p.height - 1);
    const float share = 1.0f / ((right - left + 1) * (bottom - top + 1));
    float guide = 0.0f, matte = 0.0f;
    for (int v = top; v <= bottom; ++v)
        for (int u = left; u <= right; ++u) {
            const int column = clamp(u, p.left, p.right), row = clamp(v, p.top, p.bottom);
            guide += brightness(p, column, row);
            matte += p.maps[((size_t)row * p.width + column) * MAPS];
        }
    guide *= share, matte *= share;
    float variance = 0.0f, together = 0.0f;
    for (int v = top; v <= bottom; ++v)
        for (int u = left; u <= right; ++u) {
            const int column = clamp(u, p.left, p.right), row = clamp(v, p.top, p.bottom);
            float off = brightness(p, column, row) - guide;
            variance += off * off;
            together += off * (p.maps[((size_t)row * p.width + column) * MAPS] - matte);
        }
    const float a = together * share / (variance * share + EPSILON);
    float* to = p.lines + ((size_t)y * p.width + x) * 2;
    to[0] = a;
    to[1] = matte - a * guide;
}

// The mean of the windows' lines into maps 0 and 1.
KERNEL(maps_smooth, MapsParams, 256, 4) {
    const int x = blockIdx.x * 32 + threadIdx.x % 32, y = blockIdx.y * 8 + threadIdx.x / 32;
    if (x >= p.width || y >= p.height) return;
    const int left = max(x - RADIUS, 0), right = min(x + RADIUS, p.width - 1);
    const int top = max(y - RADIUS, 0), bottom = min(y + RADIUS, p.height - 1);
    const float share = 1.0f / ((right - left + 1) * (bottom - top + 1));
    float a = 0.0f, b = 0.0f;
    for (int v = top; v <= bottom; ++v)
        for (int u = left; u <= right; ++u) {
            const float* line = p.lines + ((size_t)v * p.width + u) * 2;
            a += line[0], b += line[1];
        }
    float* to = p.maps + ((size_t)y * p.width + x) * MAPS;
    to[0] = a * share;
    to[1] = b * share;
}
