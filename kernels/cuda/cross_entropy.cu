// Cross-entropy over a vocabulary, forward and backward. Bound by memory bandwidth: the forward step reads every logit
// once, the backward step reads and writes each once, an exponential each.
//
// logits, dLogits [tokens, vocab], targets [tokens], loss, logSum [tokens]. A target outside the vocabulary stops the
// kernel, unless it is IGNORED.
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

__device__ inline int checkedTarget(int target, int vocab) {
    return target == IGNORED ? target : checkedRow(target, vocab);
}

// logSum[t] = log sum_v e^logits[t, v], loss[t] = logSum[t] - logits[t, targets[t]], 0 where the target is IGNORED.
// One block per token; blockDim.x a multiple of 32.
extern "C" __global__ void cross_entropy_forward(const float* __restrict__ logits, const int* __restrict__ targets,
                                                 float* __restrict__ loss, float* __restrict__ logSum, int vocab) {
    __shared__ Exponentials scratch[WARP];
    const float* row = logits + static_cast<std::size_t>(blockIdx.x) * vocab;
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
    const Exponentials all = blockFold(own, Exponentials{-FLT_MAX, 0.0f}, scratch, movedDown, joined);
    if (threadIdx.x == 0) {
        const int target = checkedTarget(targets[blockIdx.x], vocab);
        const float logarithm = logf(all.sum);
        logSum[blockIdx.x] = all.largest + logarithm;
        loss[blockIdx.x] = target == IGNORED ? 0.0f : all.largest - row[target] + logarithm;
    }
}

// dLogits[t, v] = weight (e^(logits[t, v] - logSum[t]) - [v = targets[t]]), 0 where the target is IGNORED. dLogits may be
// logits. Block (t, k) has token t and numbers 4 blockDim.x k onwards of its row.
extern "C" __global__ void cross_entropy_backward(const float* logits, const int* __restrict__ targets,
                                                  const float* __restrict__ logSum, float weight, float* dLogits,
                                                  int vocab) {
    const std::size_t start = static_cast<std::size_t>(blockIdx.x) * vocab;
    const int v = 4 * static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x);
    const int target = checkedTarget(targets[blockIdx.x], vocab);
    if (v >= vocab) {
        return;
    }
    float* dRow = dLogits + start;
    float4 d = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (target != IGNORED) {
        const float sum = logSum[blockIdx.x];
        const float4 z = load4(logits + start, v, vocab, wide(logits + start));
        d = make_float4(weight * (expf(z.x - sum) - (v == target ? 1.0f : 0.0f)),
                        weight * (expf(z.y - sum) - (v + 1 == target ? 1.0f : 0.0f)),
                        weight * (expf(z.z - sum) - (v + 2 == target ? 1.0f : 0.0f)),
                        weight * (expf(z.w - sum) - (v + 3 == target ? 1.0f : 0.0f)));
    }
    store4(dRow, v, vocab, wide(dRow), d);
}
