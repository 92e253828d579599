// Mixture of experts: which experts a token is given to, and its rows among those of all experts. Bound by memory
// bandwidth. Every token has k rows, row t k + j by token being that of token t and its expert j.
#include <climits>
#include <cmath>

#include "access.cuh"
#include "reduce.cuh"

namespace {

struct Found {
    float value;
    int at;
};

__device__ inline float leastIfNone(float z) { return isnan(z) ? -INFINITY : z; }

// The larger, of equals the first.
__device__ inline Found better(Found a, Found b) {
    return b.value > a.value || (b.value == a.value && b.at < a.at) ? b : a;
}

// The best over a warp, in every lane.
__device__ inline Found warpBest(Found found) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        found = better(found, {__shfl_xor_sync(FULL_WARP, found.value, distance),
                               __shfl_xor_sync(FULL_WARP, found.at, distance)});
    }
    return found;
}

// The largest of a lane's numbers of a row, every 32nd from its own on, of which bit i of `taken` leaves out the i-th.
__device__ inline Found ownBest(const float* row, int experts, unsigned long long taken) {
    Found best{-INFINITY, INT_MAX};
    int i = 0;
#pragma unroll 1
    for (int e = threadIdx.x % WARP; e < experts; e += WARP, i++) {
        if (!(taken >> i & 1)) {
            best = better(best, {leastIfNone(row[e]), e});
        }
    }
    return best;
}

// The sum of e^(row[e] - shift) over a row, in every lane of a warp.
__device__ inline float warpExponentials(const float* row, int experts, float shift) {
    float sum = 0.0f;
#pragma unroll 1
    for (int e = threadIdx.x % WARP; e < experts; e += WARP) {
        sum += expf(leastIfNone(row[e]) - shift);
    }
    return warpSum(sum);
}

}  // namespace

// The k largest of each row and their factors: e^logit over the sum over the row, or over the chosen if normalised. One
// warp per row, of at most 2048 numbers. logits [tokens, experts], chosen, factors [tokens, k].
extern "C" __global__ void route_forward(const float* __restrict__ logits, int* __restrict__ chosen,
                                         float* __restrict__ factors, int tokens, int experts, int k, int normalised) {
    const int token = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    if (token >= tokens) {
        return;
    }
    const int lane = threadIdx.x % WARP;
    const float* row = logits + static_cast<std::size_t>(token) * experts;
    int* places = chosen + static_cast<std::size_t>(token) * k;
    float* own = factors + static_cast<std::size_t>(token) * k;
    unsigned long long taken = 0;
    float largest = 0.0f;
    float sum = 0.0f;
#pragma unroll 1
    for (int j = 0; j < k; j++) {
        const Found best = warpBest(ownBest(row, experts, taken));
        if (best.at % WARP == lane) {
            taken |= 1ull << best.at / WARP;
        }
        largest = j == 0 ? best.value : largest;
        const float factor = expf(best.value - largest);
        sum += factor;
        if (j % WARP == lane) {
            places[j] = best.at;
            own[j] = factor;
        }
    }
    const float all = normalised ? sum : warpExponentials(row, experts, largest);
#pragma unroll 1
    for (int j = lane; j < k; j += WARP) {
        own[j] = own[j] / all;
    }
}

// The derivative of the factors. One warp per row. logits, dLogits [tokens, experts], chosen, factors, dFactors
// [tokens, k]. An expert that is not there stops the kernel.
extern "C" __global__ void route_backward(const float* __restrict__ logits, const int* __restrict__ chosen,
                                          const float* __restrict__ factors, const float* __restrict__ dFactors,
                                          float* __restrict__ dLogits, float beta, int tokens, int experts, int k,
                                          int normalised) {
    const int token = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    if (token >= tokens) {
        return;
    }
    const int lane = threadIdx.x % WARP;
    const float* row = logits + static_cast<std::size_t>(token) * experts;
    const std::size_t first = static_cast<std::size_t>(token) * k;
    float mean = 0.0f;
#pragma unroll 1
    for (int j = lane; j < k; j += WARP) {
        checkedRow(chosen[first + j], experts);
        mean += factors[first + j] * dFactors[first + j];
    }
    mean = warpSum(mean);
    float largest = 0.0f;
    float sum = 1.0f;
    if (!normalised) {
        largest = warpBest(ownBest(row, experts, 0)).value;
        sum = warpExponentials(row, experts, largest);
    }
#pragma unroll 1
    for (int e = lane; e < experts; e += WARP) {
        float d = normalised ? 0.0f : -mean * expf(leastIfNone(row[e]) - largest) / sum;
#pragma unroll 1
        for (int j = 0; j < k; j++) {
            if (chosen[first + j] == e) {
                d += factors[first + j] * (dFactors[first + j] - (normalised ? mean : 0.0f));
            }
        }
        float* to = dLogits + static_cast<std::size_t>(token) * experts + e;
        *to = beta == 0.0f ? d : d + beta * *to;
    }
}

