// What the machine can do at most, measured: tensor cores without memory, memory without arithmetic. See mod.rs.
#include "../common/port.cuh"

struct CeilingParams {
    const float* x;
    float* out;
    int count, rounds;
};
static_assert(sizeof(CeilingParams) == 24, "mod.rs lays it out the same way");

constexpr int CHAINS = 8;  // independent sums a warp keeps going, which hides an instruction's latency

// Every warp multiplies by small numbers from its lanes, `rounds` times CHAINS products of 16x8x16.
KERNEL(ceiling_mma, CeilingParams, 256) {
    const int lane = threadIdx.x % 32;
    uint32_t a[4], b[2];
    for (int i = 0; i < 4; ++i) a[i] = pack2(p.x[(lane + i) % p.count], p.x[(lane + i) % p.count]);
    for (int i = 0; i < 2; ++i) b[i] = pack2(p.x[(lane + i) % p.count], p.x[(lane + i) % p.count]);
    float sums[CHAINS][4] = {};
    for (int round = 0; round < p.rounds; ++round) {
#pragma unroll
        for (int chain = 0; chain < CHAINS; ++chain) mma(sums[chain], a, b[0], b[1]);
    }
    float total = 0.0f;
#pragma unroll
    for (int chain = 0; chain < CHAINS; ++chain)
#pragma unroll
        for (int e = 0; e < 4; ++e) total += sums[chain][e];
    p.out[blockIdx.x * 256 + threadIdx.x] = total;
}

// out[i] = x[i], four values a thread and turn; count is a multiple of 4.
KERNEL(ceiling_copy, CeilingParams, 256) {
    const float4* from = reinterpret_cast<const float4*>(p.x);
    float4* to = reinterpret_cast<float4*>(p.out);
    for (int at = blockIdx.x * 256 + threadIdx.x; at < p.count / 4; at += gridDim.x * 256) to[at] = from[at];
}
