// Root-mean-square normalisation (Zhang and Sennrich 2019), forward and backward. Activations and gradients are
// float32, the weight is float32, bfloat16 or float16; everything is computed in float32.
//
// All of it is bound by memory bandwidth: some three operations per number read. A row is read twice in the forward and
// the input-gradient kernel, the second time from cache (a row of 16,384 channels is 64 KiB).
#include "access.cuh"
#include "reduce.cuh"

// y[t, c] = x[t, c] * rstd[t] * w[c], rstd[t] = 1 / sqrt(mean_c x[t, c]^2 + eps).
// One block per token; blockDim.x a multiple of 32. x, y [tokens, channels], w [channels], rstd [tokens].
template <typename W>
__device__ inline void forward(const float* x, const W* w, float eps, float* y, float* rstd, int channels) {
    __shared__ float scratch[WARP];
    const float* xRow = x + static_cast<std::size_t>(blockIdx.x) * channels;
    float* yRow = y + static_cast<std::size_t>(blockIdx.x) * channels;
    const bool xWide = wide(xRow);
    const bool yWide = wide(yRow);
    const bool wWide = wide(w);

    float squares = 0.0f;
    for (int c = 4 * static_cast<int>(threadIdx.x); c < channels; c += 4 * static_cast<int>(blockDim.x)) {
        const float4 v = load4(xRow, c, channels, xWide);
        squares += v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
    }
    const float scale = 1.0f / sqrtf(blockSum(squares, scratch) / channels + eps);
    if (threadIdx.x == 0) {
        rstd[blockIdx.x] = scale;
    }
    for (int c = 4 * static_cast<int>(threadIdx.x); c < channels; c += 4 * static_cast<int>(blockDim.x)) {
        const float4 v = load4(xRow, c, channels, xWide);
        const float4 k = load4(w, c, channels, wWide);
        store4(yRow, c, channels, yWide,
               make_float4(v.x * scale * k.x, v.y * scale * k.y, v.z * scale * k.z, v.w * scale * k.w));
    }
}

// dX = beta * dX + rstd * (w dY - x^ * mean_c(w dY x^)), x^ = x * rstd. With beta 0 the old dX is never read.
// One block per token; blockDim.x a multiple of 32. x, dY, dX [tokens, channels], w [channels], rstd [tokens].
template <typename W>
__device__ inline void backwardInput(const float* x, const W* w, const float* rstd, const float* dY, float* dX,
                                     float beta, int channels) {
    __shared__ float scratch[WARP];
    const std::size_t offset = static_cast<std::size_t>(blockIdx.x) * channels;
    const float* xRow = x + offset;
    const float* dYRow = dY + offset;
    float* dXRow = dX + offset;
    const bool xWide = wide(xRow);
    const bool dYWide = wide(dYRow);
    const bool dXWide = wide(dXRow);
    const bool wWide = wide(w);
    const float scale = rstd[blockIdx.x];

    float products = 0.0f;
    for (int c = 4 * static_cast<int>(threadIdx.x); c < channels; c += 4 * static_cast<int>(blockDim.x)) {
        const float4 v = load4(xRow, c, channels, xWide);
        const float4 g = load4(dYRow, c, channels, dYWide);
        const float4 k = load4(w, c, channels, wWide);
        products += k.x * g.x * v.x + k.y * g.y * v.y + k.z * g.z * v.z + k.w * g.w * v.w;
    }
    // mean_c(w dY x^) * rstd, the factor of x in x^ * mean.
    const float mean = blockSum(products, scratch) * scale * scale / channels;
    for (int c = 4 * static_cast<int>(threadIdx.x); c < channels; c += 4 * static_cast<int>(blockDim.x)) {
        const float4 v = load4(xRow, c, channels, xWide);
        const float4 g = load4(dYRow, c, channels, dYWide);
        const float4 k = load4(w, c, channels, wWide);
        accumulate4(dXRow, c, channels, dXWide, beta,
                    make_float4(scale * (k.x * g.x - v.x * mean), scale * (k.y * g.y - v.y * mean),
                                scale * (k.z * g.z - v.z * mean), scale * (k.w * g.w - v.w * mean)));
    }
}

constexpr int WEIGHT_COLUMNS = 32;
constexpr int WEIGHT_ROWS = 16;

// dW[c] = beta * dW[c] + sum_t dY[t, c] * x[t, c] * rstd[t]. With beta 0 the old dW is never read.
// A block owns 32 columns, so that a warp reads 128 neighbouring bytes; its 16 warps take every 16th token, and their
// sums are added in order. No atomics: the same bytes every time. Below some 2,000 channels there are fewer blocks
// than a large GPU has processors, and latency rather than bandwidth bounds it.
// blockDim = (32, 16). x, dY [tokens, channels], rstd [tokens], dW [channels].
extern "C" __global__ void __launch_bounds__(WEIGHT_COLUMNS* WEIGHT_ROWS)
    rmsnorm_backward_weight(const float* __restrict__ x, const float* __restrict__ rstd, const float* __restrict__ dY,
                            float* __restrict__ dW, float beta, int tokens, int channels) {
    __shared__ float sums[WEIGHT_ROWS][WEIGHT_COLUMNS];
    const int column = blockIdx.x * WEIGHT_COLUMNS + threadIdx.x;
    float sum = 0.0f;
    if (column < channels) {
        for (int t = threadIdx.y; t < tokens; t += WEIGHT_ROWS) {
            const std::size_t at = static_cast<std::size_t>(t) * channels + column;
            sum += dY[at] * x[at] * rstd[t];
        }
    }
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < channels) {
        float total = 0.0f;
        for (int row = 0; row < WEIGHT_ROWS; row++) {
            total += sums[row][threadIdx.x];
        }
        dW[column] = beta == 0.0f ? total : total + beta * dW[column];
    }
}

extern "C" __global__ void rmsnorm_forward_f32(const float* __restrict__ x, const float* __restrict__ w, float eps,
                                               float* __restrict__ y, float* __restrict__ rstd, int channels) {
    forward(x, w, eps, y, rstd, channels);
}

extern "C" __global__ void rmsnorm_forward_bf16(const float* __restrict__ x, const __nv_bfloat16* __restrict__ w,
                                                float eps, float* __restrict__ y, float* __restrict__ rstd,
                                                    int channels) {
    forward(x, w, eps, y, rstd, channels);
}

extern "C" __global__ void rmsnorm_forward_f16(const float* __restrict__ x, const __half* __restrict__ w, float eps,
                                               float* __restrict__ y, float* __restrict__ rstd, int channels) {
    forward(x, w, eps, y, rstd, channels);
}

extern "C" __global__ void rmsnorm_backward_input_f32(const float* __restrict__ x, const float* __restrict__ w,
                                                      const float* __restrict__ rstd, const float* __restrict__ dY,
                                                      float* __restrict__ dX, float beta, int channels) {
    backwardInput(x, w, rstd, dY, dX, beta, channels);
}

extern "C" __global__ void rmsnorm_backward_input_bf16(const float* __restrict__ x, const __nv_bfloat16* __restrict__ w,
                                                       const float* __restrict__ rstd, const float* __restrict__ dY,
                                                       float* __restrict__ dX, float beta, int channels) {
    backwardInput(x, w, rstd, dY, dX, beta, channels);
}

extern "C" __global__ void rmsnorm_backward_input_f16(const float* __restrict__ x, const __half* __restrict__ w,
                                                      const float* __restrict__ rstd, const float* __restrict__ dY,
                                                      float* __restrict__ dX, float beta, int channels) {
    backwardInput(x, w, rstd, dY, dX, beta, channels);
}
