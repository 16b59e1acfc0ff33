// The body as track.cu leaves it, and the frames that several kernels hang things on.
#pragma once
#include "geometry.cuh"

enum Point : int { HEAD = 0, NECK = 1, SHOULDER_R = 2, SHOULDER_L = 3, ELBOW_R = 4, HAND_R = 8 };

// Lengths in picture widths.
struct Body {
    Float2 points[10];
    float present[10];
    Float3 up, forward;
    float head_width, torso_yaw, free_hand, to_the_right, shown;
};

static_assert(sizeof(Body) == 164, "track/mod.rs lays it out the same way");

// The item point (x, y, z) lands at o + x ex + y ey + z ez.
struct Frame {
    Float2 o, ex, ey, ez;
};

// The frame of the shoulders (see place/mod.rs), in a picture so many units wide.
__device__ __forceinline__ Frame on_shoulders(const Body& body, float unit_of_picture) {
    const Float2 o = body.points[NECK] * unit_of_picture;
    const float width = body.head_width * unit_of_picture;
    Float2 across = (body.points[SHOULDER_L] - body.points[SHOULDER_R]) * unit_of_picture;
    if (across.x < 0.0f) across = across * -1.0f;
    float sine, cosine;
    sine_cosine(clamp(body.torso_yaw, -0.9f, 0.9f), sine, cosine);
    const float usual = 2.3f * width, apart = length(across);
    const float unit = clamp(apart / cosine, 0.8f * usual, 1.3f * usual);
    const Float2 along = across * (1.0f / fmaxf(apart, 1e-6f));
    const Float2 up = {across.y, -length(Float2{across.x, unit * sine})};
    return {o, along * (unit * cosine), up * (unit / fmaxf(length(up), 1e-6f)), along * (unit * sine)};
}
