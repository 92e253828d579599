// Causal grouped-query attention, forward and backward, that never holds more than a 64 x 64 tile of scores (online
// softmax: Milakov and Gimelshein 2018, Dao et al. 2022), in float32 throughout. For sequences of several queries; those
// of a few over a long cache are attention_decode.cu's.
//
// Bound by float32 arithmetic: 2 (headDim + valueDim) multiply-adds for each pair of a query and a key it sees. The
// backward step recomputes the scores from logSum in each of its kernels, so that every gradient has one owner, nothing
// is added atomically, and the order of every sum follows from the shapes alone.
//
// query, dQuery [tokens, heads, headDim]; key, dKey [rows, kvHeads, headDim]; value, dValue [rows, kvHeads, valueDim];
// out, dOut [tokens, heads, valueDim]; logSum, delta [tokens, heads]. Query head h uses key/value head
// h / (heads / kvHeads). Blocks of THREADS; block z has columns COLUMNS z onwards of the result.
#include <cmath>

#include "attention.cuh"

struct Shape {
    int heads;
    int kvHeads;
    int headDim;
    int valueDim;
};

__device__ inline int queryTiles(int queries, int) { return (queries + TILE - 1) / TILE; }
__device__ inline int keyTiles(int, int keys) { return (keys + TILE - 1) / TILE; }

// The largest over the 16 threads that share their rows.
__device__ inline float rowMax(float value) {
    for (int distance = SIDE / 2; distance > 0; distance /= 2) {
        value = fmaxf(value, __shfl_xor_sync(FULL_WARP, value, distance));
    }
    return value;
}

__device__ inline float rowSum(float value) {
    for (int distance = SIDE / 2; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(FULL_WARP, value, distance);
    }
    return value;
}

// The online softmax of a thread's four rows: the largest score so far, and the sum of exponentials under it.
struct Softmax {
    float largest[PATCH];
    float sum[PATCH];
};

// Turns the scores of a tile into weights under the new largest, and scales what was summed under the old one.
__device__ inline void soften(Softmax& softmax, float (*scores)[PATCH], Sums sums) {
#pragma unroll
    for (int i = 0; i < PATCH; i++) {
        const float inTile = fmaxf(fmaxf(scores[i][0], scores[i][1]), fmaxf(scores[i][2], scores[i][3]));
        const float largest = fmaxf(softmax.largest[i], rowMax(inTile));
        const float shrink = expf(softmax.largest[i] - largest);
        float sum = 0.0f;
#pragma unroll
        for (int j = 0; j < PATCH; j++) {
            scores[i][j] = expf(scores[i][j] - largest);
            sum += scores[i][j];
        }
        softmax.largest[i] = largest;
        softmax.sum[i] = softmax.sum[i] * shrink + rowSum(sum);
#pragma unroll
        for (int half = 0; half < HALVES; half++) {
#pragma unroll
            for (int j = 0; j < PATCH; j++) {
                sums[half][i][j] *= shrink;
            }
        }
    }
}

// out = softmax(scale query keyT) value, logSum = the logarithm of each softmax's denominator.
// Block (tile of 64 queries, last first, as they see most; query head).
extern "C" __global__ void __launch_bounds__(THREADS)
    attention_forward(const __grid_constant__ Sequences sequences, float scale, const float* __restrict__ query,
                      const float* __restrict__ key, const float* __restrict__ value, float* __restrict__ out,
                      float* __restrict__ logSum, const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    const Part part = partAt(sequences, static_cast<int>(gridDim.x - 1 - blockIdx.x), queryTiles);
    const int head = blockIdx.y;
    const int kvHead = head / (shape.heads / shape.kvHeads);
    const int column = blockIdx.z * COLUMNS;
    const int first = part.index * TILE;
    const Rows queries = tileOf(headRows(query, part.queryStart, part.queries, shape.heads, head, shape.headDim), first);
    const int seen = part.visible(first + queries.count - 1);
    const Rows keys = headRows(key, part.keyStart, seen, shape.kvHeads, kvHead, shape.headDim);
    const Rows values = headRows(value, part.keyStart, seen, shape.kvHeads, kvHead, shape.valueDim);

    float sums[HALVES][PATCH][PATCH] = {};
    Softmax softmax;
    for (int i = 0; i < PATCH; i++) {
        softmax.largest[i] = -INFINITY;
        softmax.sum[i] = 0.0f;
    }
    for (int start = 0; start < seen; start += TILE) {
        float scores[PATCH][PATCH];
        multiply(queries, tileOf(keys, start), depths, scores);
#pragma unroll
        for (int i = 0; i < PATCH; i++) {
            const int visible = min(seen, part.visible(first + PATCH * threadRow() + i));
#pragma unroll
            for (int j = 0; j < PATCH; j++) {
                const bool sees = start + PATCH * threadColumn() + j < visible;
                scores[i][j] = sees ? scale * scores[i][j] : -INFINITY;
            }
        }
        soften(softmax, scores, sums);
        keep(weights, scores);
        addWeighted(weights, tileOf(values, start), column, widths, sums);
    }

#pragma unroll
    for (int i = 0; i < PATCH; i++) {
        const int inTile = PATCH * threadRow() + i;
        if (inTile < queries.count) {
            const std::size_t row = static_cast<std::size_t>(part.queryStart + first + inTile) * shape.heads + head;
#pragma unroll
            for (int half = 0; half < HALVES; half++) {
                writeSums(out + row * shape.valueDim, shape.valueDim, columnOf(column, half), 0.0f,
                          1.0f / softmax.sum[i], sums[half][i]);
            }
            if (blockIdx.z == 0 && threadColumn() == 0) {
                logSum[row] = softmax.largest[i] + logf(softmax.sum[i]);
            }
        }
    }
}

