// Layer normalisation (Ba, Kiros and Hinton 2016), forward and backward. Activations and gradients are float32, weight
// and bias are both float32, bfloat16 or float16; everything is computed in float32. With x^ = (x - mean) rstd.
//
// All of it is bound by memory bandwidth: some four operations per number read. A row is read three times in the forward
// and twice in the input-gradient kernel, all but the first time from cache (a row of 16,384 channels is 64 KiB).
#include "access.cuh"
#include "reduce.cuh"

__device__ inline float4 minus(float4 v, float shift) {
    return make_float4(v.x - shift, v.y - shift, v.z - shift, v.w - shift);
}

// y[t, c] = x^[t, c] w[c] + bias[c], rstd[t] = 1 / sqrt(mean_c (x[t, c] - mean[t])^2 + eps); no bias where it is null.
// One block per token; blockDim.x a multiple of 32. x, y [tokens, channels], w, bias [channels], mean, rstd [tokens].
template <typename W>
__device__ inline void forward(const float* x, const W* w, const W* bias, float eps, float* y, float* mean, float* rstd,
                               int channels) {
    __shared__ float sums[WARP];
    __shared__ float squares[WARP];
    const std::size_t offset = static_cast<std::size_t>(blockIdx.x) * channels;
    const float* xRow = x + offset;
    float* yRow = y + offset;
    const bool xWide = wide(xRow);
    const bool yWide = wide(yRow);
    const bool wWide = wide(w);
    const bool biasWide = wide(bias);
    const int first = 4 * static_cast<int>(threadIdx.x);
    const int stride = 4 * static_cast<int>(blockDim.x);

    float sum = 0.0f;
    for (int c = first; c < channels; c += stride) {
        const float4 v = load4(xRow, c, channels, xWide);
        sum += v.x + v.y + v.z + v.w;
    }
    const float centre = blockSum(sum, sums) / channels;
    float square = 0.0f;
    for (int c = first; c < channels; c += stride) {
        // What load4 adds behind the end must not count.
        const float4 v = minus(load4(xRow, c, channels, xWide), centre);
        square += v.x * v.x;
        square += c + 1 < channels ? v.y * v.y : 0.0f;
        square += c + 2 < channels ? v.z * v.z : 0.0f;
        square += c + 3 < channels ? v.w * v.w : 0.0f;
    }
    const float scale = 1.0f / sqrtf(blockSum(square, squares) / channels + eps);
    if (threadIdx.x == 0) {
        mean[blockIdx.x] = centre;
        rstd[blockIdx.x] = scale;
    }
    for (int c = first; c < channels; c += stride) {
        const float4 v = minus(load4(xRow, c, channels, xWide), centre);
        const float4 k = load4(w, c, channels, wWide);
        float4 shift = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        if (bias != nullptr) {
            shift = load4(bias, c, channels, biasWide);
        }
        store4(yRow, c, channels, yWide,
               make_float4(v.x * scale * k.x + shift.x, v.y * scale * k.y + shift.y, v.z * scale * k.z + shift.z,
                           v.w * scale * k.w + shift.w));
    }
}

// dX = beta dX + rstd (w dY - mean_c(w dY) - x^ mean_c(w dY x^)). With beta 0 the old dX is never read.
// One block per token; blockDim.x a multiple of 32. x, dY, dX [tokens, channels], w [channels], mean, rstd [tokens].
template <typename W>
__device__ inline void backwardInput(const float* x, const W* w, const float* mean, const float* rstd, const float* dY,
                                     float* dX, float beta, int channels) {
    __shared__ float sums[WARP];
    __shared__ float products[WARP];
    const std::size_t offset = static_cast<std::size_t>(blockIdx.x) * channels;
    const float* xRow = x + offset;
    const float* dYRow = dY + offset;
    float* dXRow = dX + offset;
    const bool xWide = wide(xRow);
    const bool dYWide = wide(dYRow);
    const bool dXWide = wide(dXRow);
    const bool wWide = wide(w);
    const float centre = mean[blockIdx.x];
    const float scale = rstd[blockIdx.x];

    float sum = 0.0f;
    float product = 0.0f;
    for (int c = 4 * static_cast<int>(threadIdx.x); c < channels; c += 4 * static_cast<int>(blockDim.x)) {
        const float4 v = minus(load4(xRow, c, channels, xWide), centre);
        const float4 g = load4(dYRow, c, channels, dYWide);
        const float4 k = load4(w, c, channels, wWide);
        const float4 d = make_float4(k.x * g.x, k.y * g.y, k.z * g.z, k.w * g.w);
        sum += d.x + d.y + d.z + d.w;
        product += dot(d, v);
    }
    const float shift = blockSum(sum, sums) / channels;
    // mean_c(w dY x^) rstd, the factor of x - mean in x^ mean_c(w dY x^).
    const float slope = blockSum(product, products) * scale * scale / channels;
    for (int c = 4 * static_cast<int>(threadIdx.x); c < channels; c += 4 * static_cast<int>(blockDim.x)) {
        const float4 v = minus(load4(xRow, c, channels, xWide), centre);
        const float4 g = load4(dYRow, c, channels, dYWide);
        const float4 k = load4(w, c, channels, wWide);
        accumulate4(dXRow, c, channels, dXWide, beta,
                    make_float4(scale * (k.x * g.x - shift - v.x * slope), scale * (k.y * g.y - shift - v.y * slope),
                                scale * (k.z * g.z - shift - v.z * slope), scale * (k.w * g.w - shift - v.w * slope)));
    }
}

