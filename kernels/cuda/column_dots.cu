// Sums over tokens of one column of activations times another, in float64: what calibration data says of an input. Bound
// by memory bandwidth where float64 runs at half the rate of float32.
#include "access.cuh"

constexpr int COLUMNS = 32;
constexpr int ROWS = 16;

__device__ inline double exactly(double value) { return value; }
template <typename T>
__device__ inline double exactly(T value) { return widen(value); }

// sums[k] = beta sums[k] + sum over t of (a[t, k] - shift[k]) b[t, k]; with beta 0 the old sums are not read.
// A block owns 32 columns, so that a warp reads 128 neighbouring bytes; its 16 warps take every 16th token, and their sums
// are added in order. a, b [tokens, n], sums [n]; shift [n] is null for zeros, b for ones. blockDim = (32, 16).
template <typename T>
__device__ inline void columnDots(const float* a, const T* shift, const float* b, double* sums, double beta, int tokens,
                                  int n) {
    __shared__ double found[ROWS][COLUMNS];
    const int column = blockIdx.x * COLUMNS + threadIdx.x;
    double sum = 0.0;
    if (column < n) {
        const double off = shift == nullptr ? 0.0 : exactly(shift[column]);
        for (int t = threadIdx.y; t < tokens; t += ROWS) {
            const std::size_t at = static_cast<std::size_t>(t) * n + column;
            sum += (a[at] - off) * (b == nullptr ? 1.0 : static_cast<double>(b[at]));
        }
    }
    found[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < n) {
        double total = 0.0;
        for (int row = 0; row < ROWS; row++) {
            total += found[row][threadIdx.x];
        }
        sums[column] = beta == 0.0 ? total : total + beta * sums[column];
    }
}

#define COLUMN_DOTS(NAME, TYPE)                                                                                     \
    extern "C" __global__ void __launch_bounds__(COLUMNS* ROWS)                                                     \
        column_dots_##NAME(const float* __restrict__ a, const TYPE* __restrict__ shift, const float* __restrict__ b, \
                           double* __restrict__ sums, double beta, int tokens, int n) {                             \
        columnDots(a, shift, b, sums, beta, tokens, n);                                                             \
    }
COLUMN_DOTS(f64, double)
COLUMN_DOTS(f32, float)
COLUMN_DOTS(f16, __half)
COLUMN_DOTS(bf16, __nv_bfloat16)