// delta = sum over columns of dOut out: what the softmax's derivative takes off every score's. One warp a row.
extern "C" __global__ void attention_backward_delta(const float* __restrict__ out, const float* __restrict__ dOut,
                                                    float* __restrict__ delta, int rows, int valueDim) {
    const int row = static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) / WARP);
    if (row >= rows) {
        return;
    }
    const float* a = out + static_cast<std::size_t>(row) * valueDim;
    const float* b = dOut + static_cast<std::size_t>(row) * valueDim;
    const bool isWide = wide(a) && wide(b);
    float sum = 0.0f;
    for (int c = 4 * static_cast<int>(threadIdx.x % WARP); c < valueDim; c += 4 * WARP) {
        const float4 x = load4(a, c, valueDim, isWide);
        const float4 y = load4(b, c, valueDim, isWide);
        sum += x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w;
    }
    sum = warpSum(sum);
    if (threadIdx.x % WARP == 0) {
        delta[row] = sum;
    }
}

// dQuery = beta dQuery + scale sum over keys of dScore key, dScore = p (dOut value - delta), p the softmax's weights.
// Block (tile of 64 queries, last first; query head).
extern "C" __global__ void __launch_bounds__(THREADS)
    attention_backward_query(const __grid_constant__ Sequences sequences, float scale, const float* __restrict__ query,
                             const float* __restrict__ key, const float* __restrict__ value,
                             const float* __restrict__ logSum, const float* __restrict__ delta,
                             const float* __restrict__ dOut, float* __restrict__ dQuery, float beta,
                             const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    const Part part = partAt(sequences, static_cast<int>(gridDim.x - 1 - blockIdx.x), queryTiles);
    const int head = blockIdx.y;
    const int kvHead = head / (shape.heads / shape.kvHeads);
    const int column = blockIdx.z * COLUMNS;
    const int first = part.index * TILE;
    const Rows queries = tileOf(headRows(query, part.queryStart, part.queries, shape.heads, head, shape.headDim), first);
    const Rows dOuts = tileOf(headRows(dOut, part.queryStart, part.queries, shape.heads, head, shape.valueDim), first);
    const int seen = part.visible(first + queries.count - 1);
    const Rows keys = headRows(key, part.keyStart, seen, shape.kvHeads, kvHead, shape.headDim);
    const Rows values = headRows(value, part.keyStart, seen, shape.kvHeads, kvHead, shape.valueDim);

    float sums[HALVES][PATCH][PATCH] = {};
    float logSums[PATCH];
    float deltas[PATCH];
#pragma unroll
    for (int i = 0; i < PATCH; i++) {
        const int inTile = min(PATCH * threadRow() + i, queries.count - 1);
        const std::size_t row = static_cast<std::size_t>(part.queryStart + first + inTile) * shape.heads + head;
        logSums[i] = logSum[row];
        deltas[i] = delta[row];
    }
    for (int start = 0; start < seen; start += TILE) {
        float scores[PATCH][PATCH];
        float products[PATCH][PATCH];
        multiply(queries, tileOf(keys, start), depths, scores);
        multiply(dOuts, tileOf(values, start), depths, products);
#pragma unroll
        for (int i = 0; i < PATCH; i++) {
            const int visible = min(seen, part.visible(first + PATCH * threadRow() + i));
#pragma unroll
            for (int j = 0; j < PATCH; j++) {
                const bool sees = start + PATCH * threadColumn() + j < visible;
                const float weight = sees ? expf(scale * scores[i][j] - logSums[i]) : 0.0f;
                scores[i][j] = weight * (products[i][j] - deltas[i]);
            }
        }
        keep(weights, scores);
        addWeighted(weights, tileOf(keys, start), column, widths, sums);
    }

#pragma unroll
    for (int i = 0; i < PATCH; i++) {
        const int inTile = PATCH * threadRow() + i;
        if (inTile < queries.count) {
            const std::size_t row = static_cast<std::size_t>(part.queryStart + first + inTile) * shape.heads + head;
#pragma unroll
            for (int half = 0; half < HALVES; half++) {
                writeSums(dQuery + row * shape.headDim, shape.headDim, columnOf(column, half), beta, scale,
                          sums[half][i]);
            }
        }
    }
}

// What a block of the gradients of keys and values walks: the queries of one head that may see its keys.
struct Asking {
    Part part;
    int firstKey;
    int head;
    const float* logSum;
    const float* delta;
    int heads;

