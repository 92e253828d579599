// The squared norm of gradients in float64, in two steps whose order follows from the count alone, and the factor that
// clips by it. The first step is bound by memory bandwidth where float64 runs at half the rate of float32 (8.0, 9.0, 10.0),
// and takes about twice as long where it runs at a 64th (8.6, 8.9, 12.0).
#include "access.cuh"
#include "reduce.cuh"

// Numbers of a block.
constexpr int CHUNK = 16384;

// partials[b] = sum of x^2 over the numbers of block b. blockDim.x a multiple of 32.
extern "C" __global__ void sum_of_squares_partial(const float* __restrict__ x, double* __restrict__ partials,
                                                  std::size_t count) {
    __shared__ double scratch[WARP];
    const std::size_t first = static_cast<std::size_t>(blockIdx.x) * CHUNK;
    const int n = static_cast<int>(min(static_cast<unsigned long long>(count - first),
                                       static_cast<unsigned long long>(CHUNK)));
    const float* own = x + first;
    const bool isWide = wide(own);
    double sum = 0.0;
    for (int at = 4 * static_cast<int>(threadIdx.x); at < n; at += 4 * static_cast<int>(blockDim.x)) {
        const float4 v = load4(own, at, n, isWide);
        sum += static_cast<double>(v.x) * v.x;
        sum += static_cast<double>(v.y) * v.y;
        sum += static_cast<double>(v.z) * v.z;
        sum += static_cast<double>(v.w) * v.w;
    }
    const double total = blockSum(sum, scratch);
    if (threadIdx.x == 0) {
        partials[blockIdx.x] = total;
    }
}

// out[0] = beta out[0] + sum of the partials; with beta 0 the old sum is not read. One block.
extern "C" __global__ void sum_of_squares_total(const double* __restrict__ partials, int count, double* __restrict__ out,
                                                double beta) {
    __shared__ double scratch[WARP];
    double sum = 0.0;
    for (int p = threadIdx.x; p < count; p += blockDim.x) {
        sum += partials[p];
    }
    const double total = blockSum(sum, scratch);
    if (threadIdx.x == 0) {
        out[0] = beta == 0.0 ? total : total + beta * out[0];
    }
}

// out[0] = min(1, maxNorm / (sqrt(sum[0]) + 1e-6)), as PyTorch clips. One thread.
extern "C" __global__ void clip_factor(const double* __restrict__ sum, double maxNorm, float* __restrict__ out) {
    out[0] = static_cast<float>(fmin(1.0, maxNorm / (sqrt(sum[0]) + 1e-6)));
}
