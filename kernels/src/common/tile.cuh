// A tile of a matrix product on tensor cores: C = A B^T with f16 operands and f32 sums.
//
//   C[m][n] = sum over k of A[m][k] B[n][k]
//
// A block computes BM x BN of C. Operands come through STAGES buffers of shared memory, filled ahead by cp.async, 32
// values of k at a time ("panel": a row is 64 bytes, four chunks of 16; chunks are swizzled so that the eight rows an
// ldmatrix reads lie in different banks). WARPS_K > 1 cuts each stage's k between warps, for products whose C is too
// small to fill the machine; their sums meet in shared memory in a fixed order, so results do not depend on timing.
//
// Where A comes from is the caller's: `Rows` gives the address of a chunk of 8 values (see conv.cu, linear.cu).
#pragma once
#include "port.cuh"

template <int BM_, int BN_, int WARPS_M_, int WARPS_N_, int WARPS_K_>
struct Tile {
    static constexpr int BM = BM_, BN = BN_, WARPS_M = WARPS_M_, WARPS_N = WARPS_N_, WARPS_K = WARPS_K_;
    static constexpr int STAGES = 3;
    static constexpr int THREADS = 32 * WARPS_M * WARPS_N * WARPS_K;
    static constexpr int WM = BM / WARPS_M, WN = BN / WARPS_N;      // a warp's part of the tile
    static constexpr int CHUNKS = 4 * WARPS_K;                       // of 8 values, along k, in one stage
    static constexpr int ROWS_AT_ONCE = THREADS / CHUNKS;
    static constexpr int A_ROWS = (BM + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;  // that one thread copies
    static constexpr int B_ROWS = (BN + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
    static constexpr int PANEL = (BM + BN) * 64;
    static constexpr int STAGE = PANEL * WARPS_K;
    static constexpr int OUT_STRIDE = BN + 8;                        // halves; the 8 keep rows in different banks
    static constexpr int SHARED_BYTES = STAGES * STAGE;
    static_assert(BM % ROWS_AT_ONCE == 0 || BM < ROWS_AT_ONCE, "rows are dealt out evenly");
    static_assert(BN % ROWS_AT_ONCE == 0 || BN < ROWS_AT_ONCE, "rows are dealt out evenly");
    static_assert(WM % 16 == 0 && WN % 16 == 0, "a warp works on squares of 16");
    static_assert(SHARED_BYTES <= 48 * 1024, "no opt-in to more shared memory is needed");
    static_assert(BM * OUT_STRIDE * 2 + (WARPS_K - 1) * BM * BN * 4 <= SHARED_BYTES, "the results fit where the operands were");

    // Byte offset of a chunk in a panel of 64-byte rows.
    __device__ static int swizzled(int row, int chunk) { return row * 64 + ((chunk ^ (row >> 1)) & 3) * 16; }

    float sums[WM / 16][WN / 8][4];
    int thread, lane, warp_m, warp_n, warp_k;

    __device__ Tile() {
        thread = threadIdx.x;
        lane = thread & 31;
        int warp = thread >> 5;
        warp_m = warp % WARPS_M;
        warp_n = warp / WARPS_M % WARPS_N;
        warp_k = warp / (WARPS_M * WARPS_N);
#pragma unroll
        for (int i = 0; i < WM / 16; ++i)
#pragma unroll
            for (int j = 0; j < WN / 8; ++j)
#pragma unroll
                for (int e = 0; e < 4; ++e) sums[i][j][e] = 0.0f;
    }

    // Computes the sums. `rows.chunk(i, valid)` is the address of this thread's present chunk of its i-th row of A,
    // `rows.advance()` moves on by CHUNKS. B: (n, k) with k a multiple of 8. Ends with all copies done and a barrier.
    template <class Rows>
    __device__ void multiply(unsigned char* shared, Rows& rows, const half_t* b, int n, int k) {
        const int column = thread % CHUNKS, row = thread / CHUNKS;
        const int chunks = k / 8, steps = (chunks + CHUNKS - 1) / CHUNKS;
        const int b_first = blockIdx.y * BN + row;
        int b_chunk = column;

        auto issue = [&](int stage) {
            unsigned char* a_panel = shared + stage * STAGE + column / 4 * PANEL;
            unsigned char* b_panel = a_panel + BM * 64;
#pragma unroll
            for (int i = 0; i < A_ROWS; ++i) {
                int at = row + i * ROWS_AT_ONCE;
                if (BM < ROWS_AT_ONCE && at >= BM) break;
                bool valid;
                const half_t* from = rows.chunk(i, valid);
                copy16_async(a_panel + swizzled(at, column % 4), from, valid);
            }
#pragma unroll
            for (int i = 0; i < B_ROWS; ++i) {
                int at = row + i * ROWS_AT_ONCE;
                if (BN < ROWS_AT_ONCE && at >= BN) break;
                int which = b_first + i * ROWS_AT_ONCE;
                bool valid = which < n && b_chunk < chunks;
                copy16_async(b_panel + swizzled(at, column % 4), valid ? b + (size_t)which * k + b_chunk * 8 : b, valid);
            }
            rows.advance();
            b_chunk += CHUNKS;
        };

#pragma unroll
        for (int stage = 0; stage < STAGES - 1; ++stage) {
            if (stage < steps) issue(stage);
            copy_commit();
        }
        for (int step = 0; step < steps; ++step) {
            copy_wait<STAGES - 2>();
            sync_block();  // this stage has come for all, and all are done with the stage filled next
            if (step + STAGES - 1 < steps) issue((step + STAGES - 1) % STAGES);
            copy_commit();
            compute(shared + step % STAGES * STAGE + warp_k * PANEL);
        }
        copy_wait<0>();
        sync_block();
    }

    __device__ void compute(const unsigned char* a_panel) {
        const unsigned char* b_panel = a_panel + BM * 64;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            uint32_t a[WM / 16][4], b[WN / 16][4];
#pragma unroll
            for (int i = 0; i < WM / 16; ++i)
                load_matrix4(a[i], a_panel + swizzled(warp_m * WM + i * 16 + lane % 16, half * 2 + lane / 16));
#pragma unroll
            for (int j = 0; j < WN / 16; ++j)
                load_matrix4(b[j], b_panel + swizzled(warp_n * WN + j * 16 + lane % 8 + lane / 16 * 8, half * 2 + lane / 8 % 2));
#pragma unroll
            for (int i = 0; i < WM / 16; ++i)
#pragma unroll
                for (int j = 0; j < WN / 8; ++j) mma(sums[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
        }
    }

    // out[m][n] = activation(sums + bias[n] + residual[m][n]) for the block's part; rows are `n` halves long. `residual`
    // may be null or `out` itself. n is a multiple of 8.
    __device__ void finish(unsigned char* shared, const float* bias, const half_t* residual, half_t* out, int m, int n, int activation) {
        half_t* staged = reinterpret_cast<half_t*>(shared);
        float* partial = reinterpret_cast<float*>(shared + BM * OUT_STRIDE * 2);
        const int m_first = blockIdx.x * BM, n_first = blockIdx.y * BN;
        constexpr int ROW_CHUNKS = BN / 8;
        if (residual) {
            for (int at = thread; at < BM * ROW_CHUNKS; at += THREADS) {
                int row = at / ROW_CHUNKS, column = at % ROW_CHUNKS * 8;
                if (m_first + row < m && n_first + column < n)
                    store8(staged + row * OUT_STRIDE + column, load8(residual + (size_t)(m_first + row) * n + n_first + column));
            }
        }
        if (WARPS_K > 1 && warp_k > 0) {
            float* mine = partial + ((warp_k - 1) * WARPS_M * WARPS_N + warp_n * WARPS_M + warp_m) * (WM * WN);
#pragma unroll
            for (int i = 0; i < WM / 16; ++i)
#pragma unroll
                for (int j = 0; j < WN / 8; ++j)
#pragma unroll
                    for (int e = 0; e < 4; ++e) mine[((i * (WN / 8) + j) * 4 + e) * 32 + lane] = sums[i][j][e];
        }
        sync_block();
        if (warp_k == 0) {
#pragma unroll
            for (int i = 0; i < WM / 16; ++i)
#pragma unroll
                for (int j = 0; j < WN / 8; ++j) {
                    const int column = warp_n * WN + j * 8 + lane % 4 * 2;
                    float2 add = make_float2(0.0f, 0.0f);
                    if (bias && n_first + column < n) add = make_float2(bias[n_first + column], bias[n_first + column + 1]);
#pragma unroll
                    for (int part = 1; part < WARPS_K; ++part) {
                        const float* theirs = partial + ((part - 1) * WARPS_M * WARPS_N + warp_n * WARPS_M + warp_m) * (WM * WN);
#pragma unroll
                        for (int e = 0; e < 4; ++e) sums[i][j][e] += theirs[((i * (WN / 8) + j) * 4 + e) * 32 + lane];
                    }
#pragma unroll
                    for (int lower = 0; lower < 2; ++lower) {
                        const int row = warp_m * WM + i * 16 + lower * 8 + lane / 4;
                        uint32_t* at = reinterpret_cast<uint32_t*>(staged + row * OUT_STRIDE + column);
                        float low = sums[i][j][lower * 2] + add.x, high = sums[i][j][lower * 2 + 1] + add.y;
                        if (residual) {
                            float2 more = unpack2(*at);
                            low += more.x;
                            high += more.y;
                        }
                        *at = pack2(activate(low, activation), activate(high, activation));
                    }
                }
        }
        sync_block();
        for (int at = thread; at < BM * ROW_CHUNKS; at += THREADS) {
            int row = at / ROW_CHUNKS, column = at % ROW_CHUNKS * 8;
            if (m_first + row < m && n_first + column < n)
                store8(out + (size_t)(m_first + row) * n + n_first + column, load8(staged + row * OUT_STRIDE + column));
        }
    }
};
