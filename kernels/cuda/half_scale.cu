// Float32 numbers as float16 numbers of nearly any size: multiplied by a power of two first, so that the largest of them
// comes close to the largest float16 number. Gradients are often smaller than the smallest float16 number that keeps all
// its bits, 6e-5. A power of two changes no bit, and the product that the numbers go into divides by it again.
// Bound by memory bandwidth: the numbers are read twice.
#include "access.cuh"
#include "reduce.cuh"

// The largest scaled number is from 2^14 to less than 2^15.
constexpr int HIGHEST = 14;
constexpr int BIAS = 127;
// Of the scale, so that its inverse is a float32 number that keeps all its bits.
constexpr int MOST = 100;

__device__ inline unsigned magnitude(float value) { return __float_as_uint(value) & 0x7fffffffu; }

__device__ inline unsigned larger(unsigned a, unsigned b) { return max(a, b); }

__device__ inline unsigned shiftedDown(unsigned value, int distance) {
    return __shfl_down_sync(FULL_WARP, value, distance);
}

// partials[b] = the bits of the largest magnitude that block b sees; of what is not finite they are larger still.
// blockDim.x a multiple of 32. x [count].
extern "C" __global__ void largest_partial(const float* __restrict__ x, unsigned* __restrict__ partials,
                                           std::size_t count) {
    __shared__ unsigned scratch[WARP];
    const bool isWide = wide(x);
    unsigned own = 0;
    forFours(count, [=, &own](std::size_t at) {
        const float4 v = load4(x, at, count, isWide);
        own = max(max(own, max(magnitude(v.x), magnitude(v.y))), max(magnitude(v.z), magnitude(v.w)));
    });
    const unsigned largest = blockFold(own, 0u, scratch, shiftedDown, larger);
    if (threadIdx.x == 0) {
        partials[blockIdx.x] = largest;
    }
}

// factors = {scale, 1 / scale, 0, 1}: the second, and one of the others, are the factors of a product. The scale is 1
// where there is nothing but zeros, or something that is not finite. One block, blockDim.x a multiple of 32.
extern "C" __global__ void half_scale(const unsigned* __restrict__ partials, int count, float* __restrict__ factors) {
    __shared__ unsigned scratch[WARP];
    unsigned own = 0;
    for (int p = threadIdx.x; p < count; p += blockDim.x) {
        own = max(own, partials[p]);
    }
    const unsigned largest = blockFold(own, 0u, scratch, shiftedDown, larger);
    if (threadIdx.x == 0) {
        const int exponent = static_cast<int>(largest >> 23) - BIAS;
        const bool plain = largest != 0 && exponent <= BIAS;
        const int scale = plain ? min(HIGHEST - exponent, MOST) : 0;
        factors[0] = __uint_as_float(static_cast<unsigned>(BIAS + scale) << 23);
        factors[1] = __uint_as_float(static_cast<unsigned>(BIAS - scale) << 23);
        factors[2] = 0.0f;
        factors[3] = 1.0f;
    }
}

// out[i] = factors[0] x[i], rounded to nearest even. x, out [count].
extern "C" __global__ void half_scaled(const float* __restrict__ x, const float* __restrict__ factors,
                                       __half* __restrict__ out, std::size_t count) {
    const float scale = factors[0];
    const bool isWide = wide(x) && wide(out);
    forFours(count, [=](std::size_t at) {
        const float4 v = load4(x, at, count, isWide);
        store4(out, at, count, isWide, make_float4(scale * v.x, scale * v.y, scale * v.z, scale * v.w));
    });
}
