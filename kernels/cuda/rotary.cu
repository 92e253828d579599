// Rotary position embedding (Su et al. 2021). The derivative is the rotation back: the same kernels with `sign` -1.
// Bound by memory bandwidth: six operations for every two numbers. One block per token.
//
// x, y [tokens, heads, headDim], positions [tokens], table [limit, 2, half]: cosines, then sines. y may be x.
// The first 2 half channels of a head turn, the others pass. A position outside the table stops the kernel.
#include "access.cuh"

// What a block needs of its token.
struct Token {
    const float* x;
    float* y;
    const float* cosines;
    const float* sines;
    bool isWide;
};

__device__ inline Token token(const float* x, const int* positions, const float* table, float* y, int heads,
                              int headDim, int half, int limit) {
    const std::size_t start = static_cast<std::size_t>(blockIdx.x) * heads * headDim;
    const float* angles = table + static_cast<std::size_t>(checkedRow(positions[blockIdx.x], limit)) * 2 * half;
    const bool isWide = half % 4 == 0 && headDim % 4 == 0 && wide(x) && wide(y) && wide(table);
    return {x + start, y + start, angles, angles + half, isWide};
}

// Fours of a head that pass.
__device__ inline int passingFours(int headDim, int half) { return (headDim - 2 * half + 3) / 4; }

// Four of them: number `four` of those of the head that begins at `head`.
__device__ inline void pass(const Token& own, int head, int four, int headDim, int half, float beta) {
    const int at = 2 * half + 4 * four;
    accumulate4(own.y + head, at, headDim, own.isWide, beta, load4(own.x + head, at, headDim, own.isWide));
}

// Pairs (i, i + half) of every head.
extern "C" __global__ void rotary_halves(const float* x, const int* __restrict__ positions,
                                         const float* __restrict__ table, float* y, float beta, float sign, int heads,
                                         int headDim, int half, int limit) {
    const Token own = token(x, positions, table, y, heads, headDim, half, limit);
    const int turning = (half + 3) / 4;
    const int fours = turning + passingFours(headDim, half);
    for (int item = threadIdx.x; item < heads * fours; item += blockDim.x) {
        const int four = item % fours;
        const int head = item / fours * headDim;
        if (four >= turning) {
            pass(own, head, four - turning, headDim, half, beta);
            continue;
        }
        const int at = 4 * four;
        const float4 a = load4(own.x + head, at, half, own.isWide);
        const float4 b = load4(own.x + head + half, at, half, own.isWide);
        const float4 cos = load4(own.cosines, at, half, own.isWide);
        float4 sin = load4(own.sines, at, half, own.isWide);
        sin = make_float4(sign * sin.x, sign * sin.y, sign * sin.z, sign * sin.w);
        accumulate4(own.y + head, at, half, own.isWide, beta,
                    make_float4(a.x * cos.x - b.x * sin.x, a.y * cos.y - b.y * sin.y, a.z * cos.z - b.z * sin.z,
                                a.w * cos.w - b.w * sin.w));
        accumulate4(own.y + head + half, at, half, own.isWide, beta,
                    make_float4(a.x * sin.x + b.x * cos.x, a.y * sin.y + b.y * cos.y, a.z * sin.z + b.z * cos.z,
                                a.w * sin.w + b.w * cos.w));
    }
}

// Pairs (2i, 2i + 1) of every head.
extern "C" __global__ void rotary_interleaved(const float* x, const int* __restrict__ positions,
                                              const float* __restrict__ table, float* y, float beta, float sign,
                                              int heads, int headDim, int half, int limit) {
    const Token own = token(x, positions, table, y, heads, headDim, half, limit);
    const int turning = (half + 1) / 2;
    const int fours = turning + passingFours(headDim, half);
    for (int item = threadIdx.x; item < heads * fours; item += blockDim.x) {
        const int four = item % fours;
        const int head = item / fours * headDim;
        if (four >= turning) {
            pass(own, head, four - turning, headDim, half, beta);
            continue;
        }
        const int pair = 2 * four;
        const int next = min(pair + 1, half - 1);
        const float4 v = load4(own.x + head, 2 * pair, 2 * half, own.isWide);
        const float cos0 = own.cosines[pair];
        const float cos1 = own.cosines[next];
        const float sin0 = sign * own.sines[pair];
        const float sin1 = sign * own.sines[next];
        accumulate4(own.y + head, 2 * pair, 2 * half, own.isWide, beta,
                    make_float4(v.x * cos0 - v.y * sin0, v.x * sin0 + v.y * cos0, v.z * cos1 - v.w * sin1,
                                v.z * sin1 + v.w * cos1));
    }
}
