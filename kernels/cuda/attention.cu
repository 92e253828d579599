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
template <bool GAPS>
__device__ inline void soften(Softmax& softmax, float (*scores)[PATCH], Sums sums) {
#pragma unroll
    for (int i = 0; i < PATCH; i++) {
        const float inTile = fmaxf(fmaxf(scores[i][0], scores[i][1]), fmaxf(scores[i][2], scores[i][3]));
        const float largest = fmaxf(softmax.largest[i], rowMax(inTile));
        // A row may have seen no key yet.
        const float shift = GAPS && largest == -INFINITY ? 0.0f : largest;
        const float shrink = expf(softmax.largest[i] - shift);
        float sum = 0.0f;
#pragma unroll
        for (int j = 0; j < PATCH; j++) {
            scores[i][j] = expf(scores[i][j] - shift);
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

// out = softmax(scores) value, scores made of query keyT by the form and the slopes, logSum = the logarithm of each
// softmax's denominator. Block (tile of 64 queries, last first, as they see most; query head).
template <typename Score>
__device__ inline void forward(const Sequences& sequences, const Form& form, const float* slopes, const float* query,
                               const float* key, const float* value, float* out, float* logSum, const Shape& shape,
                               Depths& depths, Weights& weights, Widths& widths) {
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
    const Score score(form, slopes, head);
    for (int start = score.first(part.visible(first)) / TILE * TILE; start < seen; start += TILE) {
        float scores[PATCH][PATCH];
        multiply(queries, tileOf(keys, start), depths, scores);
#pragma unroll
        for (int i = 0; i < PATCH; i++) {
            const int visible = min(seen, part.visible(first + PATCH * threadRow() + i));
#pragma unroll
            for (int j = 0; j < PATCH; j++) {
                const int at = start + PATCH * threadColumn() + j;
                const float bounded = score.bounded(scores[i][j]);
                scores[i][j] = score.sees(at, visible) ? score.distanced(bounded, visible - at) : -INFINITY;
            }
        }
        soften<Score::GAPS>(softmax, scores, sums);
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

extern "C" __global__ void __launch_bounds__(THREADS)
    attention_forward(const __grid_constant__ Sequences sequences, const __grid_constant__ Form form,
                      const float* __restrict__ slopes, const float* __restrict__ query,
                      const float* __restrict__ key, const float* __restrict__ value, float* __restrict__ out,
                      float* __restrict__ logSum, const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    forward<Plain>(sequences, form, slopes, query, key, value, out, logSum, shape, depths, weights, widths);
}

extern "C" __global__ void __launch_bounds__(THREADS, 1)
    attention_forward_formed(const __grid_constant__ Sequences sequences, const __grid_constant__ Form form,
                      const float* __restrict__ slopes, const float* __restrict__ query,
                      const float* __restrict__ key, const float* __restrict__ value, float* __restrict__ out,
                      float* __restrict__ logSum, const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    forward<Formed>(sequences, form, slopes, query, key, value, out, logSum, shape, depths, weights, widths);
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

// dQuery = beta dQuery + scale sum over keys of dScore key, dScore = p (dOut value - delta) times the slope of the bound,
// p the softmax's weights.
// Block (tile of 64 queries, last first; query head).
template <typename Score>
__device__ inline void queryGradient(const Sequences& sequences, const Form& form, const float* slopes,
                                     const float* query, const float* key, const float* value, const float* logSum,
                                     const float* delta, const float* dOut, float* dQuery, float beta,
                                     const Shape& shape, Depths& depths, Weights& weights, Widths& widths) {
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
    const Score score(form, slopes, head);
    for (int start = score.first(part.visible(first)) / TILE * TILE; start < seen; start += TILE) {
        float scores[PATCH][PATCH];
        float products[PATCH][PATCH];
        multiply(queries, tileOf(keys, start), depths, scores);
        multiply(dOuts, tileOf(values, start), depths, products);
#pragma unroll
        for (int i = 0; i < PATCH; i++) {
            const int visible = min(seen, part.visible(first + PATCH * threadRow() + i));
#pragma unroll
            for (int j = 0; j < PATCH; j++) {
                const int at = start + PATCH * threadColumn() + j;
                const float bounded = score.bounded(scores[i][j]);
                const float weight =
                    score.sees(at, visible) ? expf(score.distanced(bounded, visible - at) - logSums[i]) : 0.0f;
                scores[i][j] = weight * (products[i][j] - deltas[i]) * score.boundedSlope(bounded);
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
                writeSums(dQuery + row * shape.headDim, shape.headDim, columnOf(column, half), beta, score.scale,
                          sums[half][i]);
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    attention_backward_query(
        const __grid_constant__ Sequences sequences, const __grid_constant__ Form form,
        const float* __restrict__ slopes, const float* __restrict__ query, const float* __restrict__ key,
        const float* __restrict__ value, const float* __restrict__ logSum, const float* __restrict__ delta,
        const float* __restrict__ dOut, float* __restrict__ dQuery, float beta, const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    queryGradient<Plain>(sequences, form, slopes, query, key, value, logSum, delta, dOut, dQuery, beta, shape, depths,
                         weights, widths);
}

extern "C" __global__ void __launch_bounds__(THREADS, 1)
    attention_backward_query_formed(
        const __grid_constant__ Sequences sequences, const __grid_constant__ Form form,
        const float* __restrict__ slopes, const float* __restrict__ query, const float* __restrict__ key,
        const float* __restrict__ value, const float* __restrict__ logSum, const float* __restrict__ delta,
        const float* __restrict__ dOut, float* __restrict__ dQuery, float beta, const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    queryGradient<Formed>(sequences, form, slopes, query, key, value, logSum, delta, dOut, dQuery, beta, shape, depths,
                         weights, widths);
}

// What a block of the gradients of keys and values walks: the queries of one head that may see its keys.
template <typename Score>
struct Asking {
    Part part;
    int firstKey;
    int head;
    const float* logSum;
    const float* delta;
    int heads;
    Score score;

    __device__ std::size_t row(int query) const {
        return static_cast<std::size_t>(part.queryStart + query) * heads + head;
    }

    // The weight of a query for a key, from their score before what distance takes off; 0 where it is not seen.
    __device__ float weight(int query, int key, float bounded) const {
        const int visible = part.visible(query);
        const bool sees = query < part.queries && key < part.keys && score.sees(key, visible);
        return sees ? expf(score.distanced(bounded, visible - key) - logSum[row(query)]) : 0.0f;
    }
};

// Adds to dKey, or dValue, what one tile of keys gets from the queries of one head.
template <bool OF_KEY, typename Score>
__device__ inline void addAsked(const Asking<Score>& asking, const Rows& keys, const Rows& values,
                                const Rows& queries, const Rows& dOuts, int column, Depths& depths, Weights& weights,
                                Widths& widths, Sums sums) {
    // The first query that sees the tile's first key.
    const int firstQuery = max(0, asking.firstKey - (asking.part.keys - asking.part.queries));
    const int end = asking.score.lastSeeing(asking.part.queries, asking.part.visible(0), asking.firstKey + TILE - 1);
    for (int start = firstQuery / TILE * TILE; start < end; start += TILE) {
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
                const float bounded = asking.score.bounded(scores[i][j]);
                const float weight = asking.weight(query, key, bounded);
                scores[i][j] = weight;
                if (OF_KEY && weight != 0.0f) {
                    scores[i][j] = weight * (products[i][j] - asking.delta[asking.row(query)])
                        * asking.score.boundedSlope(bounded);
                }
            }
        }
        keep(weights, scores);
        addWeighted(weights, tileOf(OF_KEY ? queries : dOuts, start), column, widths, sums);
    }
}

// target += its gradient: scale sum of dScore query for keys, sum of p dOut for values, over all queries of the head's
// group. Block (tile of 64 keys, key/value head).
template <bool OF_KEY, typename Score>
__device__ inline void gradientOfCached(const Sequences& sequences, const Form& form, const float* slopes, const float* query, const float* key,
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
        const Asking<Score> asking{part, first, head, logSum, delta, shape.heads, Score(form, slopes, head)};
        addAsked<OF_KEY>(asking, keys, values, queries, dOuts, column, depths, weights, widths, sums);
    }

    const int width = OF_KEY ? shape.headDim : shape.valueDim;
#pragma unroll
    for (int i = 0; i < PATCH; i++) {
        const int inTile = PATCH * threadRow() + i;
        if (inTile < keys.count) {
            const std::size_t row = static_cast<std::size_t>(part.keyStart + first + inTile) * shape.kvHeads + kvHead;
#pragma unroll
            for (int half = 0; half < HALVES; half++) {
                writeSums(target + row * width, width, columnOf(column, half), 1.0f, OF_KEY ? form.scale : 1.0f,
                          sums[half][i]);
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    attention_backward_key(
        const __grid_constant__ Sequences sequences, const __grid_constant__ Form form,
        const float* __restrict__ slopes, const float* __restrict__ query, const float* __restrict__ key,
        const float* __restrict__ value, const float* __restrict__ logSum, const float* __restrict__ delta,
        const float* __restrict__ dOut, float* __restrict__ dKey, const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    gradientOfCached<true, Plain>(sequences, form, slopes, query, key, value, logSum, delta, dOut, dKey, shape, depths,
                                weights, widths);
}

extern "C" __global__ void __launch_bounds__(THREADS, 1)
    attention_backward_key_formed(
        const __grid_constant__ Sequences sequences, const __grid_constant__ Form form,
        const float* __restrict__ slopes, const float* __restrict__ query, const float* __restrict__ key,
        const float* __restrict__ value, const float* __restrict__ logSum, const float* __restrict__ delta,
        const float* __restrict__ dOut, float* __restrict__ dKey, const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    gradientOfCached<true, Formed>(sequences, form, slopes, query, key, value, logSum, delta, dOut, dKey, shape, depths,
                                weights, widths);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    attention_backward_value(
        const __grid_constant__ Sequences sequences, const __grid_constant__ Form form,
        const float* __restrict__ slopes, const float* __restrict__ query, const float* __restrict__ key,
        const float* __restrict__ value, const float* __restrict__ logSum, const float* __restrict__ delta,
        const float* __restrict__ dOut, float* __restrict__ dValue, const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    gradientOfCached<false, Plain>(sequences, form, slopes, query, key, value, logSum, delta, dOut, dValue, shape, depths,
                                 weights, widths);
}

extern "C" __global__ void __launch_bounds__(THREADS, 1)
    attention_backward_value_formed(
        const __grid_constant__ Sequences sequences, const __grid_constant__ Form form,
        const float* __restrict__ slopes, const float* __restrict__ query, const float* __restrict__ key,
        const float* __restrict__ value, const float* __restrict__ logSum, const float* __restrict__ delta,
        const float* __restrict__ dOut, float* __restrict__ dValue, const __grid_constant__ Shape shape) {
    __shared__ Depths depths;
    __shared__ Weights weights;
    __shared__ Widths widths;
    gradientOfCached<false, Formed>(sequences, form, slopes, query, key, value, logSum, delta, dOut, dValue, shape, depths,
                                 weights, widths);
}
