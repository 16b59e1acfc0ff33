// Convolution as a matrix product whose left side is never written out: row m of A is the patch around output pixel m.
// The formula is in mod.rs. k runs over taps, and within a tap over the channels of input a, then of input b.
#include "../common/tile.cuh"

struct ConvParams {
    const half_t* a;         // (batch, height >> a_shift, width >> a_shift, a_channels)
    const half_t* b;         // the same for b, or null
    const half_t* weights;   // (out_channels, kernel * kernel * (a_channels + b_channels))
    const float* bias;       // (out_channels)
    const half_t* residual;  // like out, or null
    half_t* out;             // (batch, out_height, out_width, out_channels)
    int batch, height, width, a_channels, b_channels, a_shift, b_shift;
    int out_height, out_width, out_channels, kernel, stride, pad, activation;
};
static_assert(sizeof(ConvParams) == 104, "mod.rs lays it out the same way");

template <int COUNT, int CHUNKS, int ROWS_AT_ONCE>
struct Patches {
    const ConvParams& p;
    int image[COUNT], y[COUNT], x[COUNT];  // of the patch's first pixel; y far outside where there is no output pixel
    int channel, tap_y, tap_x;             // of the present chunk

    __device__ Patches(const ConvParams& p, int first_row, int column) : p(p) {
        const int area = p.out_height * p.out_width;
#pragma unroll
        for (int i = 0; i < COUNT; ++i) {
            int m = first_row + i * ROWS_AT_ONCE;
            bool exists = m < p.batch * area;
            int n = exists ? m / area : 0, rest = m - n * area, row = rest / p.out_width;
            image[i] = n;
            y[i] = exists ? row * p.stride - p.pad : -(1 << 24);
            x[i] = (rest - row * p.out_width) * p.stride - p.pad;
        }
        channel = column * 8;
        tap_y = tap_x = 0;
        settle();
    }

    __device__ void settle() {
        const int channels = p.a_channels + p.b_channels;
        while (channel >= channels) {
            channel -= channels;
            if (++tap_x == p.kernel) {
                tap_x = 0;
                ++tap_y;
            }
        }
    }

    __device__ void advance() {
        channel += CHUNKS * 8;
        settle();
    }

    __device__ const half_t* chunk(int i, bool& valid) const {
        int row = y[i] + tap_y, column = x[i] + tap_x;
        valid = tap_y < p.kernel && (unsigned)row < (unsigned)p.height && (unsigned)column < (unsigned)p.width;
        if (!valid) return p.a;
        bool second = channel >= p.a_channels;
        int shift = second ? p.b_shift : p.a_shift, channels = second ? p.b_channels : p.a_channels;
        int inside = second ? channel - p.a_channels : channel;
        size_t pixel = ((size_t)image[i] * (p.height >> shift) + (row >> shift)) * (p.width >> shift) + (column >> shift);
        return (second ? p.b : p.a) + pixel * channels + inside;
    }
};

template <class T>
__device__ void convolve(const ConvParams& p) {
    SHARED(shared);
    T tile;
    Patches<T::A_ROWS, T::CHUNKS, T::ROWS_AT_ONCE> rows(p, blockIdx.x * T::BM + tile.thread / T::CHUNKS, tile.thread % T::CHUNKS);
    tile.multiply(shared, rows, p.weights, p.out_channels, p.kernel * p.kernel * (p.a_channels + p.b_channels));
    tile.finish(shared, p.bias, p.residual, p.out, p.batch * p.out_height * p.out_width, p.out_channels, p.activation);
}

// The shapes are those of `common::tile::SHAPES`.
KERNEL(conv_128x128, ConvParams, 256) { convolve<Tile<128, 128, 2, 4, 1>>(p); }
KERNEL(conv_64x64, ConvParams, 128) { convolve<Tile<64, 64, 2, 2, 1>>(p); }
KERNEL(conv_128x32, ConvParams, 128) { convolve<Tile<128, 32, 4, 1, 1>>(p); }
KERNEL(conv_128x16, ConvParams, 128) { convolve<Tile<128, 16, 4, 1, 1>>(p); }
KERNEL(conv_64x32, ConvParams, 128) { convolve<Tile<64, 32, 2, 1, 2>>(p); }
KERNEL(conv_32x32, ConvParams, 128) { convolve<Tile<32, 32, 1, 1, 4>>(p); }
