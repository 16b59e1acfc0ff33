// All kernels as one shared library for the CPU, and the few functions that `Emulated` (src/emulated.rs) calls.
#define OTHERGLASS_EMULATED 1
#include "../src/common/port.cuh"
#include "../src/common/tile.cuh"
#include "../src/common/body.cuh"

namespace ceiling {
#include "../src/ceiling/ceiling.cu"
}
namespace frame_in {
#include "../src/frame_in/frame_in.cu"
}
namespace conv {
#include "../src/conv/conv.cu"
}
namespace linear {
#include "../src/linear/linear.cu"
}
namespace norm {
#include "../src/norm/norm.cu"
}
namespace attention {
#include "../src/attention/attention.cu"
}
namespace softmax {
#include "../src/softmax/softmax.cu"
}
namespace maps {
#include "../src/maps/maps.cu"
}
namespace points {
#include "../src/points/points.cu"
}
namespace fields {
#include "../src/fields/fields.cu"
}
namespace cells {
#include "../src/cells/cells.cu"
}
namespace sketch {
#include "../src/sketch/sketch.cu"
}
namespace track {
#include "../src/track/track.cu"
}
namespace place_ {
#include "../src/place/place.cu"
}
namespace costume {
#include "../src/costume/costume.cu"
}
namespace sampler {
#include "../src/sampler/sampler.cu"
}
namespace composite_ {
#include "../src/composite/composite.cu"
}

using namespace emulated;

static constexpr size_t STACK = 64 * 1024, PAGE = 4096;
static constexpr unsigned MOST_SHARED = 48 * 1024, MOST_THREADS = 1024;

static uint64_t draw() {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void* pages(size_t bytes) {
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? nullptr : at;
}

static void run_block(unsigned threads, unsigned char* stacks) {
    std::memset(shared_memory, 0xff, shared_size);
    block.fibers.resize(threads);
    block.warps.assign((threads + 31) / 32, Warp());
    block.arrived = 0;
    block.alive = (int)threads;
    for (unsigned i = 0; i < threads; ++i) {
        Fiber& fiber = block.fibers[i];
        fiber.thread = {i, 0, 0};
        fiber.lane = (int)i % 32;
        fiber.warp = (int)i / 32;
        fiber.done = false;
        fiber.waits_for = nullptr;
        fiber.groups.clear();
        fiber.open.clear();
        block.warps[fiber.warp].alive++;
        // The first switch pops six registers and returns into begin(), with the stack as a call would leave it.
        auto top = (void**)(stacks + (i + 1) * STACK);
        *--top = nullptr;
        *--top = (void*)&begin;
        for (int r = 0; r < 6; ++r) *--top = nullptr;
        fiber.stack_pointer = top;
    }
    std::vector<unsigned> order(block.warps.size());
    for (unsigned i = 0; i < order.size(); ++i) order[i] = i;
    while (block.alive > 0) {
        for (unsigned i = (unsigned)order.size(); i > 1; --i) std::swap(order[i - 1], order[draw() % i]);
        bool moved = false;
        for (unsigned warp : order) {
            // A warp runs on for a while before others do, as it may on a GPU.
            for (unsigned turns = draw() % 64; turns != ~0u; --turns) {
                bool ran = false;
                for (unsigned i = warp * 32; i < std::min(threads, warp * 32 + 32); ++i) {
                    Fiber& fiber = block.fibers[i];
                    if (fiber.done || (fiber.waits_for && *fiber.waits_for == fiber.seen)) continue;
                    current = &fiber;
                    emulated_switch(&scheduler_stack, fiber.stack_pointer);
                    ran = moved = true;
                }
                if (!ran) break;
            }
        }
        if (!moved) stop("no thread can go on: a barrier or a warp-wide instruction is never complete");
    }
    current = nullptr;
}

// 0: done; 1: no such kernel; 2: its parameters have another size; 3: a size that no device allows; 4: no memory.
extern "C" int emulated_launch(const char* name, const unsigned* grid, unsigned threads, unsigned shared, const void* params,
                               unsigned param_bytes, uint64_t seed) {
    auto found = kernels().find(name);
    if (found == kernels().end()) return 1;
    if (found->second.parameter_bytes != param_bytes) return 2;
    if (found->second.threads != threads || threads > MOST_THREADS || shared > MOST_SHARED || !grid[0] || !grid[1] || !grid[2]) return 3;
    if (grid[1] > 65535 || grid[2] > 65535) return 3;
    static auto stacks = (unsigned char*)pages(STACK * MOST_THREADS);
    static auto shared_pages = (unsigned char*)pages(MOST_SHARED + PAGE);
    if (!stacks || !shared_pages) return 4;
    mprotect(shared_pages + MOST_SHARED, PAGE, PROT_NONE);
    shared_size = (shared + 127) / 128 * 128;
    shared_memory = shared_pages + MOST_SHARED - shared_size;
    running = name;
    entry = found->second.entry;
    parameters = params;
    random_state = seed * 2 + 1;
    block_size = {threads, 1, 1};
    grid_size = {grid[0], grid[1], grid[2]};
    for (unsigned z = 0; z < grid[2]; ++z)
        for (unsigned y = 0; y < grid[1]; ++y)
            for (unsigned x = 0; x < grid[0]; ++x) {
                block_index = {x, y, z};
                run_block(threads, stacks);
            }
    return 0;
}

// Memory that ends, but for what a multiple of 16 bytes leaves, where a page begins that may not be touched.
extern "C" void* emulated_allocate(size_t bytes) {
    size_t rounded = (bytes + 15) / 16 * 16, whole = (rounded + PAGE - 1) / PAGE * PAGE;
    auto at = (unsigned char*)pages(whole + PAGE);
    if (!at) return nullptr;
    mprotect(at + whole, PAGE, PROT_NONE);
    return at + whole - rounded;
}

extern "C" uint64_t emulated_bank_conflicts() { return bank_conflicts; }
