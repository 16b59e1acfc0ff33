// Runs kernel sources on the CPU, so that they can be checked where there is no GPU: a fiber for every thread of a
// block, warp-wide instructions as meetings of 32 fibers, blocks one after the other.
//
// It is made to bring out mistakes that a GPU hides most of the time:
//   * warps take turns in an order drawn from a seed, so a missing barrier shows;
//   * asynchronous copies happen only at the wait that covers them, and until then their target holds NaN;
//   * shared memory starts as NaN;
//   * a warp-wide instruction that not all 32 threads reach, or that they reach with different kinds, stops the run, as
//     do a barrier that is never complete and a misaligned address;
//   * allocations end at a page that may not be touched (with `gpu_check --apart` every buffer is one);
//   * shared memory of an ldmatrix is checked for bank conflicts, which are counted.
// It says nothing about speed. x86-64 only (the switch between fibers is a few lines of assembly).
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>
#include <sys/mman.h>

#define __device__
#define __forceinline__ inline

struct uint3_ { unsigned x, y, z; };
struct float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
using std::max;
using std::min;

struct half_t { uint16_t bits; };
inline float to_float(half_t value) { _Float16 h; std::memcpy(&h, &value, 2); return (float)h; }
inline half_t to_half(float value) { _Float16 h = (_Float16)value; half_t bits; std::memcpy(&bits, &h, 2); return bits; }
inline uint32_t pack2(float low, float high) { return to_half(low).bits | (uint32_t)to_half(high).bits << 16; }
inline float2 unpack2(uint32_t both) { return {to_float({(uint16_t)both}), to_float({(uint16_t)(both >> 16)})}; }
inline float exp2_approximate(float x) { return std::exp2(x); }

namespace emulated {

[[noreturn]] inline void stop(const char* what);

struct Copy { void* to; const void* from; bool valid; };

struct Fiber {
    void* stack_pointer = nullptr;
    uint3_ thread{};
    int lane = 0, warp = 0;
    bool done = false;
    const unsigned* waits_for = nullptr;  // to differ from
    unsigned seen = 0;
    std::vector<std::vector<Copy>> groups;
    std::vector<Copy> open;
};

enum Kind { NOTHING, SHUFFLE, MATRIX, MATRIX_TRANSPOSED, MMA, SYNC };

// A meeting of the 32 threads of a warp. The last to come computes for all.
struct Warp {
    Kind kind = NOTHING;
    int arrived = 0, alive = 0;
    unsigned generation = 0;
    uint32_t in[32][16], out[32][4];
    const void* rows[32];
};

struct Block {
    std::vector<Fiber> fibers;
    std::vector<Warp> warps;
    int arrived = 0, alive = 0;
    unsigned generation = 0;
};

inline Block block;
inline Fiber* current = nullptr;
inline void* scheduler_stack = nullptr;
inline uint3_ block_index{}, block_size{}, grid_size{};
inline unsigned char* shared_memory = nullptr;
inline unsigned shared_size = 0;
inline const char* running = "";
inline uint64_t random_state = 1;
inline uint64_t bank_conflicts = 0;
inline void (*entry)(const void*) = nullptr;
inline const void* parameters = nullptr;

[[noreturn]] inline void stop(const char* what) {
    std::fprintf(stderr, "emulated: %s: %s (block %u %u %u", running, what, block_index.x, block_index.y, block_index.z);
    if (current) std::fprintf(stderr, ", thread %u", current->thread.x);
    std::fprintf(stderr, ")\n");
    std::_Exit(70);
}

extern "C" void emulated_switch(void** save, void* load);
asm(R"(
.text
.globl emulated_switch
.type emulated_switch,@function
emulated_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size emulated_switch,.-emulated_switch
)");

inline void wait_while_equal(const unsigned* number, unsigned value) {
    while (*number == value) {
        current->waits_for = number;
        current->seen = value;
        emulated_switch(&current->stack_pointer, scheduler_stack);
    }
    current->waits_for = nullptr;
}

inline void leave() {
    current->done = true;
    block.alive--;
    Warp& warp = block.warps[current->warp];
    warp.alive--;
    if (warp.arrived) stop("a thread left while its warp was at a warp-wide instruction");
    if (block.arrived && block.arrived == block.alive) stop("a thread left without the barrier that others wait at");
    emulated_switch(&current->stack_pointer, scheduler_stack);
    std::abort();
}

inline void begin() {
    entry(parameters);
    leave();
}

inline float half_of(uint32_t word, int which) { return to_float({(uint16_t)(word >> 16 * which)}); }

inline void matrices(Warp& warp, bool transposed) {
    for (int m = 0; m < 4; ++m) {
        unsigned banks = 0;
        for (int r = 0; r < 8; ++r) {
            auto address = (uintptr_t)warp.rows[m * 8 + r];
            if (address % 16) stop("a row of a matrix is not aligned to 16 bytes");
            if (address < (uintptr_t)shared_memory || address + 16 > (uintptr_t)shared_memory + shared_size) stop("a row of a matrix is outside shared memory");
            unsigned bit = 1u << ((address - (uintptr_t)shared_memory) / 16 % 8);
            if (banks & bit) ++bank_conflicts;
            banks |= bit;
        }
        for (int lane = 0; lane < 32; ++lane) {
            uint16_t two[2];
            for (int e = 0; e < 2; ++e) {
                int row = transposed ? lane % 4 * 2 + e : lane / 4, column = transposed ? lane / 4 : lane % 4 * 2 + e;
                std::memcpy(&two[e], (const uint16_t*)warp.rows[m * 8 + row] + column, 2);
            }
            warp.out[lane][m] = two[0] | (uint32_t)two[1] << 16;
        }
    }
}

// Fragments as the PTX manual draws them for mma.m16n8k16 with f16.
inline void multiply(Warp& warp) {
    float a[16][16], b[16][8];
    for (int lane = 0; lane < 32; ++lane) {
        int group = lane / 4, place = lane % 4;
        for (int e = 0; e < 8; ++e) {
            int row = group + (e / 2 % 2 ? 8 : 0), column = place * 2 + e % 2 + (e >= 4 ? 8 : 0);
            a[row][column] = half_of(warp.in[lane][e / 2], e % 2);
        }
        for (int e = 0; e < 4; ++e) b[place * 2 + e % 2 + (e >= 2 ? 8 : 0)][group] = half_of(warp.in[lane][4 + e / 2], e % 2);
    }
    for (int lane = 0; lane < 32; ++lane)
        for (int e = 0; e < 4; ++e) {
            int row = lane / 4 + (e >= 2 ? 8 : 0), column = lane % 4 * 2 + e % 2;
            float c;
            std::memcpy(&c, &warp.in[lane][6 + e], 4);
            for (int k = 0; k < 16; ++k) c += a[row][k] * b[k][column];
            std::memcpy(&warp.out[lane][e], &c, 4);
        }
}

inline void meet(Kind kind) {
    Warp& warp = block.warps[current->warp];
    if (warp.alive != 32) stop("a warp-wide instruction without all 32 threads");
    if (warp.arrived == 0) warp.kind = kind;
    if (warp.kind != kind) stop("the threads of a warp are at different instructions");
    if (++warp.arrived < 32) return wait_while_equal(&warp.generation, warp.generation);
    if (kind == SHUFFLE)
        for (int lane = 0; lane < 32; ++lane) warp.out[lane][0] = warp.in[lane ^ warp.in[lane][1]][0];
    if (kind == MATRIX || kind == MATRIX_TRANSPOSED) matrices(warp, kind == MATRIX_TRANSPOSED);
    if (kind == MMA) multiply(warp);
    warp.arrived = 0;
    warp.generation++;
}

struct Kernel { void (*entry)(const void*); unsigned parameter_bytes, threads; };
inline std::map<std::string, Kernel>& kernels() { static std::map<std::string, Kernel> all; return all; }
struct Register {
    Register(const char* name, void (*entry)(const void*), unsigned bytes, unsigned threads) { kernels()[name] = {entry, bytes, threads}; }
};

}  // namespace emulated

