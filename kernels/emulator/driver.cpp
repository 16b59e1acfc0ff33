// A stand-in for the NVIDIA driver's library, as much of it as src/cuda.rs calls, running kernels by emulation. With it
// the whole way through the driver, graphs and timing can be rehearsed on a machine without a GPU.
//
// It is as unforgiving as a device can be: work is put off until somebody waits for it, so a buffer that dies or a result
// that is read too early shows; what may not happen while a graph is recorded is refused; memory that is left over when
// the context goes, freed twice or never allocated, stops the process.
#include "emulator.cpp"

#include <chrono>
#include <functional>
#include <set>

using Result = int;
enum : Result { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_IMAGE = 200, NOT_FOUND = 500, LAUNCH_FAILED = 719, CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901 };
using Pointer = unsigned long long;

struct Module { std::set<std::string> names; };
struct Graph { std::vector<std::function<Result()>> work; };
struct Event { double at_ms = -1; };

static std::vector<std::function<Result()>> queue;  // of the one stream
static Graph* recording = nullptr;
static std::map<Pointer, size_t> allocations;
static std::set<void*> host_allocations;
// What was asked for, a letter each: copy In, Graph, copy Out, Wait, Fill, Event, Kernel outside of a graph. EMULATED_TRACE names
// a file that gets it when the context goes.
static std::string trace;
static int contexts = 0, live_modules = 0, live_graphs = 0, live_events = 0;
static void* current_context = nullptr;
// Of the device; EMULATED_MEMORY_MB makes it smaller.
static size_t memory_size() {
    const char* other = std::getenv("EMULATED_MEMORY_MB");
    return (size_t)(other ? std::atoi(other) : 2048) << 20;
}

[[noreturn]] static void driver_stop(const char* what) {
    std::fprintf(stderr, "emulated driver: %s\n", what);
    std::_Exit(71);
}

