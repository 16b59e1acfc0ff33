// Attention in one pass over the keys, the scores never leaving the registers (Dao, "FlashAttention-2", 2023). The
// formula is in mod.rs.
//
// A block takes 64 queries of one head, a warp 16 of them. Keys and values come BKV at a time; while the scores are
// computed the values are on their way, and while the values are used the next keys are.
#include "../common/port.cuh"

struct AttentionParams {
    const half_t *q, *k, *v;
    half_t* out;
    int batch, heads, q_tokens, k_tokens;
    int q_stride, k_stride, v_stride, out_stride;  // halves between tokens
    float scale;
    int unused;
};
static_assert(sizeof(AttentionParams) == 72, "mod.rs lays it out the same way");

constexpr int BQ = 64, THREADS = 128;

// `count` tokens of D halves into rows of `stride` halves; zeros beyond the last token and from D to DP.
template <int D, int DP, int COUNT>
__device__ void fetch(half_t* to, const half_t* from, int token_stride, int first, int tokens) {
    constexpr int CHUNKS = DP / 8;
    for (int at = threadIdx.x; at < COUNT * CHUNKS; at += THREADS) {
        int row = at / CHUNKS, chunk = at % CHUNKS;
        bool valid = first + row < tokens && chunk < D / 8;
        copy16_async(to + row * (DP + 8) + chunk * 8, valid ? from + (size_t)(first + row) * token_stride + chunk * 8 : from, valid);
    }
}

