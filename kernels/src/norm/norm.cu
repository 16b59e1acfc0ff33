// GroupNorm in two launches, LayerNorm in one, with FiLM and SiLU on the way out. The formulas are in mod.rs.
//
// Statistics are means and sums of squared deviations from them, merged as by Chan, Golub and LeVeque (1983), so that a
// large mean costs no digits. No atomics: the same input gives the same output, bit by bit.
#include "../common/port.cuh"

struct NormParams {
    const half_t* x;
    half_t* out;
    const float *gamma, *beta;     // (channels)
    const half_t *scale, *shift;   // (batch, channels) or null: FiLM
    float* partial;                // (batch, slabs, groups, 2): mean and sum of squared deviations; GroupNorm only
    int batch, pixels, channels, groups, slabs, activation;
    float epsilon;
    int unused;
};
static_assert(sizeof(NormParams) == 88, "mod.rs lays it out the same way");

constexpr int THREADS = 256, WARPS = THREADS / 32, MOST_CHANNELS = 2048;

__device__ float warp_sum(float value) {
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
    return value;
}

// The pixels of a slab: [first, last).
__device__ void slab_of(const NormParams& p, int slab, int& first, int& last) {
    int each = (p.pixels + p.slabs - 1) / p.slabs;
    first = min(slab * each, p.pixels);
    last = min(first + each, p.pixels);
}

// Grid (slabs, batch). Every thread takes 8 channels of every so many pixels; then every warp merges a group.
KERNEL(group_norm_statistics, NormParams, THREADS) {
    SHARED(shared);
    const int chunks = p.channels / 8, rows = THREADS / chunks, column = threadIdx.x % chunks, row = threadIdx.x / chunks;
    float* means = reinterpret_cast<float*>(shared);  // (rows, channels)
    float* squares = means + rows * p.channels;
    int first, last;
    slab_of(p, blockIdx.x, first, last);
    if (row < rows) {
        const half_t* x = p.x + (size_t)blockIdx.y * p.pixels * p.channels + column * 8;
        float origin[8] = {}, sum[8] = {}, square[8] = {};
        int count = 0;
        for (int pixel = first + row; pixel < last; pixel += rows, ++count) {
            float value[8];
            spread8(load8(x + (size_t)pixel * p.channels), value);
#pragma unroll
            for (int e = 0; e < 8; ++e) {
                if (count == 0) origin[e] = value[e];
                float off = value[e] - origin[e];
                sum[e] += off;
                square[e] += off * off;
            }
        }
        const float share = count > 0 ? 1.0f / count : 0.0f;
#pragma unroll
        for (int e = 0; e < 8; ++e) {
            float mean = sum[e] * share;
            means[row * p.channels + column * 8 + e] = origin[e] + mean;
            squares[row * p.channels + column * 8 + e] = fmaxf(square[e] - sum[e] * mean, 0.0f);
        }
    }
    sync_block();
    const int lane = threadIdx.x % 32, width = p.channels / p.groups;
    for (int group = threadIdx.x / 32; group < p.groups; group += WARPS) {
        float sum = 0.0f, square = 0.0f;
        for (int at = lane; at < rows * width; at += 32) {
            int r = at / width, count = max((last - first - r + rows - 1) / rows, 0);
            sum += count * means[r * p.channels + group * width + at % width];
        }
        const float mean = last > first ? warp_sum(sum) / ((float)(last - first) * width) : warp_sum(0.0f);
        for (int at = lane; at < rows * width; at += 32) {
            int r = at / width, count = max((last - first - r + rows - 1) / rows, 0);
            float off = means[r * p.channels + group * width + at % width] - mean;
            if (count > 0) square += squares[r * p.channels + group * width + at % width] + count * off * off;
        }
        square = warp_sum(square);
        if (lane == 0) {
            float* to = p.partial + (((size_t)blockIdx.y * p.slabs + blockIdx.x) * p.groups + group) * 2;
            to[0] = mean;
            to[1] = square;
        }
    }
}

