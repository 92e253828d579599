// Loss against a teacher's distribution over a vocabulary, forward and backward. Bound by memory bandwidth: the forward step
// reads every logit of both models twice, the second time mostly from the cache; the backward step reads both once and writes
// one.
//
// logits, teacher, dLogits [tokens, vocab], targets [tokens], loss, logSum, teacherLogSum [tokens]. A target outside the
// vocabulary stops the kernel, unless it is IGNORED. p is the teacher's distribution, q the model's own.
#include "exponentials.cuh"

// p (log p - log q) of one number.
__device__ inline float divergenceOf(float teacher, float logit, float teacherLogSum, float logSum) {
    const float logP = teacher - teacherLogSum;
    return expf(logP) * (logP - (logit - logSum));
}

// loss[t] = share sum_v p_v (log p_v - log q_v) - (1 - share) log q[targets[t]], 0 where the target is IGNORED, and the
// logarithms of both sums of exponentials. One block per token; blockDim.x a multiple of 32.
extern "C" __global__ void distillation_forward(const float* __restrict__ logits, const float* __restrict__ teacher,
                                                const int* __restrict__ targets, float share, float* __restrict__ loss,
                                                float* __restrict__ logSum, float* __restrict__ teacherLogSum,
                                                int vocab) {
    __shared__ Exponentials scratch[WARP];
    __shared__ Exponentials teacherScratch[WARP];
    __shared__ float partial[WARP];
    __shared__ float sums[2];
    const float* row = logits + static_cast<std::size_t>(blockIdx.x) * vocab;
    const float* teacherRow = teacher + static_cast<std::size_t>(blockIdx.x) * vocab;
    const Exponentials own = rowExponentials(row, vocab, scratch);
    const Exponentials wanted = rowExponentials(teacherRow, vocab, teacherScratch);
    if (threadIdx.x == 0) {
        sums[0] = own.largest + logf(own.sum);
        sums[1] = wanted.largest + logf(wanted.sum);
    }
    __syncthreads();
    const float logQ = sums[0];
    const float logP = sums[1];
    const bool isWide = wide(row) && wide(teacherRow);
    float divergence = 0.0f;
    for (int v = 4 * static_cast<int>(threadIdx.x); v < vocab; v += 4 * static_cast<int>(blockDim.x)) {
        const float4 z = load4(row, v, vocab, isWide);
        const float4 a = load4(teacherRow, v, vocab, isWide);
        const int left = vocab - v;
        divergence += divergenceOf(a.x, z.x, logP, logQ);
        divergence += left > 1 ? divergenceOf(a.y, z.y, logP, logQ) : 0.0f;
        divergence += left > 2 ? divergenceOf(a.z, z.z, logP, logQ) : 0.0f;
        divergence += left > 3 ? divergenceOf(a.w, z.w, logP, logQ) : 0.0f;
    }
    divergence = blockSum(divergence, partial);
    if (threadIdx.x == 0) {
        const int target = checkedTarget(targets[blockIdx.x], vocab);
        logSum[blockIdx.x] = logQ;
        teacherLogSum[blockIdx.x] = logP;
        loss[blockIdx.x] =
            target == IGNORED ? 0.0f : share * divergence + (1.0f - share) * (logQ - row[target]);
    }
}

// dLogits[t, v] = weight (q_v - share p_v - (1 - share) [v = targets[t]]), 0 where the target is IGNORED. dLogits may be
// logits. Block (t, k) has token t and numbers 4 blockDim.x k onwards of its row.
extern "C" __global__ void distillation_backward(const float* logits, const float* __restrict__ teacher,
                                                 const int* __restrict__ targets, float share,
                                                 const float* __restrict__ logSum,
                                                 const float* __restrict__ teacherLogSum, float weight, float* dLogits,
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
        const float logQ = logSum[blockIdx.x];
        const float logP = teacherLogSum[blockIdx.x];
        const float rest = 1.0f - share;
        const float4 z = load4(logits + start, v, vocab, wide(logits + start));
        const float4 a = load4(teacher + start, v, vocab, wide(teacher + start));
        d = make_float4(weight * (expf(z.x - logQ) - share * expf(a.x - logP) - (v == target ? rest : 0.0f)),
                        weight * (expf(z.y - logQ) - share * expf(a.y - logP) - (v + 1 == target ? rest : 0.0f)),
                        weight * (expf(z.z - logQ) - share * expf(a.z - logP) - (v + 2 == target ? rest : 0.0f)),
                        weight * (expf(z.w - logQ) - share * expf(a.w - logP) - (v + 3 == target ? rest : 0.0f)));
    }
    store4(dRow, v, vocab, wide(dRow), d);
}
