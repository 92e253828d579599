// The sigmoid linear unit, z s(z) with s(z) = 1 / (1 + e^-z), and its derivative.
#pragma once

__device__ inline float sigmoid(float z) { return 1.0f / (1.0f + expf(-z)); }
__device__ inline float silu(float z) { return z * sigmoid(z); }

// silu'(z) = s (1 + z (1 - s)), s = sigmoid(z)
__device__ inline float siluSlope(float z) {
    const float s = sigmoid(z);
    return s * (1.0f + z * (1.0f - s));
}
