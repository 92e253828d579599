// The index of the largest number of each row: greedy sampling. Bound by memory bandwidth.
#include <climits>
#include <cmath>

#include "access.cuh"
#include "reduce.cuh"

struct Found {
    float value;
    int at;
};

// The larger, of equals the first. A NaN is never larger.
__device__ inline Found better(Found a, Found b) {
    return b.value > a.value || (b.value == a.value && b.at < a.at) ? b : a;
}

__device__ inline Found movedDown(Found found, int distance) {
    return {__shfl_down_sync(FULL_WARP, found.value, distance), __shfl_down_sync(FULL_WARP, found.at, distance)};
}

// out[t] = the first index of the largest of x[t]; 0 for a row of nothing but NaN. One block per row; blockDim.x a
// multiple of 32. x [rows, columns], out [rows].
extern "C" __global__ void argmax(const float* __restrict__ x, int* __restrict__ out, int columns) {
    __shared__ Found scratch[WARP];
    const float* row = x + static_cast<std::size_t>(blockIdx.x) * columns;
    const bool isWide = wide(row);
    const Found none{-INFINITY, INT_MAX};
    Found own = none;
    for (int c = 4 * static_cast<int>(threadIdx.x); c < columns; c += 4 * static_cast<int>(blockDim.x)) {
        const float4 v = load4(row, c, columns, isWide);
        own = better(own, {v.x, c});
        if (c + 1 < columns) own = better(own, {v.y, c + 1});
        if (c + 2 < columns) own = better(own, {v.z, c + 2});
        if (c + 3 < columns) own = better(own, {v.w, c + 3});
    }
    const Found best = blockFold(own, none, scratch, movedDown, better);
    if (threadIdx.x == 0) {
        out[blockIdx.x] = best.at == INT_MAX ? 0 : best.at;
    }
}
