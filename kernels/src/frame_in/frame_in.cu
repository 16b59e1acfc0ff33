// From the camera's bytes to what the networks take in. The formulas are in mod.rs and its parts.
#include "../common/port.cuh"

struct FrameToRgbParams {
    const unsigned char* bytes;
    unsigned char* rgb;  // (height, width, 3)
    int width, height, format, mirrored;
};
static_assert(sizeof(FrameToRgbParams) == 32, "rgb.rs lays it out the same way");

enum Format : int { RGB8 = 0, YUYV = 1, NV12 = 2 };

__device__ unsigned char cut(int fixed) { return (unsigned char)min(max((fixed + (1 << 15)) >> 16, 0), 255); }

KERNEL(frame_to_rgb, FrameToRgbParams, 256) {
    const int at = blockIdx.x * 256 + threadIdx.x;
    if (at >= p.width * p.height) return;
    const int x = at % p.width, y = at / p.width;
    unsigned char* out = p.rgb + 3 * (size_t)(p.mirrored ? y * p.width + (p.width - 1 - x) : at);
    if (p.format == RGB8) {
        for (int k = 0; k < 3; ++k) out[k] = p.bytes[3 * (size_t)at + k];
        return;
    }
    int luma, u, v;
    if (p.format == YUYV) {
        const unsigned char* pair = p.bytes + 4 * (size_t)(at / 2);
        luma = pair[x % 2 * 2], u = pair[1], v = pair[3];
    } else {
        const unsigned char* pair = p.bytes + (size_t)p.width * p.height + (size_t)(y / 2) * p.width + x / 2 * 2;
        luma = p.bytes[at], u = pair[0], v = pair[1];
    }
    // BT.601, limited range, 16 bits behind the point.
    luma = (luma - 16) * 76309, u -= 128, v -= 128;
    out[0] = cut(luma + v * 104597);
    out[1] = cut(luma - u * 25675 - v * 53279);
    out[2] = cut(luma + u * 132201);
}

struct ShrinkParams {
    const unsigned char* rgb;  // (source height, source_width, 3)
    half_t* out;               // (height, width, out_stride)
    const int *column_first, *column_count;  // (width): source columns under a target column; count 0 is beside the picture
    const float* column_weights;             // (width, column_taps)
    const int *row_first, *row_count;        // (height)
    const float* row_weights;                // (height, row_taps)
    int source_width, width, height, column_taps, row_taps, out_stride, out_first, out_last;
    float gain, offset;
};
static_assert(sizeof(ShrinkParams) == 104, "shrink.rs lays it out the same way");

KERNEL(frame_shrink, ShrinkParams, 128) {
    const int at = blockIdx.x * 128 + threadIdx.x;
    if (at >= p.width * p.height) return;
    const int x = at % p.width, y = at / p.width;
    const int columns = p.column_count[x], rows = p.row_count[y];
    float sum[3] = {};
    for (int j = 0; j < rows; ++j) {
        const unsigned char* from = p.rgb + 3 * ((size_t)(p.row_first[y] + j) * p.source_width + p.column_first[x]);
        float line[3] = {};
        for (int i = 0; i < columns; ++i) {
            const float weight = p.column_weights[x * p.column_taps + i];
#pragma unroll
            for (int k = 0; k < 3; ++k) line[k] += weight * from[3 * i + k];
        }
        const float weight = p.row_weights[y * p.row_taps + j];
#pragma unroll
        for (int k = 0; k < 3; ++k) sum[k] += weight * line[k];
    }
    const bool bar = rows == 0 || columns == 0;
    half_t* out = p.out + (size_t)at * p.out_stride;
#pragma unroll
    for (int k = 0; k < 3; ++k) out[p.out_first + k] = to_half((bar ? 0.5f : sum[k] * (1.0f / 255.0f)) * p.gain + p.offset);
    for (int k = p.out_first + 3; k < p.out_last; ++k) out[k] = to_half(0.0f);
}

struct UnshuffleParams {
    const half_t* x;  // (2 height, 2 width, x_stride)
    half_t* out;      // (height, width, 16)
    int width, height, x_stride, x_first;
    float offset;
    int mirrored;
};
static_assert(sizeof(UnshuffleParams) == 40, "unshuffle.rs lays it out the same way");

KERNEL(frame_unshuffle, UnshuffleParams, 128) {
    const int at = blockIdx.x * 128 + threadIdx.x;
    if (at >= p.width * p.height) return;
    const int x = at % p.width, y = at / p.width;
    float out[2][8] = {};
#pragma unroll
    for (int corner = 0; corner < 4; ++corner) {
        const int column = p.mirrored ? 2 * p.width - 1 - (2 * x + corner % 2) : 2 * x + corner % 2;
        const size_t pixel = (size_t)(2 * y + corner / 2) * 2 * p.width + column;
        const half_t* from = p.x + pixel * p.x_stride + p.x_first;
#pragma unroll
        for (int k = 0; k < 3; ++k) out[k / 2][4 * (k % 2) + corner] = to_float(from[k]) + p.offset;
    }
    store8(p.out + (size_t)at * 16, gather8(out[0]));
    store8(p.out + (size_t)at * 16 + 8, gather8(out[1]));
}
