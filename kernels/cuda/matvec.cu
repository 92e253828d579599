// A linear layer of one to four tokens, which is what decoding does most. The weight is read once, as it is stored and
// whatever the number of tokens, and widened in registers; sums are float32.
//
// Bound by memory bandwidth for plain types. Blocks of four to six bits take some 60 to 80 instructions for four numbers,
// which keeps them at a fourth to a half of the bandwidth, and still far ahead of widening them into memory first.
#include "reduce.cuh"
#include "stored.cuh"

constexpr int MOST_TOKENS = 4;
constexpr int WARPS = 8;
constexpr int BLOCKS = 4;         // that a multiprocessor holds at least: 64 registers a thread
constexpr int STRIDE = 8 * WARP;  // numbers that a warp takes at once

// The sums of one row of the weight with each token, of this lane's numbers.
struct Sums {
    float of[MOST_TOKENS] = {};

    // fourOf(token) is what the weights are multiplied by.
    template <typename FourOf>
    __device__ void add(float4 weights, int tokens, FourOf fourOf) {
#pragma unroll
        for (int t = 0; t < MOST_TOKENS; t++) {
            if (t < tokens) {
                of[t] += dot(weights, fourOf(t));
            }
        }
    }
};

// y[t, o] = sum over i of w[o, i] x[t, i]. One warp per row of w; blockDim.x = 32 WARPS.
// x [tokens, in] of less than 2^31 numbers, w [out, in], y [tokens, out], tokens at most MOST_TOKENS.
template <typename Source>
__device__ inline void multiply(const float* x, const void* w, float* y, int tokens, int out, int in) {
    const int row = blockIdx.x * WARPS + threadIdx.x / WARP;
    if (row >= out) {
        return;
    }
    const Source weights(w, row, in, in);
    const bool isWide = in % 4 == 0 && wide(x);
    const unsigned rowOfX = in;
    const int lane = threadIdx.x % WARP;
    Sums sums;
    int i = 8 * lane;
    if constexpr (Source::PLAIN) {
        const int whole = isWide && weights.isWide16() ? in : 0;
#pragma unroll 1
        for (; i + 8 <= whole; i += STRIDE) {
            const Eight v = weights.eight(i);
            sums.add(v.low, tokens, [=](int t) { return load4Wide(x + t * rowOfX + i); });
            sums.add(v.high, tokens, [=](int t) { return load4Wide(x + t * rowOfX + i + 4); });
        }
    }
    // What is left, blocks, and rows that cannot be read so widely; the order of the sums is the same.
#pragma unroll 1
    for (; i < in; i += STRIDE) {
#pragma unroll 1
        for (int at = i; at < min(i + 8, in); at += 4) {
            sums.add(weights.four(at), tokens, [=](int t) { return load4(x + t * rowOfX, at, in, isWide); });
        }
    }
#pragma unroll
    for (int t = 0; t < MOST_TOKENS; t++) {
        if (t < tokens) {
            const float sum = warpSum(sums.of[t]);
            if (lane == 0) {
                y[t * static_cast<std::size_t>(out) + row] = sum;
            }
        }
    }
}

#define MATVEC(NAME, SOURCE)                                                                                      \
    extern "C" __global__ void __launch_bounds__(WARPS* WARP, BLOCKS)                                             \
        matvec_##NAME(const float* __restrict__ x, const void* __restrict__ w, float* __restrict__ y, int tokens, \
                      int out, int in) {                                                                          \
        multiply<SOURCE>(x, w, y, tokens, out, in);                                                               \
    }
FOR_EVERY_WEIGHT_TYPE(MATVEC)
