// What the kernels of attention share: how packed rows divide into sequences, and products of 64 x 64 tiles in float32.
//
// A block owns 64 rows of one kind (queries, or keys) and walks tiles of 64 rows of the other. Each of its 256 threads
// has a 4 x 4 patch of the tile's scores, rows 4 threadRow() onwards and columns 4 threadColumn() onwards, and 4 rows by
// 8 columns of what the block adds up. Depths and widths may be any: they are staged in steps, the rest as zeros.
#pragma once

#include "access.cuh"
#include "reduce.cuh"
#include "tanh.cuh"

constexpr int MOST_SEQUENCES = 128;
constexpr int TILE = 64;
constexpr int PATCH = 4;
constexpr int SIDE = TILE / PATCH;             // threads along a side of the tile
constexpr int THREADS = SIDE * SIDE;
constexpr int STEP = 16;                       // depth of one staged step of a product
constexpr int HALVES = 2;
constexpr int COLUMNS = HALVES * TILE;         // of the result that a block adds up
constexpr int PADDED = TILE + PATCH;           // keeps 16-byte alignment, spreads banks

// As org.espalier.backend.Sequences, of at most MOST_SEQUENCES.
struct Sequences {
    int count;
    int queryStart[MOST_SEQUENCES];
    int queries[MOST_SEQUENCES];
    int keyStart[MOST_SEQUENCES];
    int keys[MOST_SEQUENCES];
};

// One sequence, and which of its tiles, or queries, a block has. The last query stands at the last key.
struct Part {
    int queryStart;
    int queries;
    int keyStart;
    int keys;
    int index;

    // How many keys query i sees.
    __device__ int visible(int i) const { return keys - queries + i + 1; }
};

// As org.espalier.backend.AttentionForm: scores come near to `cap` at most, unless it is 0; a query sees `window` keys.
struct Form {
    float scale;
    float cap;
    int window;
};

// What scores of one head are made of products: by a factor alone.
struct Plain {
    static constexpr bool GAPS = false;   // whether a query may see no key of a tile that another sees
    float scale;

    __device__ Plain(const Form& form, const float*, int) : scale(form.scale) {}

    // The score of a product, before what distance takes off.
    __device__ float bounded(float product) const { return scale * product; }
    // The derivative of a score by scale times the product, from the score before what distance takes off.
    __device__ float boundedSlope(float) const { return 1.0f; }
    // The score of a key, where the keys of the query end after `places` more.
    __device__ float distanced(float score, int) const { return score; }
    // The first key of a query whose keys end there.
    __device__ int first(int) const { return 0; }
    __device__ bool sees(int key, int end) const { return key < end; }
    // One more than the last of `queries` that see the key, where the first query's keys end at `end`.
    __device__ int lastSeeing(int queries, int, int) const { return queries; }
};

// The same with all that a form and slopes may say.
struct Formed {
    static constexpr bool GAPS = true;
    Form form;
    float slope;
    float scale;

    __device__ Formed(const Form& form, const float* slopes, int head)
        : form(form), slope(slopes == nullptr ? 0.0f : slopes[head]), scale(form.scale) {}

    __device__ float bounded(float product) const {
        const float score = scale * product;
        return form.cap > 0.0f ? form.cap * tangent(score / form.cap) : score;
    }
    __device__ float boundedSlope(float score) const {
        const float part = form.cap > 0.0f ? score / form.cap : 0.0f;
        return 1.0f - part * part;
    }
    __device__ float distanced(float score, int places) const { return score - slope * (places - 1); }
    __device__ int first(int end) const { return max(0, end - form.window); }
    __device__ bool sees(int key, int end) const { return key < end && key >= end - form.window; }
    __device__ int lastSeeing(int queries, int end, int key) const {
        // A window of any size may overflow.
        const long long last = static_cast<long long>(key) + form.window - end + 1;
        return static_cast<int>(min(static_cast<long long>(queries), max(last, 0LL)));
    }
};

// Walks the sequences to part number `number` of them all, where a sequence has partsOf(queries, keys).
template <typename PartsOf>
__device__ inline Part partAt(const Sequences& all, int number, PartsOf partsOf) {
    int s = 0;
    for (int parts; number >= (parts = partsOf(all.queries[s], all.keys[s])); s++) {
        number -= parts;
    }
    return {all.queryStart[s], all.queries[s], all.keyStart[s], all.keys[s], number};
}

__device__ inline int threadRow() { return threadIdx.x / SIDE; }
__device__ inline int threadColumn() { return threadIdx.x % SIDE; }

// Rows of one head: row i begins at start + i * stride, and `count` of them are there.
struct Rows {
    const float* start;
    std::size_t stride;
    int count;
    int width;

    // Numbers at .. at+4 of row i; zeros where there is nothing.
    __device__ float4 four(int i, int at) const {
        if (i >= count || at >= width) {
            return make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        }
        const float* row = start + i * stride;
        return load4(row, at, width, wide(row));
    }
};

