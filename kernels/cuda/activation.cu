// Activations, forward and backward, number by number. Bound by memory bandwidth: an exponential and some twenty
// operations for every 8 to 12 bytes. Targets may be operands.
#include "access.cuh"
#include "silu.cuh"
#include "tanh.cuh"

// An activation is a curve: its value and its slope at one number.

// x Phi(x), Phi the normal distribution's (Hendrycks and Gimpel 2016). Phi' = e^(-x^2 / 2) / sqrt(2 pi), and
// Phi(-|x|) = e^(-x^2 / 2) t p(t), t = 1 / (1 + 0.3075 |x|), p a minimax polynomial: relative error 1.3e-7 up to |x| = 15.
struct Gelu {
    static __device__ float bell(float x) { return expf(-0.5f * x * x); }
    // Phi(x), where bell(x) is known.
    static __device__ float cumulative(float x, float bell) {
        const float t = 1.0f / fmaf(0.3075f, fabsf(x), 1.0f);
        float p = fmaf(0.03630083f, t, -0.14734307f);
        p = fmaf(p, t, 0.1701997f);
        p = fmaf(p, t, -0.026057255f);
        p = fmaf(p, t, 0.1153132f);
        p = fmaf(p, t, 0.1056897f);
        p = fmaf(p, t, 0.12324756f);
        p = fmaf(p, t, 0.12264942f);
        const float tail = bell * (p * t);
        return x < 0.0f ? tail : 1.0f - tail;
    }
    static __device__ float value(float x) { return x * cumulative(x, bell(x)); }
    static __device__ float slope(float x) {
        const float atX = bell(x);
        return cumulative(x, atX) + x * (0.398942280f * atX);
    }
};

// The same by x (1 + tanh(u)) / 2 = x sigmoid(2u), u = sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanh {
    static constexpr float LINEAR = 1.59576912f;     // 2 sqrt(2 / pi)
    static constexpr float CUBIC = 0.0713548163f;    // 0.044715 times that
    static __device__ float gate(float x) { return sigmoid(x * (LINEAR + CUBIC * x * x)); }
    static __device__ float value(float x) { return x * gate(x); }
    static __device__ float slope(float x) {
        const float s = gate(x);
        return s + x * (LINEAR + 3.0f * CUBIC * x * x) * s * (1.0f - s);
    }
};

struct Silu {
    static __device__ float value(float x) { return silu(x); }
    static __device__ float slope(float x) { return siluSlope(x); }
};

// Its slope at 0 is 0. What is no number stays none.
struct Relu {
    static __device__ float value(float x) { return x < 0.0f ? 0.0f : x; }
    static __device__ float slope(float x) { return x > 0.0f ? 1.0f : 0.0f; }
};

// y = curve(x)
template <typename Curve>
__device__ inline void forward(const float* x, float* y, std::size_t count) {
    const bool isWide = wide(x) && wide(y);
    forFours(count, [=](std::size_t at) {
        const float4 v = load4(x, at, count, isWide);
        store4(y, at, count, isWide,
               make_float4(Curve::value(v.x), Curve::value(v.y), Curve::value(v.z), Curve::value(v.w)));
    });
}

// dX = beta dX + dY curve'(x); with beta 0 the old dX is not read.
template <typename Curve>
__device__ inline void backward(const float* x, const float* dY, float* dX, float beta, std::size_t count) {
    const bool isWide = wide(x) && wide(dY) && wide(dX);
    forFours(count, [=](std::size_t at) {
        const float4 v = load4(x, at, count, isWide);
        const float4 d = load4(dY, at, count, isWide);
        accumulate4(dX, at, count, isWide, beta,
                    make_float4(d.x * Curve::slope(v.x), d.y * Curve::slope(v.y), d.z * Curve::slope(v.z),
                                d.w * Curve::slope(v.w)));
    });
}

// Its slope 1 - tanh^2 as 4 e / (1 + e)^2, e = e^(-2 |x|), where no like numbers are subtracted.
struct Tanh {
    static __device__ float value(float x) { return tangent(x); }
    static __device__ float slope(float x) {
        const float e = expf(-2.0f * fabsf(x));
        return 4.0f * e / ((1.0f + e) * (1.0f + e));
    }
};

#define ACTIVATION(NAME, CURVE)                                                                                     \
    extern "C" __global__ void activation_forward_##NAME(const float* x, float* y, std::size_t count) {              \
        forward<CURVE>(x, y, count);                                                                                 \
    }                                                                                                                \
    extern "C" __global__ void activation_backward_##NAME(const float* x, const float* dY, float* dX, float beta,    \
                                                          std::size_t count) {                                       \
        backward<CURVE>(x, dY, dX, beta, count);                                                                     \
    }
ACTIVATION(gelu, Gelu)
ACTIVATION(gelu_tanh, GeluTanh)
ACTIVATION(silu, Silu)
ACTIVATION(relu, Relu)
ACTIVATION(tanh, Tanh)
