// The finished picture at the camera's size. The formulas are in mod.rs.
#include "../common/port.cuh"

constexpr int MAPS = 16;  // values a model pixel, in the order mod.rs names

struct CompositeParams {
    const unsigned char* camera;  // (height, width, 3)
    const unsigned char* world;   // (height, width, 3); read only where a world is on
    const half_t* front;          // (height, width, 4), premultiplied
    const half_t* behind;         // (height, width, 4), premultiplied
    const float* maps;            // (model_height, model_width, MAPS)
    const int* column_low;        // (width): the left one of the two model pixels
    const float* column_weight;   // (width): of the right one
    const int* row_low;           // (height)
    const float* row_weight;      // (height)
    const int* world_on;          // one number: 0 or 1
    const uint32_t* person;       // (height, width), the visitor in a costume: bytes red, green, blue; read only where dressed
    const float* dressed;         // one number: 0 or 1
    uint32_t* out;                // (height, width), bytes red, green, blue, 255
    int width, height, model_width, model_height;
};
static_assert(sizeof(CompositeParams) == 120, "mod.rs lays it out the same way");

// Eight pixels of 32 columns a block: neighbours share model pixels.
KERNEL(composite, CompositeParams, 256) {
    const int x = blockIdx.x * 32 + threadIdx.x % 32, y = blockIdx.y * 8 + threadIdx.x / 32;
    if (x >= p.width || y >= p.height) return;
    const int left = p.column_low[x], right = min(left + 1, p.model_width - 1);
    const int top = p.row_low[y], bottom = min(top + 1, p.model_height - 1);
    const float across = p.column_weight[x], down = p.row_weight[y];
    const float* corners[4] = {
        p.maps + ((size_t)top * p.model_width + left) * MAPS, p.maps + ((size_t)top * p.model_width + right) * MAPS,
        p.maps + ((size_t)bottom * p.model_width + left) * MAPS, p.maps + ((size_t)bottom * p.model_width + right) * MAPS};
    float maps[MAPS];
#pragma unroll
    for (int k = 0; k < MAPS; k += 4) {
        float4 a = *reinterpret_cast<const float4*>(corners[0] + k), b = *reinterpret_cast<const float4*>(corners[1] + k);
        float4 c = *reinterpret_cast<const float4*>(corners[2] + k), d = *reinterpret_cast<const float4*>(corners[3] + k);
        const float tl[4] = {a.x, a.y, a.z, a.w}, tr[4] = {b.x, b.y, b.z, b.w};
        const float bl[4] = {c.x, c.y, c.z, c.w}, br[4] = {d.x, d.y, d.z, d.w};
#pragma unroll
        for (int e = 0; e < 4; ++e) {
            float low = tl[e] + down * (bl[e] - tl[e]), high = tr[e] + down * (br[e] - tr[e]);
            maps[k + e] = low + across * (high - low);
        }
    }
    const size_t pixel = (size_t)y * p.width + x;
    float camera[3], front[4], behind[4];
    for (int k = 0; k < 3; ++k) camera[k] = p.camera[pixel * 3 + k] * (1.0f / 255.0f);
    const uint32_t* words = reinterpret_cast<const uint32_t*>(p.front) + pixel * 2;
    float2 two = unpack2(words[0]), more = unpack2(words[1]);
    front[0] = two.x, front[1] = two.y, front[2] = more.x, front[3] = more.y;
    words = reinterpret_cast<const uint32_t*>(p.behind) + pixel * 2;
    two = unpack2(words[0]), more = unpack2(words[1]);
    behind[0] = two.x, behind[1] = two.y, behind[2] = more.x, behind[3] = more.y;

    const bool world_on = *p.world_on != 0, dressed = world_on && *p.dressed != 0.0f;
    const uint32_t costume = dressed ? p.person[pixel] : 0u;
    const float brightness = (camera[0] + camera[1] + camera[2]) * (1.0f / 3.0f);
    const float matte = fminf(fmaxf(maps[0] * brightness + maps[1], 0.0f), 1.0f), visible = maps[2];
    uint32_t bytes = 255u << 24;
#pragma unroll
    for (int k = 0; k < 3; ++k) {
        float backdrop = camera[k], person = camera[k];
        if (world_on) {
            backdrop = p.world[pixel * 3 + k] * (1.0f / 255.0f);
            if (dressed) person = (costume >> (8 * k) & 255u) * (1.0f / 255.0f);
            person = person * maps[9 + k] + maps[12 + k];
        }
        backdrop = behind[k] * maps[3 + k] + backdrop * (1.0f - behind[3]);
        float base = backdrop + (person - backdrop) * matte;
        float value = front[k] * visible * maps[3 + k] + base * (1.0f - front[3] * visible) + maps[6 + k];
        value = fminf(fmaxf(value, 0.0f), 1.0f);
        bytes |= (uint32_t)(value * 255.0f + 0.5f) << (8 * k);
    }
    p.out[pixel] = bytes;
}
