// How kernels read and write rows: four numbers at a time in one wide access where the address allows it, one by one
// where it does not, in the same order of arithmetic either way, so that alignment never changes a bit of a result.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstddef>
#include <cstdint>

__device__ inline float widen(float value) { return value; }
__device__ inline float widen(__nv_bfloat16 value) { return __bfloat162float(value); }
__device__ inline float widen(__half value) { return __half2float(value); }

// Whether `row` can be read as vectors of four T.
template <typename T>
__device__ inline bool wide(const T* row) {
    return reinterpret_cast<std::uintptr_t>(row) % (4 * sizeof(T)) == 0;
}

__device__ inline float4 load4Wide(const float* at) { return *reinterpret_cast<const float4*>(at); }

// Four 16-bit floats are one 8-byte access.
template <typename Half>
__device__ inline float4 load4Wide(const Half* at) {
    union {
        uint2 bits;
        unsigned short part[4];
    } four;
    four.bits = *reinterpret_cast<const uint2*>(at);
    union {
        unsigned short bits;
        Half value;
    } one;
    float4 result;
    one.bits = four.part[0];
    result.x = widen(one.value);
    one.bits = four.part[1];
    result.y = widen(one.value);
    one.bits = four.part[2];
    result.z = widen(one.value);
    one.bits = four.part[3];
    result.w = widen(one.value);
    return result;
}

// row[at .. at+4), with zeros from `count` on.
template <typename T>
__device__ inline float4 load4(const T* row, int at, int count, bool isWide) {
    if (isWide && at + 4 <= count) {
        return load4Wide(row + at);
    }
    return make_float4(widen(row[at]),
                       at + 1 < count ? widen(row[at + 1]) : 0.0f,
                       at + 2 < count ? widen(row[at + 2]) : 0.0f,
                       at + 3 < count ? widen(row[at + 3]) : 0.0f);
}

// Writes `value` to row[at .. at+4), nothing from `count` on.
__device__ inline void store4(float* row, int at, int count, bool isWide, float4 value) {
    if (isWide && at + 4 <= count) {
        *reinterpret_cast<float4*>(row + at) = value;
        return;
    }
    row[at] = value.x;
    if (at + 1 < count) row[at + 1] = value.y;
    if (at + 2 < count) row[at + 2] = value.z;
    if (at + 3 < count) row[at + 3] = value.w;
}
