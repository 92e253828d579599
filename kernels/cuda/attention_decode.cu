// Attention of a few queries over a long cache of keys and values: each key and value is read once for up to four query
// heads that share it, by blocks that have 256 keys of one query each, so that the whole device reads a single cache.
// What several blocks found of one query is put together by a second kernel, in order. How many keys there are is read
// from memory: a launch that a graph repeats has blocks for as many as there may be, and those without a key end at once.
//
// Bound by memory bandwidth: 4 (headDim + valueDim) bytes a key.
//
// query [tokens, heads, headDim]; key [rows, kvHeads, headDim]; value [rows, kvHeads, valueDim]; shares
// [splits, tokens, heads, valueDim] and their logarithms of denominators [splits, tokens, heads].
#include <cmath>

#include "attention.cuh"

constexpr int SPLIT = 256;   // keys of a block
constexpr int HEADS = 4;     // query heads of a block
constexpr int WARPS = 4;
constexpr int LANES = 8;     // that read one key
constexpr int FOURS = 4;     // that one of them holds of a query
constexpr int DEPTH = 4 * LANES * FOURS;
constexpr int WIDTH = 4 * WARP;

static_assert(WARPS == HEADS, "one warp finishes the softmax of one head");

struct Shape {
    int heads;
    int kvHeads;
    int headDim;
    int valueDim;
};

// Scores, then weights, of a block's keys for its heads.
struct Scores {
    float of[SPLIT][HEADS];
};

__device__ inline int oneEach(int queries, int) { return queries; }

// scores = query key for `count` keys and `heads` heads; eight neighbouring lanes have a key.
__device__ inline void score(const Rows& queries, const Rows& keys, Scores& scores) {
    const int lane = threadIdx.x % LANES;
    for (int depth = 0; depth < keys.width; depth += DEPTH) {
        float4 q[HEADS][FOURS];
#pragma unroll
        for (int h = 0; h < HEADS; h++) {
#pragma unroll
            for (int f = 0; f < FOURS; f++) {
                q[h][f] = queries.four(h, depth + 4 * (f * LANES + lane));
            }
        }
        // Every lane of a warp takes part in the exchange, also where there is no key left for it.
        for (int start = 0; start < keys.count; start += WARPS * WARP / LANES) {
            const int k = start + static_cast<int>(threadIdx.x) / LANES;
            float4 own[FOURS];
#pragma unroll
            for (int f = 0; f < FOURS; f++) {
                own[f] = keys.four(k, depth + 4 * (f * LANES + lane));
            }
#pragma unroll
            for (int h = 0; h < HEADS; h++) {
                float sum = 0.0f;
#pragma unroll
                for (int f = 0; f < FOURS; f++) {
                    sum += dot(q[h][f], own[f]);
                }
                for (int distance = LANES / 2; distance > 0; distance /= 2) {
                    sum += __shfl_xor_sync(FULL_WARP, sum, distance);
                }
                if (lane == 0 && k < keys.count) {
                    scores.of[k][h] = depth == 0 ? sum : scores.of[k][h] + sum;
                }
            }
        }
    }
}

// Turns the products of one head, the warp's, into scores and these into weights under their largest; returns it and, in
// `sum`, their sum. The query's own key stands `behind` places after the last.
template <typename Score>
__device__ inline float soften(Scores& scores, int count, const Score& score, int behind, float& sum) {
    const int head = threadIdx.x / WARP;
    const int lane = threadIdx.x % WARP;
    float largest = -INFINITY;
    for (int k = lane; k < count; k += WARP) {
        const float own = score.distanced(score.bounded(scores.of[k][head]), count + behind - k);
        scores.of[k][head] = own;
        largest = fmaxf(largest, own);
    }
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        largest = fmaxf(largest, __shfl_xor_sync(FULL_WARP, largest, distance));
    }
    float own = 0.0f;
    for (int k = lane; k < count; k += WARP) {
        const float weight = expf(scores.of[k][head] - largest);
        scores.of[k][head] = weight;
        own += weight;
    }
    sum = warpSum(own);
    return largest;
}

// sums[h] += weight value, over every fourth key, for the four columns of this lane.
__device__ inline void addValues(const Scores& weights, const Rows& values, int column, float4* sums) {
    for (int k = threadIdx.x / WARP; k < values.count; k += WARPS) {
        const float4 v = values.four(k, column);
        const float4 w = *reinterpret_cast<const float4*>(weights.of[k]);
        const float weight[HEADS] = {w.x, w.y, w.z, w.w};
#pragma unroll
        for (int h = 0; h < HEADS; h++) {
            sums[h].x += weight[h] * v.x;
            sums[h].y += weight[h] * v.y;
            sums[h].z += weight[h] * v.z;
            sums[h].w += weight[h] * v.w;
        }
    }
}

