// What the kernels need of the hardware, in one place: the warp-wide instructions of sm_80 and later as functions.
//
// A kernel source includes this and no CUDA header. Compiled by nvcc the functions are the instructions; compiled by a
// plain C++ compiler (OTHERGLASS_EMULATED) they come from emulator/emulated.hpp, which runs the same source on the CPU,
// a fiber for every thread. So the sources can be run and checked where there is no GPU.
#pragma once

#ifdef OTHERGLASS_EMULATED
#include "../../emulator/emulated.hpp"
#else

#include <cstdint>
#include <cuda_fp16.h>

// Defines a kernel with one parameter block `p`. `threads` is the block's size; after it may stand how many blocks are
// to fit a multiprocessor, which leaves each thread as many registers as that allows.
#define KERNEL(name, Params, ...) \
    extern "C" __global__ void __launch_bounds__(__VA_ARGS__) name(const __grid_constant__ Params p)

// The block's dynamic shared memory as bytes.
#define SHARED(name) extern __shared__ __align__(128) unsigned char name[]

using half_t = __half;

__device__ __forceinline__ float to_float(half_t value) { return __half2float(value); }
__device__ __forceinline__ half_t to_half(float value) { return __float2half_rn(value); }

// Two halves in one register, the first in the lower bits.
__device__ __forceinline__ uint32_t pack2(float low, float high) {
    __half2 both = __floats2half2_rn(low, high);
    return *reinterpret_cast<uint32_t*>(&both);
}
__device__ __forceinline__ float2 unpack2(uint32_t both) {
    return __half22float2(*reinterpret_cast<__half2*>(&both));
}

__device__ __forceinline__ void sync_block() { __syncthreads(); }
__device__ __forceinline__ void sync_warp() { __syncwarp(); }
__device__ __forceinline__ float shuffle_xor(float value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }

__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

// 16 bytes from global to shared memory, past the registers; zeros when not valid (then nothing is read).
__device__ __forceinline__ void copy16_async(void* to, const void* from, bool valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(shared_address(to)), "l"(from), "r"(valid ? 16 : 0)
                 : "memory");
}
__device__ __forceinline__ void copy_commit() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }
// Waits until at most `pending` of this thread's groups are under way.
template <int pending>
__device__ __forceinline__ void copy_wait() {
    asm volatile("cp.async.wait_group %0;\n" ::"n"(pending) : "memory");
}

// Four 8x8 matrices of halves; lane l names row l % 8 of matrix l / 8.
__device__ __forceinline__ void load_matrix4(uint32_t (&to)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared_address(row))
                 : "memory");
}
__device__ __forceinline__ void load_matrix4_transposed(uint32_t (&to)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// c += a b with a 16x16 (row by row), b 16x8 (column by column), c 16x8 in f32.
__device__ __forceinline__ void mma(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ float exp2_approximate(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;\n" : "=f"(y) : "f"(x));
    return y;
}

#endif

// Eight halves as they lie in memory.
struct alignas(16) Half8 {
    uint32_t words[4];
};

__device__ __forceinline__ Half8 load8(const half_t* from) { return *reinterpret_cast<const Half8*>(from); }
__device__ __forceinline__ void store8(half_t* to, const Half8& value) { *reinterpret_cast<Half8*>(to) = value; }
__device__ __forceinline__ void spread8(const Half8& from, float (&to)[8]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        float2 two = unpack2(from.words[i]);
        to[2 * i] = two.x;
        to[2 * i + 1] = two.y;
    }
}
__device__ __forceinline__ Half8 gather8(const float (&from)[8]) {
    Half8 to;
#pragma unroll
    for (int i = 0; i < 4; ++i) to.words[i] = pack2(from[2 * i], from[2 * i + 1]);
    return to;
}

constexpr float LOG2_E = 1.4426950408889634f;

enum Activation : int { NONE = 0, RELU = 1, SILU = 2 };

__device__ __forceinline__ float activate(float x, int activation) {
    if (activation == RELU) return fmaxf(x, 0.0f);
    if (activation == SILU) return x / (1.0f + exp2_approximate(-x * LOG2_E));
    return x;
}
