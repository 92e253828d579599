// Sums of exponentials of rows of logits, and what loss kernels share beside them.
#pragma once

#include <cfloat>

#include "access.cuh"
#include "reduce.cuh"

constexpr int IGNORED = -100;

// A sum of exponentials, as sum e^largest.
struct Exponentials {
    float largest;
    float sum;
};

__device__ inline Exponentials joined(Exponentials a, Exponentials b) {
    const float largest = fmaxf(a.largest, b.largest);
    return {largest, a.sum * expf(a.largest - largest) + b.sum * expf(b.largest - largest)};
}

__device__ inline Exponentials movedDown(Exponentials value, int distance) {
    return {__shfl_down_sync(FULL_WARP, value.largest, distance), __shfl_down_sync(FULL_WARP, value.sum, distance)};
}

// The sum over a row of a block, in thread 0; blockDim.x is a multiple of 32. `scratch` may be used again only after a barrier.
__device__ inline Exponentials rowExponentials(const float* row, int vocab, Exponentials* scratch) {
    const bool isWide = wide(row);
    Exponentials own{-FLT_MAX, 0.0f};
    for (int v = 4 * static_cast<int>(threadIdx.x); v < vocab; v += 4 * static_cast<int>(blockDim.x)) {
        const float4 z = load4(row, v, vocab, isWide);
        const int left = vocab - v;
        const float y = left > 1 ? z.y : z.x;
        const float w = left > 3 ? z.w : z.x;
        const float u = left > 2 ? z.z : z.x;
        const float largest = fmaxf(own.largest, fmaxf(fmaxf(z.x, y), fmaxf(u, w)));
        float sum = own.sum * expf(own.largest - largest) + expf(z.x - largest);
        sum += left > 1 ? expf(y - largest) : 0.0f;
        sum += left > 2 ? expf(u - largest) : 0.0f;
        sum += left > 3 ? expf(w - largest) : 0.0f;
        own = {largest, sum};
    }
    return blockFold(own, Exponentials{-FLT_MAX, 0.0f}, scratch, movedDown, joined);
}

__device__ inline int checkedTarget(int target, int vocab) {
    return target == IGNORED ? target : checkedRow(target, vocab);
}
