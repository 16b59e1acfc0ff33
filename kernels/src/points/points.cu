// Named points out of heat maps, and the features that go with one of them. The formulas are in mod.rs.
#include "../common/port.cuh"

struct PointsParams {
    const half_t* heat;      // (height, width, heat_stride): logits, x and y offsets, presence, `points` of each
    const half_t* fine;      // (height, width, fine_channels)
    const half_t* coarse;    // (height / 2, width / 2, coarse_channels)
    const half_t* whole;     // (whole_cells, whole_channels)
    half_t* pooled;          // (fine_channels + coarse_channels + whole_channels)
    const half_t* presence;  // (points), added to what the heat map says
    float* out;              // (points, 4): x, y, presence, spread
    int width, height, points, heat_stride, fine_channels, coarse_channels, whole_channels, whole_cells, unused[2];
};
static_assert(sizeof(PointsParams) == 96, "mod.rs lays it out the same way");

struct JoinParams {
    const float *points, *mirrored_points;  // (points, 4)
    const half_t *pose, *mirrored_pose;     // (11)
    float* points_out;
    half_t* pose_out;
    int points_count, unused;
};
static_assert(sizeof(JoinParams) == 56, "join.rs lays it out the same way");

constexpr int THREADS = 256, WARPS = THREADS / 32, NEAR = 3;
constexpr float OFFSET = 0.1f;

// The sum over the block, the same for all; `room` holds WARPS values.
__device__ float block_sum(float value, float* room) {
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
    if (threadIdx.x % 32 == 0) room[threadIdx.x / 32] = value;
    sync_block();
    float sum = 0.0f;
    for (int i = 0; i < WARPS; ++i) sum += room[i];
    sync_block();
    return sum;
}

__device__ float block_most(float value, float* room) {
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) value = fmaxf(value, shuffle_xor(value, mask));
    if (threadIdx.x % 32 == 0) room[threadIdx.x / 32] = value;
    sync_block();
    float most = room[0];
    for (int i = 1; i < WARPS; ++i) most = fmaxf(most, room[i]);
    sync_block();
    return most;
}

// Probabilities of a point's cells into shared memory; ends with a barrier.
__device__ void likely(const PointsParams& p, int point, float* cells, float* room) {
    const int count = p.width * p.height;
    float most = -INFINITY, total = 0.0f;
    for (int cell = threadIdx.x; cell < count; cell += THREADS) {
        float logit = to_float(p.heat[(size_t)cell * p.heat_stride + point]);
        cells[cell] = logit;
        most = fmaxf(most, logit);
    }
    most = block_most(most, room);
    for (int cell = threadIdx.x; cell < count; cell += THREADS) {
        cells[cell] = exp2_approximate((cells[cell] - most) * LOG2_E);
        total += cells[cell];
    }
    const float share = 1.0f / block_sum(total, room);
    for (int cell = threadIdx.x; cell < count; cell += THREADS) cells[cell] *= share;
    sync_block();
}

// A block takes 8 channels of one of the three kinds of features: at point 0, around it, of the whole picture.
KERNEL(points_pool, PointsParams, THREADS) {
    SHARED(shared);
    float* room = reinterpret_cast<float*>(shared);  // (WARPS)
    float* cells = room + WARPS;                      // (height * width)
    int channel = blockIdx.x * 8, kind = 0, channels = p.fine_channels, count = p.width * p.height;
    const half_t* from = p.fine;
    if (channel >= channels) channel -= channels, kind = 1, from = p.coarse, channels = p.coarse_channels;
    if (kind == 1 && channel >= channels) channel -= channels, kind = 2, from = p.whole, channels = p.whole_channels, count = p.whole_cells;
    if (kind < 2) likely(p, 0, cells, room);
    float sums[8] = {};
    for (int cell = threadIdx.x; cell < count; cell += THREADS) {
        int at = kind == 1 ? cell / p.width / 2 * (p.width / 2) + cell % p.width / 2 : cell;
        float share = kind == 2 ? 1.0f / count : cells[cell], value[8];
        spread8(load8(from + (size_t)at * channels + channel), value);
#pragma unroll
        for (int e = 0; e < 8; ++e) sums[e] += share * value[e];
    }
#pragma unroll
    for (int e = 0; e < 8; ++e) sums[e] = block_sum(sums[e], room);
    if (threadIdx.x == 0) store8(p.pooled + blockIdx.x * 8, gather8(sums));
}

