// Rows looked up in a table of any stored type, and their gradient added into one of float32.
//
// Both are bound by memory bandwidth. A row number outside the table stops the kernel.
#include "reduce.cuh"
#include "stored.cuh"

// out[t] = table[ids[t]]. One block per token. ids [tokens], table [vocab, channels], out [tokens, channels].
template <typename Source>
__device__ inline void embed(const int* ids, const void* table, float* out, int vocab, int channels) {
    const Source from(table, checkedRow(ids[blockIdx.x], vocab), channels, channels);
    float* to = out + static_cast<std::size_t>(blockIdx.x) * channels;
    const bool isWide = wide(to);
    for (int c = 4 * static_cast<int>(threadIdx.x); c < channels; c += 4 * static_cast<int>(blockDim.x)) {
        store4(to, c, Source::end(c, channels), isWide, from.four(c));
    }
}

#define EMBEDDING(NAME, SOURCE)                                                                                \
    extern "C" __global__ void embedding_##NAME(const int* __restrict__ ids, const void* __restrict__ table,   \
                                                float* __restrict__ out, int vocab, int channels) {            \
        embed<SOURCE>(ids, table, out, vocab, channels);                                                       \
    }
FOR_EVERY_WEIGHT_TYPE(EMBEDDING)

// Tokens that a block looks through at a time, as bits: 32 words of 32.
constexpr int WORDS = 32;

// dTable[ids[t]] += dOut[t], tokens in ascending order. The block of the first token of an id adds the rows of all its
// tokens; the blocks of the later ones find that out and end. No atomics: the same bytes every time.
// Block (t, k) has token t and numbers 4 blockDim.x k onwards of the rows; blockDim.x a multiple of 32.
extern "C" __global__ void embedding_backward(const int* __restrict__ ids, const float* __restrict__ dOut,
                                              float* __restrict__ dTable, int vocab, int tokens, int channels) {
    __shared__ unsigned same[WORDS];
    const int own = blockIdx.x;
    const int id = checkedRow(ids[own], vocab);
    const int c = 4 * static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x);
    const int lane = threadIdx.x % WARP;
    const int warps = blockDim.x / WARP;
    float* row = dTable + static_cast<std::size_t>(id) * channels;
    const bool rowWide = wide(row);
    float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);

    for (int tile = 0; tile < tokens; tile += WORDS * WARP) {
        __syncthreads();
        for (int word = threadIdx.x / WARP; word < WORDS; word += warps) {
            const int t = tile + word * WARP + lane;
            const unsigned found = __ballot_sync(FULL_WARP, t < tokens && ids[t] == id);
            if (lane == 0) {
                same[word] = found;
            }
        }
        __syncthreads();
        for (int word = 0; word < WORDS; word++) {
            for (unsigned left = same[word]; left != 0; left &= left - 1) {
                const int t = tile + word * WARP + __ffs(static_cast<int>(left)) - 1;
                if (t < own) {
                    return;
                }
                if (c < channels) {
                    const float* from = dOut + static_cast<std::size_t>(t) * channels;
                    const float4 d = load4(from, c, channels, wide(from));
                    if (t == own) {
                        sum = load4(row, c, channels, rowWide);
                    }
                    sum = make_float4(sum.x + d.x, sum.y + d.y, sum.z + d.z, sum.w + d.w);
                }
            }
        }
    }
    if (c < channels) {
        store4(row, c, channels, rowWide, sum);
    }
}