constexpr int WEIGHT_COLUMNS = 32;
constexpr int WEIGHT_ROWS = 16;

// target[column] = beta target[column] + the sum of the column's 16 partial sums, in order.
__device__ inline void total(const float (*sums)[WEIGHT_COLUMNS], float* target, float beta, int column) {
    float total = 0.0f;
    for (int row = 0; row < WEIGHT_ROWS; row++) {
        total += sums[row][threadIdx.x];
    }
    target[column] = beta == 0.0f ? total : total + beta * target[column];
}

// dW[c] = betaW dW[c] + sum_t dY[t, c] x^[t, c], dBias[c] = betaBias dBias[c] + sum_t dY[t, c]. A target is null if nobody
// wants it; with beta 0 the old one is never read.
// A block owns 32 columns, so that a warp reads 128 neighbouring bytes; its 16 warps take every 16th token, and their
// sums are added in order. No atomics: the same bytes every time.
// blockDim = (32, 16). x, dY [tokens, channels], mean, rstd [tokens], dW, dBias [channels].
extern "C" __global__ void __launch_bounds__(WEIGHT_COLUMNS* WEIGHT_ROWS)
    layernorm_backward_weight(const float* __restrict__ x, const float* __restrict__ mean,
                              const float* __restrict__ rstd, const float* __restrict__ dY, float* __restrict__ dW,
                              float betaW, float* __restrict__ dBias, float betaBias, int tokens, int channels) {
    __shared__ float products[WEIGHT_ROWS][WEIGHT_COLUMNS];
    __shared__ float sums[WEIGHT_ROWS][WEIGHT_COLUMNS];
    const int column = blockIdx.x * WEIGHT_COLUMNS + threadIdx.x;
    float product = 0.0f;
    float sum = 0.0f;
    if (column < channels) {
        for (int t = threadIdx.y; t < tokens; t += WEIGHT_ROWS) {
            const std::size_t at = static_cast<std::size_t>(t) * channels + column;
            product += dY[at] * (x[at] - mean[t]) * rstd[t];
            sum += dY[at];
        }
    }
    products[threadIdx.y][threadIdx.x] = product;
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (column >= channels) {
        return;
    }
    if (threadIdx.y == 0 && dW != nullptr) {
        total(products, dW, betaW, column);
    }
    if (threadIdx.y == 1 && dBias != nullptr) {
        total(sums, dBias, betaBias, column);
    }
}

#define LAYERNORM(NAME, W)                                                                                           \
    extern "C" __global__ void layernorm_forward_##NAME(const float* __restrict__ x, const W* __restrict__ w,        \
                                                        const W* __restrict__ bias, float eps, float* __restrict__ y, \
                                                        float* __restrict__ mean, float* __restrict__ rstd,          \
                                                        int channels) {                                              \
        forward(x, w, bias, eps, y, mean, rstd, channels);                                                           \
    }                                                                                                                \
    extern "C" __global__ void layernorm_backward_input_##NAME(                                                      \
        const float* __restrict__ x, const W* __restrict__ w, const float* __restrict__ mean,                        \
        const float* __restrict__ rstd, const float* __restrict__ dY, float* __restrict__ dX, float beta,            \
        int channels) {                                                                                              \
        backwardInput(x, w, mean, rstd, dY, dX, beta, channels);                                                     \
    }
LAYERNORM(f32, float)
LAYERNORM(bf16, __nv_bfloat16)
LAYERNORM(f16, __half)
