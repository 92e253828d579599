// Rotary position embedding (Su et al. 2021). The derivative is the rotation back: the same kernels with `sign` -1.
// Bound by memory bandwidth: six operations for every two numbers. One block per token.
//
// x, y [tokens, heads, headDim], positions [tokens, runs], table [limit, 2, half]: cosines, then sines. y may be x.
// Each of a token's positions turns a run of 2 half channels of every head, the first run the head's first; channels of no
// run pass. A position outside the table stops the kernel.
#include "access.cuh"

// What a block needs of its token.
struct Token {
    const float* x;
    float* y;
    const int* positions;
    const float* table;
    int half;
    int limit;
    bool isWide;

    __device__ const float* cosines(int run) const {
        return table + static_cast<std::size_t>(checkedRow(positions[run], limit)) * 2 * half;
    }
};

__device__ inline Token token(const float* x, const int* positions, const float* table, float* y, int heads,
                              int headDim, int runs, int half, int limit) {
    const std::size_t start = static_cast<std::size_t>(blockIdx.x) * heads * headDim;
    const bool isWide = half % 4 == 0 && headDim % 4 == 0 && wide(x) && wide(y) && wide(table);
    return {x + start, y + start, positions + static_cast<std::size_t>(blockIdx.x) * runs, table, half, limit, isWide};
}

// Fours of a head that pass, behind `turned` channels.
__device__ inline int passingFours(int headDim, int turned) { return (headDim - turned + 3) / 4; }

// Four of them: number `four` of those of the head that begins at `head`.
__device__ inline void pass(const Token& own, int head, int four, int headDim, int turned, float beta) {
    const int at = turned + 4 * four;
    accumulate4(own.y + head, at, headDim, own.isWide, beta, load4(own.x + head, at, headDim, own.isWide));
}

// Pairs (i, i + half) of every run of every head.
extern "C" __global__ void rotary_halves(const float* x, const int* __restrict__ positions,
                                         const float* __restrict__ table, float* y, float beta, float sign, int heads,
                                         int headDim, int runs, int half, int limit) {
    const Token own = token(x, positions, table, y, heads, headDim, runs, half, limit);
    const int turning = (half + 3) / 4;
    const int fours = runs * turning + passingFours(headDim, 2 * half * runs);
    for (int item = threadIdx.x; item < heads * fours; item += blockDim.x) {
        const int four = item % fours;
        const int head = item / fours * headDim;
        if (four >= runs * turning) {
            pass(own, head, four - runs * turning, headDim, 2 * half * runs, beta);
            continue;
        }
        const int run = four / turning;
        const int start = head + 2 * half * run;
        const int at = 4 * (four % turning);
        const float* cosines = own.cosines(run);
        const float4 a = load4(own.x + start, at, half, own.isWide);
        const float4 b = load4(own.x + start + half, at, half, own.isWide);
        const float4 cos = load4(cosines, at, half, own.isWide);
        float4 sin = load4(cosines + half, at, half, own.isWide);
        sin = make_float4(sign * sin.x, sign * sin.y, sign * sin.z, sign * sin.w);
        accumulate4(own.y + start, at, half, own.isWide, beta,
                    make_float4(a.x * cos.x - b.x * sin.x, a.y * cos.y - b.y * sin.y, a.z * cos.z - b.z * sin.z,
                                a.w * cos.w - b.w * sin.w));
        accumulate4(own.y + start + half, at, half, own.isWide, beta,
                    make_float4(a.x * sin.x + b.x * cos.x, a.y * sin.y + b.y * cos.y, a.z * sin.z + b.z * cos.z,
                                a.w * sin.w + b.w * cos.w));
    }
}

// Pairs (2i, 2i + 1) of every run of every head.
extern "C" __global__ void rotary_interleaved(const float* x, const int* __restrict__ positions,
                                              const float* __restrict__ table, float* y, float beta, float sign,
                                              int heads, int headDim, int runs, int half, int limit) {
    const Token own = token(x, positions, table, y, heads, headDim, runs, half, limit);
    const int turning = (half + 1) / 2;
    const int fours = runs * turning + passingFours(headDim, 2 * half * runs);
    for (int item = threadIdx.x; item < heads * fours; item += blockDim.x) {
        const int four = item % fours;
        const int head = item / fours * headDim;
        if (four >= runs * turning) {
            pass(own, head, four - runs * turning, headDim, 2 * half * runs, beta);
            continue;
        }
        const int run = four / turning;
        const int start = head + 2 * half * run;
        const int pair = 2 * (four % turning);
        const int next = min(pair + 1, half - 1);
        const float* cosines = own.cosines(run);
        const float* sines = cosines + half;
        const float4 v = load4(own.x + start, 2 * pair, 2 * half, own.isWide);
        const float cos0 = cosines[pair];
        const float cos1 = cosines[next];
        const float sin0 = sign * sines[pair];
        const float sin1 = sign * sines[next];
        accumulate4(own.y + start, 2 * pair, 2 * half, own.isWide, beta,
                    make_float4(v.x * cos0 - v.y * sin0, v.x * sin0 + v.y * cos0, v.z * cos1 - v.w * sin1,
                                v.z * sin1 + v.w * cos1));
    }
}