template <int D, int BKV>
__device__ void attend(const AttentionParams& p) {
    // DP + 8 halves a row: an odd number of 16-byte chunks, so that an ldmatrix's eight rows lie in different banks.
    constexpr int DP = (D + 15) / 16 * 16, STRIDE = DP + 8;
    static_assert((BQ + 2 * BKV) * STRIDE * 2 <= 48 * 1024, "no opt-in to more shared memory is needed");
    SHARED(shared);
    half_t* q_rows = reinterpret_cast<half_t*>(shared);
    half_t* k_rows = q_rows + BQ * STRIDE;
    half_t* v_rows = k_rows + BKV * STRIDE;

    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int q_first = blockIdx.x * BQ, head = blockIdx.y, image = blockIdx.z;
    const half_t* q = p.q + (size_t)image * p.q_tokens * p.q_stride + head * D;
    const half_t* k = p.k + (size_t)image * p.k_tokens * p.k_stride + head * D;
    const half_t* v = p.v + (size_t)image * p.k_tokens * p.v_stride + head * D;

    float out[DP / 8][4] = {};
    float highest[2] = {-INFINITY, -INFINITY}, total[2] = {};  // of the rows lane / 4 and lane / 4 + 8; total of this lane's columns
    const float scale = p.scale * LOG2_E;

    fetch<D, DP, BQ>(q_rows, q, p.q_stride, q_first, p.q_tokens);
    fetch<D, DP, BKV>(k_rows, k, p.k_stride, 0, p.k_tokens);
    copy_commit();
    for (int first = 0; first < p.k_tokens; first += BKV) {
        fetch<D, DP, BKV>(v_rows, v, p.v_stride, first, p.k_tokens);
        copy_commit();
        copy_wait<1>();  // queries and keys are there
        sync_block();

        float scores[BKV / 8][4] = {};
#pragma unroll
        for (int d = 0; d < DP / 16; ++d) {
            uint32_t a[4];
            load_matrix4(a, q_rows + (warp * 16 + lane % 16) * STRIDE + d * 16 + lane / 16 * 8);
#pragma unroll
            for (int j = 0; j < BKV / 16; ++j) {
                uint32_t b[4];
                load_matrix4(b, k_rows + (j * 16 + lane % 8 + lane / 16 * 8) * STRIDE + d * 16 + lane / 8 % 2 * 8);
                mma(scores[2 * j], a, b[0], b[1]);
                mma(scores[2 * j + 1], a, b[2], b[3]);
            }
        }
        sync_block();  // all are done with these keys
        if (first + BKV < p.k_tokens) fetch<D, DP, BKV>(k_rows, k, p.k_stride, first + BKV, p.k_tokens);
        copy_commit();

        if (first + BKV > p.k_tokens) {
#pragma unroll
            for (int j = 0; j < BKV / 8; ++j)
#pragma unroll
                for (int e = 0; e < 4; ++e)
                    if (first + j * 8 + lane % 4 * 2 + e % 2 >= p.k_tokens) scores[j][e] = -INFINITY;
        }
#pragma unroll
        for (int lower = 0; lower < 2; ++lower) {
            float most = highest[lower];
#pragma unroll
            for (int j = 0; j < BKV / 8; ++j) most = fmaxf(most, fmaxf(scores[j][2 * lower], scores[j][2 * lower + 1]));
            most = fmaxf(most, shuffle_xor(most, 1));
            most = fmaxf(most, shuffle_xor(most, 2));
            const float shrink = exp2_approximate((highest[lower] - most) * scale);
            highest[lower] = most;
            total[lower] *= shrink;
#pragma unroll
            for (int d = 0; d < DP / 8; ++d) {
                out[d][2 * lower] *= shrink;
                out[d][2 * lower + 1] *= shrink;
            }
#pragma unroll
            for (int j = 0; j < BKV / 8; ++j)
#pragma unroll
                for (int e = 2 * lower; e < 2 * lower + 2; ++e) {
                    scores[j][e] = exp2_approximate((scores[j][e] - most) * scale);
                    total[lower] += scores[j][e];
                }
        }

        copy_wait<1>();  // the values are there
        sync_block();
#pragma unroll
        for (int j = 0; j < BKV / 16; ++j) {
            // The scores of two column tiles are, rounded, the left operand over 16 keys.
            uint32_t a[4] = {pack2(scores[2 * j][0], scores[2 * j][1]), pack2(scores[2 * j][2], scores[2 * j][3]),
                             pack2(scores[2 * j + 1][0], scores[2 * j + 1][1]), pack2(scores[2 * j + 1][2], scores[2 * j + 1][3])};
#pragma unroll
            for (int d = 0; d < DP / 16; ++d) {
                uint32_t b[4];
                load_matrix4_transposed(b, v_rows + (j * 16 + lane % 16) * STRIDE + d * 16 + lane / 16 * 8);
                mma(out[2 * d], a, b[0], b[1]);
                mma(out[2 * d + 1], a, b[2], b[3]);
            }
        }
        sync_block();  // all are done with these values
    }
    copy_wait<0>();

    // A warp's own 16 rows of queries are read by nobody else: the results are gathered there.
    half_t* mine = q_rows + warp * 16 * STRIDE;
#pragma unroll
    for (int lower = 0; lower < 2; ++lower) {
        float sum = total[lower];
        sum += shuffle_xor(sum, 1);
        sum += shuffle_xor(sum, 2);
        const float share = 1.0f / sum;
#pragma unroll
        for (int d = 0; d < DP / 8; ++d)
            *reinterpret_cast<uint32_t*>(mine + (lane / 4 + 8 * lower) * STRIDE + d * 8 + lane % 4 * 2) =
                pack2(out[d][2 * lower] * share, out[d][2 * lower + 1] * share);
    }
    sync_warp();
    for (int at = lane; at < 16 * (D / 8); at += 32) {
        int row = at / (D / 8), chunk = at % (D / 8), token = q_first + warp * 16 + row;
        if (token < p.q_tokens)
            store8(p.out + ((size_t)image * p.q_tokens + token) * p.out_stride + head * D + chunk * 8, load8(mine + row * STRIDE + chunk * 8));
    }
}

KERNEL(attention_40, AttentionParams, THREADS, 4) { attend<40, 64>(p); }
KERNEL(attention_64, AttentionParams, THREADS, 4) { attend<64, 64>(p); }
KERNEL(attention_80, AttentionParams, THREADS, 4) { attend<80, 64>(p); }
KERNEL(attention_128, AttentionParams, THREADS, 4) { attend<128, 32>(p); }
KERNEL(attention_160, AttentionParams, THREADS, 3) { attend<160, 32>(p); }
