// Sums over a block in one fixed order: the same threads and numbers give the same bits every time.
#pragma once

constexpr unsigned FULL_WARP = 0xffffffffu;
constexpr int WARP = 32;

// The sum over a warp's 32 lanes, in every lane.
template <typename T>
__device__ inline T warpSum(T value) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(FULL_WARP, value, distance);
    }
    return value;
}

// The sum over a block, in every thread. The block is a whole number of warps, at most 32; `scratch` holds one number
// per warp and may be used again by the next call only after a barrier.
template <typename T>
__device__ inline T blockSum(T value, T* scratch) {
    const int lane = threadIdx.x % WARP;
    const int warps = blockDim.x / WARP;
    const T ofWarp = warpSum(value);
    if (lane == 0) {
        scratch[threadIdx.x / WARP] = ofWarp;
    }
    __syncthreads();
    return warpSum(lane < warps ? scratch[lane] : T(0));
}

// Folds a warp's values into lane 0, where `join` takes two of them, the lower lane's first, and `moved(value, distance)`
// is the value of the lane so far up.
template <typename T, typename Moved, typename Join>
__device__ inline T warpFold(T value, Moved moved, Join join) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        value = join(value, moved(value, distance));
    }
    return value;
}

// As warpFold, over a block, into thread 0. `scratch` holds one value per warp; `none` is what changes nothing.
template <typename T, typename Moved, typename Join>
__device__ inline T blockFold(T value, T none, T* scratch, Moved moved, Join join) {
    const int lane = threadIdx.x % WARP;
    const int warps = blockDim.x / WARP;
    value = warpFold(value, moved, join);
    if (lane == 0) {
        scratch[threadIdx.x / WARP] = value;
    }
    __syncthreads();
    return warpFold(lane < warps ? scratch[lane] : none, moved, join);
}
