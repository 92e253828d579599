// Dropout whose mask is computed where it is needed, forward and backward alike, from Philox4x32-10 (Salmon et al. 2011):
// eight numbers share a counter and take 16 of its 128 bits each. Bound by memory bandwidth; the generator's some 60
// integer operations for eight numbers hide behind it.
#include "access.cuh"
#include "philox.cuh"

constexpr int SHARED = 8;

// Two words have the draws of four numbers: low half first.
__device__ inline float4 masked(float4 x, unsigned word0, unsigned word1, unsigned threshold, float scale) {
    return make_float4((word0 & 0xFFFF) >= threshold ? scale * x.x : 0.0f, word0 >> 16 >= threshold ? scale * x.y : 0.0f,
                       (word1 & 0xFFFF) >= threshold ? scale * x.z : 0.0f, word1 >> 16 >= threshold ? scale * x.w : 0.0f);
}

// y = beta y + (draw >= threshold ? scale x : 0); with beta 0 the old y is not read. y may be x.
extern "C" __global__ void dropout(const float* x, float* y, float beta, std::size_t count, unsigned threshold,
                                   float scale, unsigned long long seed, unsigned long long run, unsigned operation) {
    const bool isWide = wide(x) && wide(y);
    const uint2 key = make_uint2(static_cast<unsigned>(seed), static_cast<unsigned>(seed >> 32));
    const std::size_t groups = (count + SHARED - 1) / SHARED;
    const std::size_t stride = static_cast<std::size_t>(gridDim.x) * blockDim.x;
    for (std::size_t g = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; g < groups; g += stride) {
        const uint4 words = philox(make_uint4(static_cast<unsigned>(g), operation, static_cast<unsigned>(run),
                                              static_cast<unsigned>(run >> 32)), key);
        const std::size_t at = g * SHARED;
        accumulate4(y, at, count, isWide, beta,
                    masked(load4(x, at, count, isWide), words.x, words.y, threshold, scale));
        if (at + 4 < count) {
            accumulate4(y, at + 4, count, isWide, beta,
                        masked(load4(x, at + 4, count, isWide), words.z, words.w, threshold, scale));
        }
    }
}
