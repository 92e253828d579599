// Scores of groups: what every row and every column of a weight carries, in one pass over weight and gradient, summed in
// float64. Bound by memory bandwidth where float64 runs at half the rate of float32; elsewhere (8.6, 8.9, 12.0) by the
// some six float64 operations a number.
//
// A block has a panel of rows and a tile of columns. It leaves its rows' and its columns' sums; a second kernel adds them
// up in order. The order of every sum follows from the shape alone, and nothing is added atomically.
#include "reduce.cuh"
#include "stored.cuh"

// As org.espalier.backend.Saliency.
enum Saliency : int { VECTORIZE, PARAM_FIRST, PARAM_SECOND, PARAM_MIX, L1, L2 };

constexpr int WARPS = 8;
constexpr int PANEL_ROWS = 64;
constexpr int FOURS = 2;  // that a lane has of a row
constexpr int BLOCKS = 4;  // that a multiprocessor holds at least: 64 registers a thread
constexpr int TILE_COLUMNS = FOURS * 4 * WARP;

// What a number counts: its saliency, without its sign unless whole sums keep it.
__device__ inline double counted(int saliency, double w, double g, double f) {
    switch (saliency) {
        case VECTORIZE: return w * g;
        case PARAM_FIRST: return fabs(w * g);
        case PARAM_SECOND: return fabs(w * f * w);
        case PARAM_MIX: return fabs(w * g - 0.5 * w * f * w);
        case L1: return fabs(w);
        default: return w * w;
    }
}

__device__ inline float4 load4OrZeros(const float* row, int at, int count, bool isWide) {
    return row == nullptr ? make_float4(0.0f, 0.0f, 0.0f, 0.0f) : load4(row, at, count, isWide);
}

// rowSums [gridDim.x, out], columnSums [gridDim.y, in]. w [out, in] of any type, gradient and fisher [out, in] or null,
// scale [in], by which every number of a column is multiplied, or null. blockDim.x = 32 WARPS.
template <typename Source>
__device__ inline void partialSums(int saliency, const void* w, const float* gradient, const float* fisher,
                                   const double* scale, double* rowSums, double* columnSums, int out, int in) {
    __shared__ double shared[WARPS][TILE_COLUMNS];
    const int warp = threadIdx.x / WARP;
    const int lane = threadIdx.x % WARP;
    const int tile = blockIdx.x * TILE_COLUMNS;
    const int panel = blockIdx.y * PANEL_ROWS;
    double columns[FOURS][4] = {};

    for (int r = panel + warp; r < min(panel + PANEL_ROWS, out); r += WARPS) {
        const std::size_t start = static_cast<std::size_t>(r) * in;
        const Source weights(w, r, in, in);
        const float* gradients = gradient == nullptr ? nullptr : gradient + start;
        const float* fishers = fisher == nullptr ? nullptr : fisher + start;
        double row = 0.0;
#pragma unroll
        for (int k = 0; k < FOURS; k++) {
            const int c = tile + 4 * (k * WARP + lane);
            if (c < in) {
                const float4 x = weights.four(c);
                const int end = Source::end(c, in);
                const float4 g = load4OrZeros(gradients, c, end, wide(gradients));
                const float4 f = load4OrZeros(fishers, c, end, wide(fishers));
                double s[4] = {counted(saliency, x.x, g.x, f.x), counted(saliency, x.y, g.y, f.y),
                               counted(saliency, x.z, g.z, f.z), counted(saliency, x.w, g.w, f.w)};
                for (int i = 0; i < 4; i++) {
                    if (scale != nullptr) {
                        s[i] *= c + i < end ? scale[c + i] : 0.0;
                    }
                    columns[k][i] += s[i];
                    row += s[i];
                }
            }
        }
        row = warpSum(row);
        if (lane == 0) {
            rowSums[static_cast<std::size_t>(blockIdx.x) * out + r] = row;
        }
    }

    for (int k = 0; k < FOURS; k++) {
        for (int i = 0; i < 4; i++) {
            shared[warp][4 * (k * WARP + lane) + i] = columns[k][i];
        }
    }
    __syncthreads();
    const int c = tile + static_cast<int>(threadIdx.x);
    if (c < in) {
        double sum = 0.0;
        for (int k = 0; k < WARPS; k++) {
            sum += shared[k][threadIdx.x];
        }
        columnSums[static_cast<std::size_t>(blockIdx.y) * in + c] = sum;
    }
}
static_assert(TILE_COLUMNS == WARPS * WARP, "every thread finishes one column");

#define SALIENCY(NAME, SOURCE)                                                                                      \
    extern "C" __global__ void __launch_bounds__(WARPS* WARP, BLOCKS)                                               \
        saliency_##NAME(int saliency, const void* __restrict__ w, const float* __restrict__ gradient,               \
                        const float* __restrict__ fisher, const double* __restrict__ scale,                         \
                        double* __restrict__ rowSums, double* __restrict__ columnSums, int out, int in) {           \
        partialSums<SOURCE>(saliency, w, gradient, fisher, scale, rowSums, columnSums, out, in);                    \
    }
FOR_EVERY_WEIGHT_TYPE(SALIENCY)

// target[i] = sum over k of partials[k, i], in order, without its sign if `absolute`. One thread a number.
// partials [parts, count], target [count].
extern "C" __global__ void saliency_total(const double* __restrict__ partials, int parts, double* __restrict__ target,
                                          int count, int absolute) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) {
        return;
    }
    double sum = 0.0;
    for (int k = 0; k < parts; k++) {
        sum += partials[static_cast<std::size_t>(k) * count + i];
    }
    target[i] = absolute ? fabs(sum) : sum;
}
