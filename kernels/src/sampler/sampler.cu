// One step of the sampler: x-prediction, flow matching. The formula is in mod.rs.
#include "../common/port.cuh"

struct SamplerParams {
    const half_t* clean;      // pixels of `clean_stride` halves, what the network says the picture is
    const half_t* noised;     // pixels of `noised_stride` halves
    half_t* out;              // pixels of `out_stride` halves; may be `noised`
    const float* levels;      // two noise levels, before and after, both 0..1, the first above 0
    int pixels, channels, clean_stride, clean_first, noised_stride, noised_first, out_stride, out_first;
    int level_channel;        // of `out`, told the new level; or -1
    int unused;
};
static_assert(sizeof(SamplerParams) == 72, "mod.rs lays it out the same way");

KERNEL(sampler_step, SamplerParams, 256) {
    const int pixel = blockIdx.x * 256 + threadIdx.x;
    if (pixel >= p.pixels) return;
    const float after = p.levels[1], ratio = after / p.levels[0];
    const half_t* clean = p.clean + (size_t)pixel * p.clean_stride + p.clean_first;
    const half_t* noised = p.noised + (size_t)pixel * p.noised_stride + p.noised_first;
    half_t* out = p.out + (size_t)pixel * p.out_stride;
    for (int channel = 0; channel < p.channels; ++channel) {
        float x = to_float(clean[channel]);
        out[p.out_first + channel] = to_half(x + ratio * (to_float(noised[channel]) - x));
    }
    if (p.level_channel >= 0) out[p.level_channel] = to_half(after);
}
