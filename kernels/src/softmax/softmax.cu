// Softmax over the channels of every pixel. The formula is in mod.rs.
#include "../common/port.cuh"

struct SoftmaxParams {
    const half_t* x;  // (rows, stride)
    half_t* out;      // the same; may be x
    int rows, channels, stride, unused;
};
static_assert(sizeof(SoftmaxParams) == 32, "mod.rs lays it out the same way");

constexpr int MOST = 32;

KERNEL(softmax_channels, SoftmaxParams, 128) {
    const int row = blockIdx.x * 128 + threadIdx.x;
    if (row >= p.rows) return;
    const half_t* x = p.x + (size_t)row * p.stride;
    half_t* out = p.out + (size_t)row * p.stride;
    float value[MOST], most = -INFINITY, total = 0.0f;
#pragma unroll
    for (int c = 0; c < MOST; ++c) {
        value[c] = c < p.channels ? to_float(x[c]) : -INFINITY;
        most = fmaxf(most, value[c]);
    }
#pragma unroll
    for (int c = 0; c < MOST; ++c) {
        value[c] = exp2_approximate((value[c] - most) * LOG2_E);
        total += value[c];
    }
    const float share = 1.0f / total;
#pragma unroll
    for (int c = 0; c < MOST; ++c)
        if (c < p.stride) out[c] = to_half(c < p.channels ? value[c] * share : 0.0f);
}
