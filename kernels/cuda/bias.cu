// The bias of a linear layer, forward and backward. Activations and gradients are float32, the bias is of any plain
// floating type. Bound by memory bandwidth: one addition per number read.
#include "access.cuh"

// y[t, o] += bias[o]. Blocks side by side share a row, blockIdx.x, and every thread has four neighbouring numbers.
// y [tokens, outputs], bias [outputs].
template <typename B>
__device__ inline void add(float* y, const B* bias, int outputs) {
    float* row = y + static_cast<std::size_t>(blockIdx.x) * outputs;
    const int at = 4 * static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x);
    if (at < outputs) {
        accumulate4(row, at, outputs, wide(row), 1.0f, load4(bias, at, outputs, wide(bias)));
    }
}

#define MAKE_FORWARD(name, B)                                                                                         \
    extern "C" __global__ void bias_forward_##name(float* __restrict__ y, const B* __restrict__ bias, int outputs) { \
        add(y, bias, outputs);                                                                                        \
    }
MAKE_FORWARD(f64, double)
MAKE_FORWARD(f32, float)
MAKE_FORWARD(bf16, __nv_bfloat16)
MAKE_FORWARD(f16, __half)

constexpr int COLUMNS = 32;
constexpr int ROWS = 16;

// dBias[o] = beta * dBias[o] + sum_t dY[t, o]. With beta 0 the old dBias is never read.
// A block owns 32 columns, so that a warp reads 128 neighbouring bytes; its 16 warps take every 16th token, and their
// sums are added in order. blockDim = (32, 16). dY [tokens, outputs], dBias [outputs].
extern "C" __global__ void __launch_bounds__(COLUMNS* ROWS)
    bias_backward(const float* __restrict__ dY, float* __restrict__ dBias, float beta, int tokens, int outputs) {
    __shared__ float sums[ROWS][COLUMNS];
    const int column = blockIdx.x * COLUMNS + threadIdx.x;
    float sum = 0.0f;
    if (column < outputs) {
        for (int t = threadIdx.y; t < tokens; t += ROWS) {
            sum += dY[static_cast<std::size_t>(t) * outputs + column];
        }
    }
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < outputs) {
        float total = 0.0f;
        for (int row = 0; row < ROWS; row++) {
            total += sums[row][threadIdx.x];
        }
        dBias[column] = beta == 0.0f ? total : total + beta * dBias[column];
    }
}
