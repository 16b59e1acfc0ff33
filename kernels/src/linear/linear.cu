// Linear layers: a matrix product for many rows, and one warp a column for few. The formula is in mod.rs.
#include "../common/tile.cuh"

struct LinearParams {
    const half_t* a;         // rows of `in_channels` halves, `a_stride` apart
    const half_t* weights;   // (out_channels, in_channels)
    const float* bias;       // (out_channels) or null
    const half_t* residual;  // like out, or null
    half_t* out;             // (rows, out_channels)
    int rows, in_channels, out_channels, a_stride, activation, unused;
};
static_assert(sizeof(LinearParams) == 64, "mod.rs lays it out the same way");

template <int CHUNKS, int ROWS_AT_ONCE>
struct Rows {
    const LinearParams& p;
    int first, at;  // this thread's first row; its present chunk

    __device__ Rows(const LinearParams& p, int first, int column) : p(p), first(first), at(column) {}
    __device__ void advance() { at += CHUNKS; }
    __device__ const half_t* chunk(int i, bool& valid) const {
        int row = first + i * ROWS_AT_ONCE;
        valid = row < p.rows && at * 8 < p.in_channels;
        return valid ? p.a + (size_t)row * p.a_stride + at * 8 : p.a;
    }
};

template <class T>
__device__ void multiply(const LinearParams& p) {
    SHARED(shared);
    T tile;
    Rows<T::CHUNKS, T::ROWS_AT_ONCE> rows(p, blockIdx.x * T::BM + tile.thread / T::CHUNKS, tile.thread % T::CHUNKS);
    tile.multiply(shared, rows, p.weights, p.out_channels, p.in_channels);
    tile.finish(shared, p.bias, p.residual, p.out, p.rows, p.out_channels, p.activation);
}

// The shapes are those of `common::tile::SHAPES`.
KERNEL(linear_128x128, LinearParams, 256) { multiply<Tile<128, 128, 2, 4, 1>>(p); }
KERNEL(linear_64x64, LinearParams, 128) { multiply<Tile<64, 64, 2, 2, 1>>(p); }
KERNEL(linear_128x32, LinearParams, 128) { multiply<Tile<128, 32, 4, 1, 1>>(p); }
KERNEL(linear_128x16, LinearParams, 128) { multiply<Tile<128, 16, 4, 1, 1>>(p); }
KERNEL(linear_64x32, LinearParams, 128) { multiply<Tile<64, 32, 2, 1, 2>>(p); }
KERNEL(linear_32x32, LinearParams, 128) { multiply<Tile<32, 32, 1, 1, 4>>(p); }

// Few rows: a warp reads one row of the weights once and sums for FEW rows of A. Grid: columns / 8, rows / FEW.
constexpr int FEW = 4;
KERNEL(linear_few, LinearParams, 256) {
    const int lane = threadIdx.x % 32, column = blockIdx.x * 8 + threadIdx.x / 32, first = blockIdx.y * FEW;
    if (column >= p.out_channels) return;
    float sums[FEW] = {};
    for (int at = lane * 8; at < p.in_channels; at += 256) {
        float w[8], x[8];
        spread8(load8(p.weights + (size_t)column * p.in_channels + at), w);
#pragma unroll
        for (int i = 0; i < FEW; ++i) {
            if (first + i >= p.rows) break;
            spread8(load8(p.a + (size_t)(first + i) * p.a_stride + at), x);
#pragma unroll
            for (int e = 0; e < 8; ++e) sums[i] += w[e] * x[e];
        }
    }
#pragma unroll
    for (int i = 0; i < FEW; ++i) {
#pragma unroll
        for (int mask = 16; mask > 0; mask /= 2) sums[i] += shuffle_xor(sums[i], mask);
    }
    if (lane < FEW && first + lane < p.rows) {
        float sum = 0.0f;
#pragma unroll
        for (int i = 0; i < FEW; ++i) sum = lane == i ? sums[i] : sum;
        size_t at = (size_t)(first + lane) * p.out_channels + column;
        if (p.bias) sum += p.bias[column];
        if (p.residual) sum += to_float(p.residual[at]);
        p.out[at] = to_half(activate(sum, p.activation));
    }
}
