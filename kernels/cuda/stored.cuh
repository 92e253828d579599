// Rows of weights in every type that a file may hold, read four numbers at a time as float32. Blocks are GGUF's; their
// values are those of ggml's dequantize_row_*, each operation rounded to float32, so products and sums are not fused.
// Bytes of a block are loaded one by one: they may lie anywhere, and it is bandwidth, not their number, that counts.
#pragma once

#include "access.cuh"

__device__ inline float halfAt(const std::uint8_t* at) {
    return __half2float(__ushort_as_half(static_cast<unsigned short>(at[0] | at[1] << 8)));
}

// Calls one(i) for the four numbers.
template <typename One>
__device__ inline float4 fourOf(One one) {
    return make_float4(one(0), one(1), one(2), one(3));
}

// Blocks of 32: a float16 scale, a float16 minimum for the _1 types, 32 fifth bits for the five-bit types, then codes:
// number j's low four bits are byte j's lower half, number 16+j's its upper half.
template <bool FIVE_BITS, bool HAS_MINIMUM>
struct Nibbles {
    static constexpr int NUMBERS = 32;
    static constexpr int CODES = 2 + (HAS_MINIMUM ? 2 : 0) + (FIVE_BITS ? 4 : 0);
    static constexpr int BYTES = CODES + 16;
    static constexpr int ZERO = HAS_MINIMUM ? 0 : FIVE_BITS ? 16 : 8;

    // Numbers at .. at+4 of a block, `at` a multiple of 4.
    static __device__ float4 four(const std::uint8_t* block, int at) {
        const float scale = halfAt(block);
        const float minimum = HAS_MINIMUM ? halfAt(block + 2) : 0.0f;
        // The fifth bits of four neighbours lie in one byte.
        const int fifths = FIVE_BITS ? block[CODES - 4 + at / 8] >> at % 8 : 0;
        return fourOf([=](int i) {
            const int packed = block[CODES + at % 16 + i];
            const int code = (at < 16 ? packed & 15 : packed >> 4) | (fifths >> i & 1) << 4;
            const float product = __fmul_rn(scale, static_cast<float>(code - ZERO));
            return HAS_MINIMUM ? __fadd_rn(product, minimum) : product;
        });
    }
};

using Q4_0 = Nibbles<false, false>;
using Q4_1 = Nibbles<false, true>;
using Q5_0 = Nibbles<true, false>;
using Q5_1 = Nibbles<true, true>;

// Blocks of 32: a float16 scale, then signed bytes.
struct Q8_0 {
    static constexpr int NUMBERS = 32;
    static constexpr int BYTES = 34;

    static __device__ float4 four(const std::uint8_t* block, int at) {
        const float scale = halfAt(block);
        return fourOf([=](int i) {
            return __fmul_rn(scale, static_cast<float>(static_cast<std::int8_t>(block[2 + at + i])));
        });
    }
};

// Blocks of 256 in eight sub-blocks: float16 scale and minimum, 12 bytes of 6-bit scales and minima, for five bits 32
// bytes of fifth bits, then codes. Sub-block s has the lower (s even) or upper halves of bytes 32 (s/2) to 32 (s/2) + 31,
// and its fifth bits are bit s of the 32 bytes. Number = (scale scale_s) code - minimum minimum_s.
template <bool FIVE_BITS>
struct Scaled {
    static constexpr int NUMBERS = 256;
    static constexpr int FIFTHS = 16;
    static constexpr int CODES = FIFTHS + (FIVE_BITS ? 32 : 0);
    static constexpr int BYTES = CODES + 128;

    static __device__ float4 four(const std::uint8_t* block, int at) {
        const int s = at / 32;
        const int j = at % 32;
        const std::uint8_t* packed = block + 4;
        int subScale = packed[s] & 63;
        int subMinimum = packed[s + 4] & 63;
        if (s >= 4) {
            subScale = (packed[s + 4] & 15) | packed[s - 4] >> 6 << 4;
            subMinimum = packed[s + 4] >> 4 | packed[s] >> 6 << 4;
        }
        const float scale = __fmul_rn(halfAt(block), static_cast<float>(subScale));
        const float minimum = __fmul_rn(halfAt(block + 2), static_cast<float>(subMinimum));
        return fourOf([=](int i) {
            const int pair = block[CODES + 32 * (s / 2) + j + i];
            int code = s % 2 == 0 ? pair & 15 : pair >> 4;
            if (FIVE_BITS) {
                code |= (block[FIFTHS + j + i] >> s & 1) << 4;
            }
            return __fsub_rn(__fmul_rn(scale, static_cast<float>(code)), minimum);
        });
    }
};