// Block (query, key/value head and which four of its query heads, split). Blocks of 32 WARPS.
template <typename Score>
__device__ inline void decode(const Sequences* sequences, const Form& form, const float* slopes, const float* query,
                              const float* key, const float* value, float* shares, float* logSums, int tokens,
                              const Shape& shape, Scores& scores, float4 (*found)[HEADS][WARP], float* denominators) {
    const Part part = partAt(*sequences, static_cast<int>(blockIdx.x), oneEach);
    const int visible = part.visible(part.index);
    const int splitStart = blockIdx.z * SPLIT;
    const int first = max(splitStart, Score(form, nullptr, 0).first(visible));
    const int count = min(splitStart + SPLIT, visible) - first;
    if (count <= 0) {
        return;
    }
    const int group = shape.heads / shape.kvHeads;
    const int fours = (group + HEADS - 1) / HEADS;
    const int kvHead = blockIdx.y / fours;
    const int head = kvHead * group + blockIdx.y % fours * HEADS;
    const int heads = min(HEADS, (kvHead + 1) * group - head);
    const int token = part.queryStart + part.index;
    const std::size_t row = (static_cast<std::size_t>(blockIdx.z) * tokens + token) * shape.heads + head;
    // The heads of one token lie one after the other, as the rows of one head do for one head.
    const Rows queries = headRows(query, token * shape.heads + head, heads, 1, 0, shape.headDim);
    const Rows keys = headRows(key, part.keyStart + first, count, shape.kvHeads, kvHead, shape.headDim);
    const Rows values = headRows(value, part.keyStart + first, count, shape.kvHeads, kvHead, shape.valueDim);

    score(queries, keys, scores);
    __syncthreads();
    const int warp = threadIdx.x / WARP;
    const int lane = threadIdx.x % WARP;
    float denominator;
    const float largest = soften(
        scores, count, Score(form, slopes, min(head + warp, shape.heads - 1)), visible - first - count, denominator);
    if (lane == 0) {
        denominators[warp] = denominator;
        if (warp < heads) {
            logSums[row + warp] = largest + logf(denominator);
        }
    }
    for (int column = 4 * lane; column - 4 * lane < shape.valueDim; column += WIDTH) {
        float4 sums[HEADS] = {};
        __syncthreads();
        addValues(scores, values, column, sums);
        for (int h = 0; h < HEADS; h++) {
            found[warp][h][lane] = sums[h];
        }
        __syncthreads();
        // Warp h puts head h together.
        float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        for (int w = 0; w < WARPS; w++) {
            const float4 part4 = found[w][warp][lane];
            sum = make_float4(sum.x + part4.x, sum.y + part4.y, sum.z + part4.z, sum.w + part4.w);
        }
        if (warp < heads && column < shape.valueDim) {
            const float factor = 1.0f / denominators[warp];
            float* to = shares + (row + warp) * shape.valueDim;
            store4(to, column, shape.valueDim, wide(to),
                   make_float4(factor * sum.x, factor * sum.y, factor * sum.z, factor * sum.w));
        }
    }
}

extern "C" __global__ void __launch_bounds__(WARPS* WARP)
    attention_decode(
        const Sequences* __restrict__ sequences, const __grid_constant__ Form form, const float* __restrict__ slopes,
        const float* __restrict__ query, const float* __restrict__ key, const float* __restrict__ value,
        float* __restrict__ shares, float* __restrict__ logSums, int tokens, const __grid_constant__ Shape shape) {
    __shared__ alignas(16) Scores scores;
    __shared__ float4 found[WARPS][HEADS][WARP];
    __shared__ float denominators[HEADS];
    decode<Plain>(sequences, form, slopes, query, key, value, shares, logSums, tokens, shape, scores, found,
                  denominators);
}

extern "C" __global__ void __launch_bounds__(WARPS* WARP, 1)
    attention_decode_formed(
        const Sequences* __restrict__ sequences, const __grid_constant__ Form form, const float* __restrict__ slopes,
        const float* __restrict__ query, const float* __restrict__ key, const float* __restrict__ value,
        float* __restrict__ shares, float* __restrict__ logSums, int tokens, const __grid_constant__ Shape shape) {
    __shared__ alignas(16) Scores scores;
    __shared__ float4 found[WARPS][HEADS][WARP];
    __shared__ float denominators[HEADS];
    decode<Formed>(sequences, form, slopes, query, key, value, shares, logSums, tokens, shape, scores, found,
                  denominators);
}

// out = the shares of all splits that have keys for the query, each by its part of the whole denominator, and the whole
// denominator's logarithm. Block (query, head).
extern "C" __global__ void attention_decode_total(const Sequences* __restrict__ sequences,
                                                  const float* __restrict__ shares, const float* __restrict__ logSums,
                                                  float* __restrict__ out, float* __restrict__ logSum, int tokens,
                                                  int heads, int valueDim, int window) {
    const Part part = partAt(*sequences, static_cast<int>(blockIdx.x), oneEach);
    const int visible = part.visible(part.index);
    const int firstSplit = max(0, visible - window) / SPLIT;
    const int splits = (visible + SPLIT - 1) / SPLIT;
    const std::size_t row = static_cast<std::size_t>(part.queryStart + part.index) * heads + blockIdx.y;
    const std::size_t step = static_cast<std::size_t>(tokens) * heads;
    float largest = -INFINITY;
    for (int s = firstSplit; s < splits; s++) {
        largest = fmaxf(largest, logSums[row + s * step]);
    }
    float denominator = 0.0f;
    for (int s = firstSplit; s < splits; s++) {
        denominator += expf(logSums[row + s * step] - largest);
    }
    for (int c = threadIdx.x; c < valueDim; c += blockDim.x) {
        float sum = 0.0f;
        for (int s = firstSplit; s < splits; s++) {
            sum += expf(logSums[row + s * step] - largest) * shares[(row + s * step) * valueDim + c];
        }
        out[row * valueDim + c] = sum / denominator;
    }
    if (threadIdx.x == 0) {
        logSum[row] = largest + logf(denominator);
    }
}
