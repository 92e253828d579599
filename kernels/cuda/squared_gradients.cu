// What the gradient of one sequence adds to the squared gradients of a weight and, where wanted, to its whole gradient.
// Bound by memory bandwidth. The gradient itself is a matrix product.
#include "access.cuh"

// squares = beta squares + factor g^2, gradient = beta gradient + g; with beta 0 the old targets are not read. g, squares, gradient [count]; gradient is null if nobody wants it.
extern "C" __global__ void squared_gradients_add(const float* __restrict__ g, float factor, float* __restrict__ squares,
                                                 float* __restrict__ gradient, float beta, std::size_t count) {
    // A null pointer is as wide as any.
    const bool isWide = wide(g) && wide(squares) && wide(gradient);
    forFours(count, [=](std::size_t at) {
        const float4 v = load4(g, at, count, isWide);
        accumulate4(squares, at, count, isWide, beta,
                    make_float4(factor * v.x * v.x, factor * v.y * v.y, factor * v.z * v.z, factor * v.w * v.w));
        if (gradient != nullptr) {
            accumulate4(gradient, at, count, isWide, beta, v);
        }
    });
}
