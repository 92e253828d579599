// How kernels read and write rows: four numbers at a time in one wide access where the address allows it, one by one
// where it does not, in the same order of arithmetic either way, so that alignment never changes a bit of a result.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstddef>
#include <cstdint>

__device__ inline float widen(float value) { return value; }
__device__ inline float widen(double value) { return static_cast<float>(value); }
__device__ inline float widen(__nv_bfloat16 value) { return __bfloat162float(value); }
__device__ inline float widen(__half value) { return __half2float(value); }

// Whether `row` can be read and written as vectors of four T.
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

__device__ inline float4 load4Wide(const double* at) {
    const double2 low = reinterpret_cast<const double2*>(at)[0];
    const double2 high = reinterpret_cast<const double2*>(at)[1];
    return make_float4(widen(low.x), widen(low.y), widen(high.x), widen(high.y));
}

// row[at .. at+4), with zeros from `count` on.
template <typename T, typename Index>
__device__ inline float4 load4(const T* row, Index at, Index count, bool isWide) {
    if (isWide && at + 4 <= count) {
        return load4Wide(row + at);
    }
    return make_float4(widen(row[at]),
                       at + 1 < count ? widen(row[at + 1]) : 0.0f,
                       at + 2 < count ? widen(row[at + 2]) : 0.0f,
                       at + 3 < count ? widen(row[at + 3]) : 0.0f);
}

// Eight numbers in a row.
struct Eight {
    float4 low;
    float4 high;
};

__device__ inline float dot(float4 a, float4 b) { return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }

// Whether `row` can be read 16 bytes at a time.
__device__ inline bool wide16(const void* row) { return reinterpret_cast<std::uintptr_t>(row) % 16 == 0; }

__device__ inline Eight load8Wide(const float* at) { return {load4Wide(at), load4Wide(at + 4)}; }
__device__ inline Eight load8Wide(const double* at) { return {load4Wide(at), load4Wide(at + 4)}; }

// Eight 16-bit floats are one access.
template <typename Half>
__device__ inline Eight load8Wide(const Half* at) {
    alignas(16) Half eight[8];
    *reinterpret_cast<uint4*>(eight) = *reinterpret_cast<const uint4*>(at);
    return {make_float4(widen(eight[0]), widen(eight[1]), widen(eight[2]), widen(eight[3])),
            make_float4(widen(eight[4]), widen(eight[5]), widen(eight[6]), widen(eight[7]))};
}

__device__ inline void narrow(float value, float* to) { *to = value; }
__device__ inline void narrow(float value, double* to) { *to = value; }
__device__ inline void narrow(float value, __nv_bfloat16* to) { *to = __float2bfloat16_rn(value); }
__device__ inline void narrow(float value, __half* to) { *to = __float2half_rn(value); }

__device__ inline void store4Wide(float* at, float4 value) { *reinterpret_cast<float4*>(at) = value; }

__device__ inline void store4Wide(double* at, float4 value) {
    reinterpret_cast<double2*>(at)[0] = make_double2(value.x, value.y);
    reinterpret_cast<double2*>(at)[1] = make_double2(value.z, value.w);
}

__device__ inline unsigned bitsOf(__nv_bfloat16 value) { return __bfloat16_as_ushort(value); }
__device__ inline unsigned bitsOf(__half value) { return __half_as_ushort(value); }

template <typename Half>
__device__ inline void store4Wide(Half* at, float4 value) {
    Half x, y, z, w;
    narrow(value.x, &x);
    narrow(value.y, &y);
    narrow(value.z, &z);
    narrow(value.w, &w);
    *reinterpret_cast<uint2*>(at) = make_uint2(bitsOf(x) | bitsOf(y) << 16, bitsOf(z) | bitsOf(w) << 16);
}

// Writes `value` to row[at .. at+4), nothing from `count` on; narrow types are rounded to nearest even.
template <typename T, typename Index>
__device__ inline void store4(T* row, Index at, Index count, bool isWide, float4 value) {
    if (isWide && at + 4 <= count) {
        store4Wide(row + at, value);
        return;
    }
    narrow(value.x, row + at);
    if (at + 1 < count) narrow(value.y, row + at + 1);
    if (at + 2 < count) narrow(value.z, row + at + 2);
    if (at + 3 < count) narrow(value.w, row + at + 3);
}

// As store4, added to beta times what is there; with beta 0 that is not read.
template <typename Index>
__device__ inline void accumulate4(float* row, Index at, Index count, bool isWide, float beta, float4 value) {
    if (beta != 0.0f) {
        const float4 old = load4(row, at, count, isWide);
        value = make_float4(value.x + beta * old.x, value.y + beta * old.y, value.z + beta * old.z,
                            value.w + beta * old.w);
    }
    store4(row, at, count, isWide, value);
}

// A row number, which must lie below `limit`: else the kernel stops, and the driver says so where the host waits.
__device__ inline int checkedRow(int row, int limit) {
    if (row < 0 || row >= limit) {
        __trap();
    }
    return row;
}

// Hands out `count` numbers four at a time, each start to one thread of the grid, which calls body(start).
template <typename Body>
__device__ inline void forFours(std::size_t count, Body body) {
    const std::size_t stride = 4 * static_cast<std::size_t>(gridDim.x) * blockDim.x;
    for (std::size_t at = 4 * (static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x); at < count; at += stride) {
        body(at);
    }
}
