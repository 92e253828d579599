// The hyperbolic tangent: 1 - 2 / (e^2|x| + 1) with the sign of x, and near 0, where that is a difference of like numbers,
// x + x^3 p(x^2) (Cephes' tanhf).
#pragma once

__device__ inline float tangent(float x) {
    const float size = fabsf(x);
    if (size < 0.625f) {
        const float z = x * x;
        float p = fmaf(-5.70498872745e-3f, z, 2.06390887954e-2f);
        p = fmaf(p, z, -5.37397155531e-2f);
        p = fmaf(p, z, 1.33314422036e-1f);
        p = fmaf(p, z, -3.33332819422e-1f);
        return fmaf(x * z, p, x);
    }
    const float far = 1.0f - 2.0f / (expf(2.0f * size) + 1.0f);
    return x < 0.0f ? -far : far;
}