    __device__ std::size_t row(int query) const {
        return static_cast<std::size_t>(part.queryStart + query) * heads + head;
    }

    // The weight of a query for a key, from their score; 0 where it is not seen.
    __device__ float weight(int query, int key, float scaledScore) const {
        const bool sees = query < part.queries && key < min(part.keys, part.visible(query));
        return sees ? expf(scaledScore - logSum[row(query)]) : 0.0f;
    }
};

// Adds to dKey, or dValue, what one tile of keys gets from the queries of one head.
template <bool OF_KEY>
__device__ inline void addAsked(const Asking& asking, float scale, const Rows& keys, const Rows& values,
                                const Rows& queries, const Rows& dOuts, int column, Depths& depths, Weights& weights,
                                Widths& widths, Sums sums) {
    // The first query that sees the tile's first key.
    const int firstQuery = max(0, asking.firstKey - (asking.part.keys - asking.part.queries));
    for (int start = firstQuery / TILE * TILE; start < asking.part.queries; start += TILE) {
        float scores[PATCH][PATCH];
        float products[PATCH][PATCH];
        multiply(keys, tileOf(queries, start), depths, scores);
        if (OF_KEY) {
            multiply(values, tileOf(dOuts, start), depths, products);
        }
#pragma unroll
        for (int j = 0; j < PATCH; j++) {
            const int query = start + PATCH * threadColumn() + j;
#pragma unroll
            for (int i = 0; i < PATCH; i++) {
                const int key = asking.firstKey + PATCH * threadRow() + i;
                const float weight = asking.weight(query, key, scale * scores[i][j]);
                scores[i][j] = weight;
                if (OF_KEY) {
                    scores[i][j] = weight == 0.0f ? 0.0f : weight * (products[i][j] - asking.delta[asking.row(query)]);
                }
            }
        }
        keep(weights, scores);
        addWeighted(weights, tileOf(OF_KEY ? queries : dOuts, start), column, widths, sums);
    }
}

// target += its gradient: scale sum of dScore query for keys, sum of p dOut for values, over all queries of the head's
// group. Block (tile of 64 keys, key/value head).
template <bool OF_KEY>
__device__ inline void gradientOfCached(const Sequences& sequences, float scale, const float* query, const float* key,
                                        const float* value, const float* logSum, const float* delta, const float* dOut,
                                        float* target, const Shape& shape, Depths& depths, Weights& weights,
                                        Widths& widths) {
    const Part part = partAt(sequences, static_cast<int>(blockIdx.x), keyTiles);
    const int kvHead = blockIdx.y;
    const int group = shape.heads / shape.kvHeads;
    const int column = blockIdx.z * COLUMNS;
    const int first = part.index * TILE;
    const Rows keys = tileOf(headRows(key, part.keyStart, part.keys, shape.kvHeads, kvHead, shape.headDim), first);
    const Rows values = tileOf(headRows(value, part.keyStart, part.keys, shape.kvHeads, kvHead, shape.valueDim), first);

    float sums[HALVES][PATCH][PATCH] = {};
    for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
        const Rows queries = headRows(query, part.queryStart, part.queries, shape.heads, head, shape.headDim);
        const Rows dOuts = headRows(dOut, part.queryStart, part.queries, shape.heads, head, shape.valueDim);
        const Asking asking{part, first, head, logSum, delta, shape.heads};
        addAsked<OF_KEY>(asking, scale, keys, values, queries, dOuts, column, depths, weights, widths, sums);
    }

    const int width = OF_KEY ? shape.headDim : shape.valueDim;
#pragma unroll
    for (int i = 0; i < PATCH; i++) {
        const int inTile = PATCH * threadRow() + i;
        if (inTile < keys.count) {
            const std::size_t row = static_cast<std::size_t>(part.keyStart + first + inTile) * shape.kvHeads + kvHead;
#pragma unroll
            for (int half = 0; half < HALVES; half++) {
                writeSums(target + row * width, width, columnOf(column, half), 1.0f, OF_KEY ? scale : 1.0f,
                          sums[half][i]);
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    attention_backward_key(const __grid_constant__ Sequences sequences, float scale, const float* __restrict__ query,
                           const float* __restrict__ key, const float* __restrict__ value,
                           const float* __restrict__ logSum, const float* __restrict__ delta,
                           const float* __restrict__ dOut, float* __restrict__ dKey,
                           const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    gradientOfCached<true>(sequences, scale, query, key, value, logSum, delta, dOut, dKey, shape, depths, weights,
                           widths);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    attention_backward_value(const __grid_constant__ Sequences sequences, float scale, const float* __restrict__ query,
                             const float* __restrict__ key, const float* __restrict__ value,
                             const float* __restrict__ logSum, const float* __restrict__ delta,
                             const float* __restrict__ dOut, float* __restrict__ dValue,
                             const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    gradientOfCached<false>(sequences, scale, query, key, value, logSum, delta, dOut, dValue, shape, depths, weights,
                            widths);
}