using Q4_K = Scaled<false>;
using Q5_K = Scaled<true>;

// Blocks of 256: 128 bytes of low four bits, 64 of high two bits, 16 signed scales, a float16 scale. In each half of 128
// numbers, quarter q takes its low bits from 32 bytes at 32 (q & 1) (lower halves for q < 2) and its high bits from bits
// 2q, 2q+1 of the half's 32 bytes. Number = (scale scale_s)(code - 32), s counting 16 numbers each.
struct Q6_K {
    static constexpr int NUMBERS = 256;
    static constexpr int BYTES = 210;

    static __device__ float4 four(const std::uint8_t* block, int at) {
        const int half = at / 128;
        const int quarter = at / 32 % 4;
        const int lane = at % 32;
        const float subScale = static_cast<float>(static_cast<std::int8_t>(block[192 + at / 16]));
        const float scale = __fmul_rn(halfAt(block + 208), subScale);
        return fourOf([=](int i) {
            const int low = block[64 * half + 32 * (quarter % 2) + lane + i];
            const int high = block[128 + 32 * half + lane + i] >> 2 * quarter & 3;
            const int code = (quarter < 2 ? low & 15 : low >> 4) | high << 4;
            return __fmul_rn(scale, static_cast<float>(code - 32));
        });
    }
};

// A row of a matrix of plain floating numbers.
template <typename T>
class Row {
public:
    static constexpr bool PLAIN = true;
    using Number = T;

    // Row `row` of a matrix of `columns` columns, of which `count` are read.
    __device__ Row(const void* matrix, std::size_t row, int columns, int count)
        : numbers(static_cast<const T*>(matrix) + row * columns), count(count), isWide(wide(numbers)) {}

    // Where what belongs to the numbers at .. at+4 of `count` ends.
    static __device__ int end(int, int count) { return count; }

    // Numbers at .. at+4, zeros from the end on; `at` is a multiple of 4.
    __device__ float4 four(int at) const { return load4(numbers, at, count, isWide); }

    // Numbers at .. at+8, none of them past the end, in accesses of 16 bytes, where isWide16.
    __device__ Eight eight(int at) const { return load8Wide(numbers + at); }

    __device__ bool isWide16() const { return wide16(numbers); }

private:
    const T* numbers;
    int count;
    bool isWide;
};

// As Row, for blocks, of which a row is a whole number.
template <typename Block>
class BlockRow {
public:
    static constexpr bool PLAIN = false;
    using Number = Block;

    __device__ BlockRow(const void* matrix, std::size_t row, int columns, int)
        : bytes(static_cast<const std::uint8_t*>(matrix) + row * (columns / Block::NUMBERS) * Block::BYTES) {}

    // A row is whole fours.
    static __device__ int end(int at, int) { return at + 4; }

    __device__ float4 four(int at) const {
        return Block::four(bytes + at / Block::NUMBERS * Block::BYTES, at % Block::NUMBERS);
    }

private:
    const std::uint8_t* bytes;
};

// MAKE(name, row type) for every stored type whose numbers float32 holds.
#define FOR_EVERY_FLOAT32_TYPE(MAKE) \
    MAKE(f32, Row<float>)            \
    MAKE(f16, Row<__half>)           \
    MAKE(bf16, Row<__nv_bfloat16>)   \
    MAKE(q4_0, BlockRow<Q4_0>)       \
    MAKE(q4_1, BlockRow<Q4_1>)       \
    MAKE(q5_0, BlockRow<Q5_0>)       \
    MAKE(q5_1, BlockRow<Q5_1>)       \
    MAKE(q8_0, BlockRow<Q8_0>)       \
    MAKE(q4_k, BlockRow<Q4_K>)       \
    MAKE(q5_k, BlockRow<Q5_K>)       \
    MAKE(q6_k, BlockRow<Q6_K>)

// For every type that a weight may have; float64 is read as float32.
#define FOR_EVERY_WEIGHT_TYPE(MAKE) \
    MAKE(f64, Row<double>)          \
    FOR_EVERY_FLOAT32_TYPE(MAKE)
