// Cross-entropy over a vocabulary, forward and backward. Bound by memory bandwidth: the forward step reads every logit
// once, the backward step reads and writes each once, an exponential each.
//
// logits, dLogits [tokens, vocab], targets [tokens], loss, logSum [tokens]. A target outside the vocabulary stops the
// kernel, unless it is IGNORED.
#include "exponentials.cuh"

// logSum[t] = log sum_v e^logits[t, v], loss[t] = logSum[t] - logits[t, targets[t]], 0 where the target is IGNORED.
// One block per token; blockDim.x a multiple of 32.
extern "C" __global__ void cross_entropy_forward(const float* __restrict__ logits, const int* __restrict__ targets,
                                                 float* __restrict__ loss, float* __restrict__ logSum, int vocab) {
    __shared__ Exponentials scratch[WARP];
    const float* row = logits + static_cast<std::size_t>(blockIdx.x) * vocab;
    const Exponentials all = rowExponentials(row, vocab, scratch);
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