static double now_ms() {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static void need_context() {
    if (!current_context) driver_stop("a call without a current context");
}

// Runs what was put off.
static Result flush() {
    need_context();
    if (recording) return CAPTURE_UNSUPPORTED;
    auto work = std::move(queue);
    queue.clear();
    for (auto& step : work)
        if (Result result = step()) return result;
    return SUCCESS;
}

static Result put_off(char what, std::function<Result()> step) {
    need_context();
    if (!recording) trace += what;
    (recording ? recording->work : queue).push_back(std::move(step));
    return SUCCESS;
}

static size_t memory_used() {
    size_t used = 0;
    for (auto& allocation : allocations) used += allocation.second;
    return used;
}

static void need_memory(Pointer at, size_t bytes) {
    auto after = allocations.upper_bound(at);
    if (after == allocations.begin()) driver_stop("an address that was never allocated");
    auto [start, size] = *std::prev(after);
    if (at + bytes > start + size) driver_stop("a copy beyond an allocation");
}

extern "C" {

Result cuInit(unsigned) { return SUCCESS; }
Result cuDriverGetVersion(int* version) {
    const char* other = std::getenv("EMULATED_DRIVER_VERSION");
    *version = other ? std::atoi(other) : 13000;
    return SUCCESS;
}
Result cuDeviceGetCount(int* count) { return *count = 1, SUCCESS; }
Result cuDeviceGet(int* device, int ordinal) { return *device = ordinal, ordinal == 0 ? SUCCESS : INVALID_VALUE; }
Result cuDeviceGetName(char* name, int bytes, int) { return std::snprintf(name, (size_t)bytes, "emulated driver"), SUCCESS; }
Result cuDeviceTotalMem_v2(size_t* bytes, int) { return *bytes = memory_size(), SUCCESS; }
Result cuDeviceGetAttribute(int* value, int attribute, int) {
    // 16: multiprocessors; 75 and 76: compute capability; anything else: no.
    *value = attribute == 16 ? 2 : attribute == 75 ? 8 : 0;
    if (const char* other = std::getenv("EMULATED_COMPUTE_MAJOR"); other && attribute == 75) *value = std::atoi(other);
    return SUCCESS;
}
Result cuDevicePrimaryCtxRetain(void** context, int) { return ++contexts, *context = &contexts, SUCCESS; }
Result cuDevicePrimaryCtxRelease_v2(int) {
    if (--contexts == 0 && (!allocations.empty() || !host_allocations.empty() || live_modules || live_graphs || live_events))
        driver_stop("memory, modules, graphs or events are left over");
    if (const char* path = std::getenv("EMULATED_TRACE"); path && contexts == 0) {
        if (FILE* file = std::fopen(path, "w")) std::fwrite(trace.data(), 1, trace.size(), file), std::fclose(file);
    }
    return SUCCESS;
}
Result cuCtxGetCurrent(void** context) { return *context = current_context, SUCCESS; }
Result cuCtxSetCurrent(void* context) { return current_context = context, SUCCESS; }
Result cuCtxSynchronize() { return trace += 'W', flush(); }

Result cuStreamCreate(void** stream, unsigned) { return *stream = &queue, SUCCESS; }
Result cuStreamDestroy_v2(void*) { return SUCCESS; }
Result cuStreamSynchronize(void*) { return trace += 'W', flush(); }
Result cuStreamIsCapturing(void*, int* state) { return *state = recording != nullptr, SUCCESS; }
Result cuStreamBeginCapture_v2(void*, int) {
    if (recording) return CAPTURE_UNSUPPORTED;
    recording = new Graph;
    ++live_graphs;
    return SUCCESS;
}
Result cuStreamEndCapture(void*, Graph** graph) {
    if (!recording) return INVALID_VALUE;
    *graph = recording;
    recording = nullptr;
    return SUCCESS;
}
Result cuGraphInstantiateWithFlags(Graph** executable, Graph* graph, unsigned long long) {
    ++live_graphs;
    *executable = new Graph(*graph);
    return SUCCESS;
}
Result cuGraphUpload(Graph*, void*) { return SUCCESS; }
Result cuGraphLaunch(Graph* graph, void*) {
    return put_off('G', [graph] {
        for (auto& step : graph->work)
            if (Result result = step()) return result;
        return (Result)SUCCESS;
    });
}
Result cuGraphExecDestroy(Graph* graph) {
    if (Result result = flush()) return result;
    --live_graphs;
    delete graph;
    return SUCCESS;
}
Result cuGraphDestroy(Graph* graph) { return --live_graphs, delete graph, SUCCESS; }

Result cuModuleLoadData(Module** module, const void* image) {
    need_context();
    uint32_t magic;
    std::memcpy(&magic, image, 4);
    if (magic != 0xba55ed50) return INVALID_IMAGE;
    ++live_modules;
    *module = new Module;
    return SUCCESS;
}
Result cuModuleUnload(Module* module) { return --live_modules, delete module, SUCCESS; }
Result cuModuleGetFunction(const char** function, Module*, const char* name) {
    auto found = kernels().find(name);
    if (found == kernels().end()) return NOT_FOUND;
    *function = found->first.c_str();
    return SUCCESS;
}
Result cuLaunchKernel(const char* name, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned ty, unsigned tz, unsigned shared, void*,
                      void** params, void** extra) {
    if (ty != 1 || tz != 1 || extra) return INVALID_VALUE;
    unsigned bytes = kernels()[name].parameter_bytes;
    std::vector<unsigned char> copy((unsigned char*)params[0], (unsigned char*)params[0] + bytes);
    std::vector<uint64_t> aligned((bytes + 7) / 8);
    std::memcpy(aligned.data(), copy.data(), bytes);
    return put_off('K', [=] {
        static uint64_t seed = 0;
        unsigned grid[3] = {x, y, z};
        return emulated_launch(name, grid, threads, shared, aligned.data(), bytes, ++seed) ? LAUNCH_FAILED : SUCCESS;
    });
}

Result cuMemAlloc_v2(Pointer* at, size_t bytes) {
    need_context();
    if (recording) return CAPTURE_UNSUPPORTED;
    if (bytes == 0) return INVALID_VALUE;
    if (memory_used() + bytes > memory_size()) return OUT_OF_MEMORY;
    *at = (Pointer)emulated_allocate(bytes);
    if (!*at) return OUT_OF_MEMORY;
    allocations[*at] = bytes;
    return SUCCESS;
}
Result cuMemFree_v2(Pointer at) {
    if (Result result = flush()) return result;
    if (!allocations.erase(at)) driver_stop("memory is freed that is not allocated");
    return SUCCESS;
}
Result cuMemGetInfo_v2(size_t* free, size_t* total) { return *total = memory_size(), *free = memory_size() - memory_used(), SUCCESS; }
Result cuMemHostAlloc(void** at, size_t bytes, unsigned) {
    need_context();
    *at = std::malloc(bytes);
    host_allocations.insert(*at);
    return SUCCESS;
}
Result cuMemFreeHost(void* at) {
    if (!host_allocations.erase(at)) driver_stop("host memory is freed that is not allocated");
    std::free(at);
    return SUCCESS;
}
Result cuMemcpyHtoDAsync_v2(Pointer to, const void* from, size_t bytes, void*) {
    need_memory(to, bytes);
    return put_off('I', [=] { return std::memcpy((void*)to, from, bytes), (Result)SUCCESS; });
}
Result cuMemcpyDtoHAsync_v2(void* to, Pointer from, size_t bytes, void*) {
    need_memory(from, bytes);
    return put_off('O', [=] { return std::memcpy(to, (const void*)from, bytes), (Result)SUCCESS; });
}
Result cuMemsetD8Async(Pointer to, unsigned char value, size_t bytes, void*) {
    need_memory(to, bytes);
    return put_off('F', [=] { return std::memset((void*)to, value, bytes), (Result)SUCCESS; });
}

Result cuEventCreate(Event** event, unsigned flags) { return ++live_events, *event = new Event, flags & 2 ? INVALID_VALUE : SUCCESS; }
Result cuEventDestroy_v2(Event* event) {
    if (Result result = flush()) return result;
    return --live_events, delete event, SUCCESS;
}
Result cuEventRecord(Event* event, void*) {
    return put_off('E', [=] { return event->at_ms = now_ms(), (Result)SUCCESS; });
}
Result cuEventSynchronize(Event*) { return trace += 'W', flush(); }
Result cuEventElapsedTime_v2(float* ms, Event* start, Event* end) {
    if (start->at_ms < 0 || end->at_ms < 0) return INVALID_VALUE;
    return *ms = (float)(end->at_ms - start->at_ms), SUCCESS;
}

Result cuGetErrorName(Result, const char** name) { return *name = "EMULATED_DRIVER_ERROR", SUCCESS; }
Result cuGetErrorString(Result result, const char** text) {
    *text = result == OUT_OF_MEMORY ? "out of memory" : result == CAPTURE_UNSUPPORTED ? "not while a graph is recorded" : "a call failed";
    return SUCCESS;
}
}
