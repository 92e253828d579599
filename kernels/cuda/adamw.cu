// One step of AdamW (Loshchilov and Hutter 2019), number by number. Bound by memory bandwidth: it reads 16 bytes a weight
// and writes 12.
#include "access.cuh"

// The constants of one step: w keep + rate m / (sqrt(v) rootCorrection + eps), where rate is minus the learning rate over
// the first moment's correction.
struct Step {
    float keep;
    float decay1;
    float gain1;
    float decay2;
    float gain2;
    float rate;
    float rootCorrection;
    float eps;
};

__device__ inline void step(const Step& s, float g, float& w, float& m, float& v) {
    m = s.decay1 * m + s.gain1 * g;
    v = s.decay2 * v + s.gain2 * g * g;
    w = s.keep * w + s.rate * (m / (sqrtf(v) * s.rootCorrection + s.eps));
}

// w, g, m, v [count]; the gradient is multiplied by factor[0] first, unless factor is null.
extern "C" __global__ void adamw(float* __restrict__ w, const float* __restrict__ g, float* __restrict__ m,
                                 float* __restrict__ v, const float* __restrict__ factor, std::size_t count, float keep,
                                 float decay1, float gain1, float decay2, float gain2, float rate, float rootCorrection,
                                 float eps) {
    const Step constants{keep, decay1, gain1, decay2, gain2, rate, rootCorrection, eps};
    const bool isWide = wide(w) && wide(g) && wide(m) && wide(v);
    const float clip = factor == nullptr ? 1.0f : factor[0];
    forFours(count, [=](std::size_t at) {
        float4 weight = load4(w, at, count, isWide);
        float4 first = load4(m, at, count, isWide);
        float4 second = load4(v, at, count, isWide);
        const float4 gradient = load4(g, at, count, isWide);
        step(constants, clip * gradient.x, weight.x, first.x, second.x);
        step(constants, clip * gradient.y, weight.y, first.y, second.y);
        step(constants, clip * gradient.z, weight.z, first.z, second.z);
        step(constants, clip * gradient.w, weight.w, first.w, second.w);
        store4(w, at, count, isWide, weight);
        store4(m, at, count, isWide, first);
        store4(v, at, count, isWide, second);
    });
}
