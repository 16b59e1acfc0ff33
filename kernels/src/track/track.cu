// The body followed from frame to frame, and which hand and side it leaves to what is worn. The formulas are in mod.rs.
#include "../common/geometry.cuh"

constexpr int POINTS = 10, HAND_R = 8, THREADS = 32;
constexpr float FRAME_SECONDS = 1.0f / 30.0f, TAU = 6.28318531f;

// Places in `before` and `after`: of each of 28 numbers its value and speed, then what follows.
enum State : int { UP = 20, FORWARD = 23, WIDTH = 26, YAW = 27, PRESENCE = 56, LIVE = 66, SIDE, DOUBTS, CROSSES, AT, WANTED, SECONDS, STATE_LEN = SECONDS + 2 };
// Places in `body`, after the points.
enum Body : int { PRESENT = 20, HEAD_UP = 30, HEAD_FORWARD = 33, HEAD_WIDTH = 36, TORSO_YAW, FREE_HAND, TO_THE_RIGHT, SHOWN, BODY_LEN };
enum Hand : int { NOBODY = 0, RIGHT = 1, LEFT = 2, IN_SIGHT = 3 };

struct TrackParams {
    const float* points;  // (10, 4): x, y in 0..1, presence logit, spread
    const half_t* pose;   // (11): three axes of the head, log width, yaw
    const float* time;    // (2)
    const float* scene;   // (1): which hand is free, see Hand
    const float* before;  // (STATE_LEN)
    float* after;         // (STATE_LEN); may be `before`
    float* body;          // (BODY_LEN)
    float aspect, room_left, room_right, room_bottom;  // the camera's picture in the model's, in picture widths
};
static_assert(sizeof(TrackParams) == 72 && STATE_LEN == 74 && BODY_LEN == 41, "mod.rs lays them out the same way");

__device__ __forceinline__ float share(float cutoff_hz) {
    const float x = TAU * cutoff_hz * FRAME_SECONDS;
    return x / (x + 1.0f);
}

// Number `n` after one more measurement: the cut-off frequency rises with its speed.
__device__ __forceinline__ float followed(const TrackParams& p, bool live, int n, float measured, float still_hz, float per_speed) {
    float value = live ? p.before[2 * n] : measured, speed = live ? p.before[2 * n + 1] : 0.0f;
    speed += share(1.0f) * ((measured - value) / FRAME_SECONDS - speed);
    value += share(still_hz + per_speed * fabsf(speed)) * (measured - value);
    p.after[2 * n] = value, p.after[2 * n + 1] = speed;
    return value;
}

__device__ __forceinline__ void turned(const TrackParams& p, bool live, int n, int pose, float* to) {
    const Float3 seen = normalized({to_float(p.pose[pose]), to_float(p.pose[pose + 1]), to_float(p.pose[pose + 2])});
    const float x = followed(p, live, n, seen.x, 1.2f, 2.0f), y = followed(p, live, n + 1, seen.y, 1.2f, 2.0f);
    const Float3 axis = normalized({x, y, followed(p, live, n + 2, seen.z, 1.2f, 2.0f)});
    to[0] = axis.x, to[1] = axis.y, to[2] = axis.z;
}

// The hand that holds what nobody gave a hand to: the one that is seen better, for a while also the one before.
__device__ void choose_hand(const TrackParams& p) {
    const int given = (int)p.scene[0];
    int side = (int)p.before[SIDE];
    float doubts = 0.0f;
    if (given != IN_SIGHT) {
        side = given;
    } else {
        float sight[2];
        for (int k = 0; k < 2; ++k) {
            const float present = p.body[PRESENT + HAND_R + k], y = p.body[2 * (HAND_R + k) + 1];
            sight[k] = present * present * clamp((p.room_bottom - y) / 0.16f, 0.5f, 1.0f);
        }
        const int better = sight[0] >= sight[1] ? RIGHT : LEFT;
        const bool sure = side == NOBODY || side == better || fabsf(sight[0] - sight[1]) <= 0.05f;
        if (!sure && p.before[DOUBTS] < 6.0f && fminf(sight[0], sight[1]) > 0.25f) {
            doubts = p.before[DOUBTS] + 1.0f;
        } else if (side == NOBODY || !sure) {
            side = better;
        }
    }
    p.after[SIDE] = (float)side, p.after[DOUBTS] = doubts;
    p.body[FREE_HAND] = side == LEFT ? 1.0f : 0.0f;
}

// The side of the head on which there is more room: what flies there fades out on one side and in on the other.
__device__ void choose_side(const TrackParams& p) {
    const bool crosses = p.before[CROSSES] != 0.0f;
    const float lead = (p.room_right + p.room_left - 2.0f * p.body[0]) / (p.room_right - p.room_left);
    float wanted = p.before[WANTED];
    if (!crosses || lead * wanted < -0.12f) wanted = lead >= 0.0f ? 1.0f : -1.0f;
    const double passed = seconds_of(p.time) - seconds_of(p.before + SECONDS);
    const float most = (float)((passed > 0.0 ? passed : 0.0) * (2.0 / 0.8));
    float at = crosses ? p.before[AT] : wanted;
    at += clamp(wanted - at, -most, most);
    p.after[CROSSES] = 1.0f, p.after[AT] = at, p.after[WANTED] = wanted;
    p.after[SECONDS] = p.time[0], p.after[SECONDS + 1] = p.time[1];
    p.body[TO_THE_RIGHT] = at > 0.0f ? 1.0f : 0.0f;
    p.body[SHOWN] = clamp((fabsf(at) - 0.15f) / 0.7f, 0.0f, 1.0f);
}

// One block: a thread a point, one for each axis and one for the rest, then one that chooses.
KERNEL(track_follow, TrackParams, THREADS) {
    const int thread = threadIdx.x;
    const bool live = p.before[LIVE] != 0.0f;
    if (thread < POINTS) {
        const float* seen = p.points + 4 * thread;
        p.body[2 * thread] = followed(p, live, 2 * thread, seen[0], 1.5f, 18.0f);
        p.body[2 * thread + 1] = followed(p, live, 2 * thread + 1, seen[1] / p.aspect, 1.5f, 18.0f);
        const float present = 1.0f / (1.0f + expf(-seen[2]));
        const float old = live ? p.before[PRESENCE + thread] : present, now = old + 0.35f * (present - old);
        p.after[PRESENCE + thread] = now, p.body[PRESENT + thread] = now;
    } else if (thread == POINTS) {
        turned(p, live, UP, 3, p.body + HEAD_UP);
    } else if (thread == POINTS + 1) {
        turned(p, live, FORWARD, 6, p.body + HEAD_FORWARD);
    } else if (thread == POINTS + 2) {
        p.body[HEAD_WIDTH] = followed(p, live, WIDTH, expf(clamp(to_float(p.pose[9]), -5.0f, 0.0f)), 0.6f, 3.0f);
        p.body[TORSO_YAW] = followed(p, live, YAW, to_float(p.pose[10]), 1.2f, 2.0f);
    }
    sync_block();
    if (thread == 0) {
        choose_hand(p);
        choose_side(p);
        p.after[LIVE] = 1.0f;
    }
}