#define threadIdx (emulated::current->thread)
#define blockIdx (emulated::block_index)
#define blockDim (emulated::block_size)
#define gridDim (emulated::grid_size)
#define SHARED(name) unsigned char* const name = emulated::shared_memory
#define FIRST_OF(first, ...) first
#define KERNEL(name, Params, ...) \
    static void name(const Params& p); \
    static emulated::Register register_##name(#name, [](const void* p) { name(*(const Params*)p); }, sizeof(Params), FIRST_OF(__VA_ARGS__, 0)); \
    static void name(const Params& p)

inline void sync_block() {
    using namespace emulated;
#ifdef EMULATED_WITHOUT_BARRIERS  // for the test that a missing barrier is found
    return;
#endif
    if (block.warps[current->warp].arrived) stop("a barrier while others of the warp are at a warp-wide instruction");
    if (++block.arrived < block.alive) return wait_while_equal(&block.generation, block.generation);
    block.arrived = 0;
    block.generation++;
}
inline void sync_warp() { emulated::meet(emulated::SYNC); }
inline float shuffle_xor(float value, int mask) {
    using namespace emulated;
    Warp& warp = block.warps[current->warp];
    std::memcpy(&warp.in[current->lane][0], &value, 4);
    warp.in[current->lane][1] = (uint32_t)mask;
    meet(SHUFFLE);
    std::memcpy(&value, &warp.out[current->lane][0], 4);
    return value;
}

inline void copy16_async(void* to, const void* from, bool valid) {
    using namespace emulated;
    if ((uintptr_t)to % 16 || (valid && (uintptr_t)from % 16)) stop("an asynchronous copy is not aligned to 16 bytes");
    auto at = (unsigned char*)to;
    if (at < shared_memory || at + 16 > shared_memory + shared_size) stop("an asynchronous copy to outside shared memory");
    std::memset(to, 0xff, 16);
    current->open.push_back({to, from, valid});
}
inline void copy_commit() {
    emulated::current->groups.push_back(std::move(emulated::current->open));
    emulated::current->open.clear();
}
template <int pending>
inline void copy_wait() {
    auto& groups = emulated::current->groups;
    while (groups.size() > pending) {
        for (auto& copy : groups.front()) {
            if (copy.valid) std::memcpy(copy.to, copy.from, 16);
            else std::memset(copy.to, 0, 16);
        }
        groups.erase(groups.begin());
    }
}

inline void load_matrix(uint32_t (&to)[4], const void* row, emulated::Kind kind) {
    using namespace emulated;
    Warp& warp = block.warps[current->warp];
    warp.rows[current->lane] = row;
    meet(kind);
    std::memcpy(to, warp.out[current->lane], 16);
}
inline void load_matrix4(uint32_t (&to)[4], const void* row) { load_matrix(to, row, emulated::MATRIX); }
inline void load_matrix4_transposed(uint32_t (&to)[4], const void* row) { load_matrix(to, row, emulated::MATRIX_TRANSPOSED); }

inline void mma(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    using namespace emulated;
    uint32_t* in = block.warps[current->warp].in[current->lane];
    std::memcpy(in, a, 16);
    in[4] = b0;
    in[5] = b1;
    std::memcpy(in + 6, c, 16);
    meet(MMA);
    std::memcpy(c, block.warps[current->warp].out[current->lane], 16);
}
