// Sums over a block in one fixed order: the same threads and numbers give the same bits every time.
#pragma once

constexpr unsigned FULL_WARP = 0xffffffffu;
constexpr int WARP = 32;

// The sum over a warp's 32 lanes, in every lane.
__device__ inline float warpSum(float value) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(FULL_WARP, value, distance);
    }
    return value;
}

// The sum over a block, in every thread. The block is a whole number of warps, at most 32; `scratch` holds one float
// per warp and may be used again by the next call only after a barrier.
__device__ inline float blockSum(float value, float* scratch) {
    const int lane = threadIdx.x % WARP;
    const int warps = blockDim.x / WARP;
    const float ofWarp = warpSum(value);
    if (lane == 0) {
        scratch[threadIdx.x / WARP] = ofWarp;
    }
    __syncthreads();
    return warpSum(lane < warps ? scratch[lane] : 0.0f);
}
