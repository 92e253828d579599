// Float32 numbers as sums of three bfloat16 numbers, so that products with a bfloat16 weight run on the tensor cores and
// still see every bit of the other operand: 24 bits of significand are three times eight. (Henry, Tang and Heinecke 2019,
// "Leveraging the bfloat16 artificial intelligence datatype for higher-precision computations".)
#include "access.cuh"

struct Parts {
    unsigned short high, middle, low;
};

// The leading eight bits of significand, the next eight and the rest. Below 2^-110 the rest may be too small for any
// bfloat16 number and is lost. What is not finite stays as it is in the first part.
__device__ inline Parts split(float value) {
    const unsigned bits = __float_as_uint(value);
    const bool finite = (bits & 0x7f800000u) != 0x7f800000u;
    const bool nan = !finite && (bits & 0x007fffffu) != 0;
    const unsigned high = (bits & 0xffff0000u) | (nan ? 0x00400000u : 0u);
    const float afterHigh = finite ? value - __uint_as_float(high) : 0.0f;
    const unsigned middle = __float_as_uint(afterHigh) & 0xffff0000u;
    const float afterMiddle = afterHigh - __uint_as_float(middle);
    return {static_cast<unsigned short>(high >> 16), static_cast<unsigned short>(middle >> 16),
            static_cast<unsigned short>(__float_as_uint(afterMiddle) >> 16)};
}

// Writes `four` to part[at .. at+4), nothing from `count` on.
__device__ inline void storePart(unsigned short* part, std::size_t at, std::size_t count, ushort4 four) {
    if (wide(part) && at + 4 <= count) {
        *reinterpret_cast<ushort4*>(part + at) = four;
        return;
    }
    part[at] = four.x;
    if (at + 1 < count) part[at + 1] = four.y;
    if (at + 2 < count) part[at + 2] = four.z;
    if (at + 3 < count) part[at + 3] = four.w;
}

// parts[0][i] + parts[1][i] + parts[2][i] = x[i]. x [count], parts [3, count].
extern "C" __global__ void split_bf16(const float* __restrict__ x, unsigned short* __restrict__ parts, std::size_t count) {
    unsigned short* high = parts;
    unsigned short* middle = high + count;
    unsigned short* low = middle + count;
    forFours(count, [=](std::size_t at) {
        const float4 v = load4(x, at, count, wide(x));
        const Parts a = split(v.x);
        const Parts b = split(v.y);
        const Parts c = split(v.z);
        const Parts d = split(v.w);
        storePart(high, at, count, make_ushort4(a.high, b.high, c.high, d.high));
        storePart(middle, at, count, make_ushort4(a.middle, b.middle, c.middle, d.middle));
        storePart(low, at, count, make_ushort4(a.low, b.low, c.low, d.low));
    });
}
