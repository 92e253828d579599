// Products of tensors of one shape, number by number; the derivative is the product with the other factor, by the same
// kernel. Bound by memory bandwidth. The target may be an operand.
#include "access.cuh"

// out = beta out + a b; with beta 0 the old target is not read.
extern "C" __global__ void multiply(const float* a, const float* b, float* out, float beta, std::size_t count) {
    const bool isWide = wide(a) && wide(b) && wide(out);
    forFours(count, [=](std::size_t at) {
        const float4 x = load4(a, at, count, isWide);
        const float4 y = load4(b, at, count, isWide);
        accumulate4(out, at, count, isWide, beta, make_float4(x.x * y.x, x.y * y.y, x.z * y.z, x.w * y.w));
    });
}