// A block takes a point.
KERNEL(points_place, PointsParams, THREADS) {
    SHARED(shared);
    float* room = reinterpret_cast<float*>(shared);
    float* cells = room + WARPS;
    const int point = blockIdx.x, count = p.width * p.height;
    likely(p, point, cells, room);
    float most = -1.0f;
    for (int cell = threadIdx.x; cell < count; cell += THREADS) most = fmaxf(most, cells[cell]);
    most = block_most(most, room);
    // The first of the highest cells: cells are few enough to be counted in f32.
    float first = -1e9f;
    for (int cell = threadIdx.x; cell < count; cell += THREADS)
        if (cells[cell] == most) first = fmaxf(first, -(float)cell);
    const int peak = (int)-block_most(first, room), peak_x = peak % p.width, peak_y = peak / p.width;

    float total = 0.0f, x = 0.0f, y = 0.0f, seen = 0.0f, spread = 0.0f;
    for (int cell = threadIdx.x; cell < count; cell += THREADS) {
        const int column = cell % p.width, row = cell / p.width;
        if (abs(column - peak_x) > NEAR || abs(row - peak_y) > NEAR) continue;
        const half_t* heat = p.heat + (size_t)cell * p.heat_stride + point;
        total += cells[cell];
        x += cells[cell] * ((column + 0.5f) / p.width + OFFSET * to_float(heat[p.points]));
        y += cells[cell] * ((row + 0.5f) / p.height + OFFSET * to_float(heat[2 * p.points]));
        seen += cells[cell] * to_float(heat[3 * p.points]);
    }
    const float share = 1.0f / block_sum(total, room);
    x = block_sum(x, room) * share;
    y = block_sum(y, room) * share;
    seen = block_sum(seen, room) * share;
    for (int cell = threadIdx.x; cell < count; cell += THREADS) {
        const int column = cell % p.width, row = cell / p.width;
        if (abs(column - peak_x) > NEAR || abs(row - peak_y) > NEAR) continue;
        float across = (column + 0.5f) / p.width - x, down = (row + 0.5f) / p.height - y;
        spread += cells[cell] * (across * across + down * down);
    }
    spread = block_sum(spread, room) * share;
    if (threadIdx.x == 0) {
        float* out = p.out + point * 4;
        out[0] = x;
        out[1] = y;
        out[2] = to_float(p.presence[point]) + seen;
        out[3] = sqrtf(spread + 1e-8f);
    }
}

// The mean of what was seen in a picture and in its mirror image. A thread takes a point, or a number of the pose.
KERNEL(points_join, JoinParams, THREADS) {
    const int point = threadIdx.x;
    if (point < p.points_count) {
        const float *here = p.points + 4 * point, *there = p.mirrored_points + 4 * (point < 2 ? point : point ^ 1);
        float* out = p.points_out + 4 * point;
        out[0] = 0.5f * (here[0] + 1.0f - there[0]);
        for (int i = 1; i < 4; ++i) out[i] = 0.5f * (here[i] + there[i]);
        return;
    }
    const int number = point - p.points_count;
    if (number >= 11) return;
    // Right y and z, up x, forward x and the torso's turn change their sign; right x keeps it, for right is left besides.
    const bool turned = (number >= 1 && number <= 3) || number == 6 || number == 10;
    const float there = to_float(p.mirrored_pose[number]);
    p.pose_out[number] = to_half(0.5f * (to_float(p.pose[number]) + (turned ? -there : there)));
}