// out[i] = beta out[i] + f(rows[i]) source[rows[i] / k], f null for ones. A block has a row for each threadIdx.y. source
// [count / k, channels], rows [count], factors [count], out [count, channels].
extern "C" __global__ void spread_rows(const float* __restrict__ source, const int* __restrict__ rows,
                                       const float* __restrict__ factors, float* __restrict__ out, float beta,
                                       int count, int k, int channels) {
    const int i = blockIdx.x * blockDim.y + threadIdx.y;
    if (i >= count) {
        return;
    }
    const int row = checkedRow(rows[i], count);
    const float factor = factors == nullptr ? 1.0f : factors[row];
    const float* from = source + static_cast<std::size_t>(row / k) * channels;
    float* to = out + static_cast<std::size_t>(i) * channels;
    const bool isWide = wide(from) && wide(to);
    for (int at = 4 * threadIdx.x; at < channels; at += 4 * blockDim.x) {
        const float4 x = load4(from, at, channels, isWide);
        accumulate4(to, at, channels, isWide, beta,
                    make_float4(factor * x.x, factor * x.y, factor * x.z, factor * x.w));
    }
}

// out[t] = beta out[t] + sum_j f(t, j) source[rows[t k + j]], f null for ones, in the order of j. A block has a token for
// each threadIdx.y. source [tokens k, channels], rows, factors [tokens, k], out [tokens, channels].
extern "C" __global__ void join_rows(const float* __restrict__ source, const int* __restrict__ rows,
                                     const float* __restrict__ factors, float* __restrict__ out, float beta,
                                     int tokens, int k, int channels) {
    const int token = blockIdx.x * blockDim.y + threadIdx.y;
    if (token >= tokens) {
        return;
    }
    const std::size_t first = static_cast<std::size_t>(token) * k;
    float* to = out + static_cast<std::size_t>(token) * channels;
    const bool isWide = wide(to) && channels % 4 == 0 && wide(source);
    for (int at = 4 * threadIdx.x; at < channels; at += 4 * blockDim.x) {
        float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
#pragma unroll 1
        for (int j = 0; j < k; j++) {
            const int row = checkedRow(rows[first + j], tokens * k);
            const float factor = factors == nullptr ? 1.0f : factors[first + j];
            const float4 x = load4(source + static_cast<std::size_t>(row) * channels, at, channels, isWide);
            sum = make_float4(sum.x + factor * x.x, sum.y + factor * x.y, sum.z + factor * x.z, sum.w + factor * x.w);
        }
        accumulate4(to, at, channels, isWide, beta, sum);
    }
}

// out[t, j] = beta out[t, j] + sum_c a[t, c] source[rows[t k + j], c]. One warp per row. a [tokens, channels], source
// [tokens k, channels], rows, out [tokens, k].
extern "C" __global__ void row_dots(const float* __restrict__ a, const float* __restrict__ source,
                                    const int* __restrict__ rows, float* __restrict__ out, float beta, int tokens,
                                    int k, int channels) {
    const int i = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    if (i >= tokens * k) {
        return;
    }
    const float* left = a + static_cast<std::size_t>(i / k) * channels;
    const float* right = source + static_cast<std::size_t>(checkedRow(rows[i], tokens * k)) * channels;
    float sum = 0.0f;
    for (int c = threadIdx.x % WARP; c < channels; c += WARP) {
        sum += left[c] * right[c];
    }
    sum = warpSum(sum);
    if (threadIdx.x % WARP == 0) {
        out[i] = beta == 0.0f ? sum : sum + beta * out[i];
    }
}