// Grid (slabs, batch), the same slabs. Merges what the slabs found, makes one factor and one addend a channel.
KERNEL(group_norm_apply, NormParams, THREADS) {
    SHARED(shared);
    float* factor = reinterpret_cast<float*>(shared);  // (channels)
    float* addend = factor + p.channels;
    const int lane = threadIdx.x % 32, width = p.channels / p.groups, image = blockIdx.y;
    for (int group = threadIdx.x / 32; group < p.groups; group += WARPS) {
        const float* from = p.partial + ((size_t)image * p.slabs * p.groups + group) * 2;
        float sum = 0.0f, square = 0.0f;
        int first, last;
        for (int slab = lane; slab < p.slabs; slab += 32) {
            slab_of(p, slab, first, last);
            sum += (last - first) * from[(size_t)slab * p.groups * 2];
        }
        const float mean = warp_sum(sum) / p.pixels;
        for (int slab = lane; slab < p.slabs; slab += 32) {
            slab_of(p, slab, first, last);
            float off = from[(size_t)slab * p.groups * 2] - mean;
            square += from[(size_t)slab * p.groups * 2 + 1] + (float)(last - first) * width * off * off;
        }
        const float inverse = rsqrtf(warp_sum(square) / ((float)p.pixels * width) + p.epsilon);
        for (int channel = group * width + lane; channel < (group + 1) * width; channel += 32) {
            float a = p.gamma[channel] * inverse, b = p.beta[channel] - mean * a;
            if (p.scale) {
                float more = 1.0f + to_float(p.scale[image * p.channels + channel]);
                a *= more;
                b = b * more + to_float(p.shift[image * p.channels + channel]);
            }
            factor[channel] = a;
            addend[channel] = b;
        }
    }
    sync_block();
    const int chunks = p.channels / 8;
    int first, last;
    slab_of(p, blockIdx.x, first, last);
    const size_t start = ((size_t)image * p.pixels + first) * p.channels;
    for (int at = threadIdx.x; at < (last - first) * chunks; at += THREADS) {
        const int channel = at % chunks * 8;
        float value[8];
        spread8(load8(p.x + start + (size_t)at * 8), value);
#pragma unroll
        for (int e = 0; e < 8; ++e) value[e] = activate(value[e] * factor[channel + e] + addend[channel + e], p.activation);
        store8(p.out + start + (size_t)at * 8, gather8(value));
    }
}

// Grid: rows / 8; a warp takes a row (pixel or token) and keeps it in registers.
KERNEL(layer_norm, NormParams, THREADS) {
    const int lane = threadIdx.x % 32, row = blockIdx.x * WARPS + threadIdx.x / 32, chunks = p.channels / 8;
    if (row >= p.batch * p.pixels) return;
    constexpr int MOST = MOST_CHANNELS / 256;
    Half8 kept[MOST];
    const half_t* x = p.x + (size_t)row * p.channels;
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < MOST; ++i) {
        if (lane + i * 32 >= chunks) continue;
        kept[i] = load8(x + (lane + i * 32) * 8);
        float value[8];
        spread8(kept[i], value);
#pragma unroll
        for (int e = 0; e < 8; ++e) sum += value[e];
    }
    const float mean = warp_sum(sum) / p.channels;
    float square = 0.0f;
#pragma unroll
    for (int i = 0; i < MOST; ++i) {
        if (lane + i * 32 >= chunks) continue;
        float value[8];
        spread8(kept[i], value);
#pragma unroll
        for (int e = 0; e < 8; ++e) square += (value[e] - mean) * (value[e] - mean);
    }
    const float inverse = rsqrtf(warp_sum(square) / p.channels + p.epsilon);
    const int image = row / p.pixels;
#pragma unroll
    for (int i = 0; i < MOST; ++i) {
        if (lane + i * 32 >= chunks) continue;
        const int channel = (lane + i * 32) * 8;
        float value[8];
        spread8(kept[i], value);
#pragma unroll
        for (int e = 0; e < 8; ++e) {
            float y = (value[e] - mean) * inverse * p.gamma[channel + e] + p.beta[channel + e];
            if (p.scale) y = y * (1.0f + to_float(p.scale[image * p.channels + channel + e])) + to_float(p.shift[image * p.channels + channel + e]);
            value[e] = activate(y, p.activation);
        }
        store8(p.out + (size_t)row * p.channels + channel, gather8(value));
    }
}
