// SwiGLU (Shazeer 2020), forward and backward, number by number. Bound by memory bandwidth: an exponential and some ten
// operations for every 12 to 20 bytes.
#include "access.cuh"
#include "silu.cuh"

// out = silu(gate) up
extern "C" __global__ void swiglu_forward(const float* gate, const float* up, float* out, std::size_t count) {
    const bool isWide = wide(gate) && wide(up) && wide(out);
    forFours(count, [=](std::size_t at) {
        const float4 z = load4(gate, at, count, isWide);
        const float4 u = load4(up, at, count, isWide);
        store4(out, at, count, isWide,
               make_float4(silu(z.x) * u.x, silu(z.y) * u.y, silu(z.z) * u.z, silu(z.w) * u.w));
    });
}

// dGate = betaGate dGate + dOut up silu'(gate), dUp = betaUp dUp + dOut silu(gate). A target is null if nobody wants it.
extern "C" __global__ void swiglu_backward(const float* __restrict__ gate, const float* __restrict__ up,
                                           const float* __restrict__ dOut, float* __restrict__ dGate, float betaGate,
                                           float* __restrict__ dUp, float betaUp, std::size_t count) {
    // A null pointer is as wide as any.
    const bool isWide = wide(gate) && wide(up) && wide(dOut) && wide(dGate) && wide(dUp);
    forFours(count, [=](std::size_t at) {
        const float4 z = load4(gate, at, count, isWide);
        const float4 d = load4(dOut, at, count, isWide);
        if (dGate != nullptr) {
            const float4 u = load4(up, at, count, isWide);
            accumulate4(dGate, at, count, isWide, betaGate,
                        make_float4(d.x * u.x * siluSlope(z.x), d.y * u.y * siluSlope(z.y), d.z * u.z * siluSlope(z.z),
                                    d.w * u.w * siluSlope(z.w)));
        }
        if (dUp != nullptr) {
            accumulate4(dUp, at, count, isWide, betaUp,
                        make_float4(d.x * silu(z.x), d.y * silu(z.y), d.z * silu(z.z), d.w * silu(z.w)));
        }
    });
}
