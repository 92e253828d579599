// What stands around the matrix products of a correlation: rows weighted before, the float32 product of some rows added to the
// float64 sum after. Bound by memory bandwidth.
#include "access.cuh"

// target[t, k] = weights[t] a[t, k]. Block (t, k) has token t and numbers 4 blockDim.x k onwards of its row.
// a, target [tokens, n], weights [tokens].
extern "C" __global__ void correlate_weigh(const float* __restrict__ a, const float* __restrict__ weights,
                                           float* __restrict__ target, int n) {
    const std::size_t start = static_cast<std::size_t>(blockIdx.x) * n;
    const int at = 4 * static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x);
    if (at < n) {
        const float weight = weights[blockIdx.x];
        const float4 v = load4(a + start, at, n, wide(a + start));
        store4(target + start, at, n, wide(target + start),
               make_float4(weight * v.x, weight * v.y, weight * v.z, weight * v.w));
    }
}

// sum = beta sum + product, number by number; with beta 0 the old sum is not read. product, sum [count].
extern "C" __global__ void correlate_add(const float* __restrict__ product, double* __restrict__ sum, double beta,
                                         std::size_t count) {
    const std::size_t stride = static_cast<std::size_t>(gridDim.x) * blockDim.x;
    for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
        const double added = product[i];
        sum[i] = beta == 0.0 ? added : added + beta * sum[i];
    }
}
