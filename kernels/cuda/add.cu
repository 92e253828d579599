// Sums of tensors of one shape, number by number; the derivative of a sum is `accumulate`. Bound by memory bandwidth.
// Targets may be operands.
#include "access.cuh"

// out = a + scale b
extern "C" __global__ void add(const float* a, const float* b, float scale, float* out, std::size_t count) {
    const bool isWide = wide(a) && wide(b) && wide(out);
    forFours(count, [=](std::size_t at) {
        const float4 x = load4(a, at, count, isWide);
        const float4 y = load4(b, at, count, isWide);
        store4(out, at, count, isWide,
               make_float4(x.x + scale * y.x, x.y + scale * y.y, x.z + scale * y.z, x.w + scale * y.w));
    });
}

// target = beta target + scale source; with beta 0 the old target is not read.
extern "C" __global__ void accumulate(const float* source, float scale, float* target, float beta, std::size_t count) {
    const bool isWide = wide(source) && wide(target);
    forFours(count, [=](std::size_t at) {
        const float4 x = load4(source, at, count, isWide);
        accumulate4(target, at, count, isWide, beta,
                    make_float4(scale * x.x, scale * x.y, scale * x.z, scale * x.w));
    });
}