// Rows first .. first + count of head `head` of x [rows, heads, width].
__device__ inline Rows headRows(const float* x, int first, int count, int heads, int head, int width) {
    const std::size_t stride = static_cast<std::size_t>(heads) * width;
    return {x + first * stride + static_cast<std::size_t>(head) * width, stride, max(count, 0), width};
}

// The rows from row `first` on, a tile's worth.
__device__ inline Rows tileOf(const Rows& rows, int first) {
    return {rows.start + first * rows.stride, rows.stride, max(min(TILE, rows.count - first), 0), rows.width};
}

// A step of two tiles' depth, transposed so that a thread reads the four rows that it needs at once.
struct Depths {
    float owned[STEP][PADDED];
    float walked[STEP][PADDED];
};

__device__ inline void stageDepth(float (*to)[PADDED], const Rows& tile, int depth) {
#pragma unroll 1
    for (int item = threadIdx.x; item < TILE * STEP / 4; item += THREADS) {
        const int i = item / (STEP / 4);
        const int d = item % (STEP / 4) * 4;
        const float4 v = tile.four(i, depth + d);
        to[d][i] = v.x;
        to[d + 1][i] = v.y;
        to[d + 2][i] = v.z;
        to[d + 3][i] = v.w;
    }
}

__device__ inline void addOuter(float (*to)[PATCH], float4 a, float4 b) {
    const float rows[PATCH] = {a.x, a.y, a.z, a.w};
    const float columns[PATCH] = {b.x, b.y, b.z, b.w};
#pragma unroll
    for (int i = 0; i < PATCH; i++) {
#pragma unroll
        for (int j = 0; j < PATCH; j++) {
            to[i][j] += rows[i] * columns[j];
        }
    }
}

// scores[i][j] = owned row 4 threadRow() + i times walked row 4 threadColumn() + j. Begins with a barrier.
__device__ inline void multiply(const Rows& owned, const Rows& walked, Depths& shared, float (*scores)[PATCH]) {
#pragma unroll
    for (int i = 0; i < PATCH; i++) {
#pragma unroll
        for (int j = 0; j < PATCH; j++) {
            scores[i][j] = 0.0f;
        }
    }
    for (int depth = 0; depth < owned.width; depth += STEP) {
        __syncthreads();
        stageDepth(shared.owned, owned, depth);
        stageDepth(shared.walked, walked, depth);
        __syncthreads();
#pragma unroll
        for (int d = 0; d < STEP; d++) {
            addOuter(scores, *reinterpret_cast<const float4*>(&shared.owned[d][PATCH * threadRow()]),
                     *reinterpret_cast<const float4*>(&shared.walked[d][PATCH * threadColumn()]));
        }
    }
}

// Weights of a tile, walked rows first: a thread reads those of its four owned rows at once.
struct Weights {
    float of[TILE][PADDED];
};

// Keeps this thread's patch. Other threads may read it after a barrier.
__device__ inline void keep(Weights& weights, const float (*patch)[PATCH]) {
#pragma unroll
    for (int j = 0; j < PATCH; j++) {
        *reinterpret_cast<float4*>(&weights.of[PATCH * threadColumn() + j][PATCH * threadRow()]) =
            make_float4(patch[0][j], patch[1][j], patch[2][j], patch[3][j]);
    }
}

// What a thread adds up.
using Sums = float (*)[PATCH][PATCH];

// Some walked rows' columns, from the block's first column on.
struct Widths {
    float of[STEP][COLUMNS];
};

// sums[half][i][j] += sum over walked rows w of weights[w][owned row 4 threadRow() + i] walked[w][columnOf(first, half) + j].
// Begins with a barrier.
__device__ inline void addWeighted(const Weights& weights, const Rows& walked, int first, Widths& shared, Sums sums) {
    for (int step = 0; step < walked.count; step += STEP) {
        __syncthreads();
        for (int item = threadIdx.x; item < STEP * COLUMNS / 4; item += THREADS) {
            const int w = item / (COLUMNS / 4);
            const int c = item % (COLUMNS / 4) * 4;
            *reinterpret_cast<float4*>(&shared.of[w][c]) = walked.four(step + w, first + c);
        }
        __syncthreads();
#pragma unroll
        for (int w = 0; w < STEP; w++) {
            const float4 weight = *reinterpret_cast<const float4*>(&weights.of[step + w][PATCH * threadRow()]);
#pragma unroll
            for (int half = 0; half < HALVES; half++) {
                if (first + TILE * half < walked.width) {
                    addOuter(sums[half], weight,
                             *reinterpret_cast<const float4*>(&shared.of[w][TILE * half + PATCH * threadColumn()]));
                }
            }
        }
    }
}

// Column of the block's `half` that a thread's sums begin at, counted from the first of the row.
__device__ inline int columnOf(int first, int half) { return first + TILE * half + PATCH * threadColumn(); }

// row[column .. column+4) = beta row + factor sums, as far as the row goes.
__device__ inline void writeSums(float* row, int width, int column, float beta, float factor, const float* sums) {
    if (column < width) {
        accumulate4(row, column, width, wide(row), beta,
                    make_float4(factor * sums[0], factor * sums[1], factor * sums[2], factor * sums[3]));
    }
}
