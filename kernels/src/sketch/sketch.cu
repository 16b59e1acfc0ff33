// What is worn, in front over behind, into the painter's inputs. The formulas are in mod.rs.
#include "../common/port.cuh"

struct SketchParams {
    const half_t* front;   // (pixels, 4), premultiplied
    const half_t* behind;  // (pixels, 4), premultiplied
    half_t* out;           // (pixels, stride)
    int pixels, stride, first, alpha;
};
static_assert(sizeof(SketchParams) == 40, "mod.rs lays it out the same way");

KERNEL(sketch_join, SketchParams, 256) {
    const int at = blockIdx.x * 256 + threadIdx.x;
    if (at >= p.pixels) return;
    const uint32_t* words = reinterpret_cast<const uint32_t*>(p.front) + (size_t)at * 2;
    float2 low = unpack2(words[0]), high = unpack2(words[1]);
    const float front[4] = {low.x, low.y, high.x, high.y};
    words = reinterpret_cast<const uint32_t*>(p.behind) + (size_t)at * 2;
    low = unpack2(words[0]), high = unpack2(words[1]);
    const float behind[4] = {low.x, low.y, high.x, high.y};
    half_t* out = p.out + (size_t)at * p.stride;
#pragma unroll
    for (int k = 0; k < 4; ++k) out[p.first + k] = to_half(front[k] + behind[k] * (1.0f - front[3]));
    out[p.alpha] = to_half(fmaxf(front[3], behind[3]));
}
