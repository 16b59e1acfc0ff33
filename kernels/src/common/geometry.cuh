// Angles and the few vectors that frames and charts are written in, after port.cuh.
#pragma once
#include "port.cuh"

__device__ __forceinline__ float clamp(float x, float low, float high) { return fminf(fmaxf(x, low), high); }

// Both to some 1e-7, for |x| up to a few thousand: pi / 2 in two parts, then polynomials on an eighth of a turn.
__device__ __forceinline__ void sine_cosine(float x, float& sine, float& cosine) {
    const float quarters = rintf(x * 0.636619772f);
    float r = fmaf(quarters, -1.57079625f, x);
    r = fmaf(quarters, -7.54978942e-8f, r);
    const float square = r * r;
    const float s = r + r * square * (-1.6666654611e-1f + square * (8.3321608736e-3f - square * 1.9515295891e-4f));
    const float c = 1.0f - 0.5f * square + square * square * (4.166664568298827e-2f + square * (-1.388731625493765e-3f + square * 2.443315711809948e-5f));
    const int quadrant = (int)quarters & 3;
    sine = quadrant & 1 ? c : s, cosine = quadrant & 1 ? s : c;
    if (quadrant & 2) sine = -sine;
    if (quadrant == 1 || quadrant == 2) cosine = -cosine;
}

struct Float3 {
    float x, y, z;
};
__device__ __forceinline__ float dot(const Float3& a, const Float3& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
__device__ __forceinline__ Float3 cross(const Float3& a, const Float3& b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
// At length 1; a vector without length becomes (0, 0, -1), which faces the camera.
__device__ __forceinline__ Float3 normalized(const Float3& v) {
    const float length = sqrtf(dot(v, v));
    if (!(length > 1e-6f)) return {0.0f, 0.0f, -1.0f};
    const float share = 1.0f / length;
    return {v.x * share, v.y * share, v.z * share};
}

struct Float2 {
    float x, y;
};
__device__ __forceinline__ Float2 operator+(const Float2& a, const Float2& b) { return {a.x + b.x, a.y + b.y}; }
__device__ __forceinline__ Float2 operator-(const Float2& a, const Float2& b) { return {a.x - b.x, a.y - b.y}; }
__device__ __forceinline__ Float2 operator*(const Float2& a, float factor) { return {a.x * factor, a.y * factor}; }
__device__ __forceinline__ float length(const Float2& a) { return sqrtf(a.x * a.x + a.y * a.y); }

// Seconds in two parts, since one f32 counts to a day before it loses the frames.
__device__ __forceinline__ double seconds_of(const float* time) { return (double)time[0] + (double)time[1]; }
