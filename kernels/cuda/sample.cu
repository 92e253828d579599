// Draws a token from each row of logits: temperature, the k likeliest, the smallest set of probability p. Rows are short
// for a whole device, so this is bound by the latency of one block's some ten passes over a row in cache.
//
// What a token weighs is its probability over that of the likeliest, in whole 2^-40ths. Sums of whole numbers do not
// depend on their order, so they may be gathered by atomics: the same inputs give the same token every time.
#include <cmath>

#include "philox.cuh"
#include "reduce.cuh"

using Sum = unsigned long long;

constexpr int MOST_THREADS = 1024;
constexpr int DIGIT = 11;
constexpr int BINS = 1 << DIGIT;
constexpr float HEAVIEST = 1099511627776.0f;
// Draws of tokens are apart from all others under the same seed.
constexpr unsigned OPERATION = 0x53414D50;

// Where a running sum reaches what was asked for, and what it was before.
struct Place {
    int at;
    Sum before;
};

// A sum in halves. To add 64 bits in shared memory is a loop that tries again whenever threads meet, and in the first bins
// of a row many do; 32 bits are one instruction. What a low half carries is seen by exactly one thread.
struct Bin {
    unsigned low;
    unsigned high;

    __device__ void add(Sum weight) {
        const unsigned own = static_cast<unsigned>(weight);
        const unsigned before = atomicAdd(&low, own);
        const unsigned carried = static_cast<unsigned>(weight >> 32) + (before + own < own ? 1 : 0);
        if (carried > 0) {
            atomicAdd(&high, carried);
        }
    }

    __device__ Sum sum() const { return static_cast<Sum>(high) << 32 | low; }
};

struct Scratch {
    Bin bins[BINS];
    Sum sums[WARP];
    Place place;
    float largest[WARP];
};

// One row of logits; what is no number cannot be drawn.
struct Row {
    const float* x;
    int columns;
    float largest;
    float inverseTemperature;

    __device__ float at(int c) const { return isnan(x[c]) ? -INFINITY : x[c] + 0.0f; }

    __device__ Sum weight(float z) const {
        return z == largest ? static_cast<Sum>(HEAVIEST)
                            : __float2ull_rn(HEAVIEST * expf(fmaxf((z - largest) * inverseTemperature, -100.0f)));
    }

    // What token c weighs if its logit is at least that.
    __device__ Sum weight(int c, float least) const {
        const float z = at(c);
        return z >= least ? weight(z) : 0;
    }
};

// Numbers in the order of floats, -0 and 0 apart, and back.
__device__ inline unsigned keyOf(float z) {
    const unsigned bits = __float_as_uint(z);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

__device__ inline float ofKey(unsigned key) { return __uint_as_float(key >> 31 ? key & 0x7FFFFFFFu : ~key); }

// A warp's share of 0 .. count-1, in whole warps but at the end.
struct Share {
    int first;
    int end;

    __device__ explicit Share(int count) {
        const int warps = blockDim.x / WARP;
        const int each = (count + WARP * warps - 1) / (WARP * warps) * WARP;
        first = min(count, static_cast<int>(threadIdx.x) / WARP * each);
        end = min(count, first + each);
    }
};

// The sum of measure(i) over 0 .. count-1, in every thread; leaves each warp's in the scratch.
template <typename Measure>
__device__ inline Sum tally(int count, Measure measure, Scratch& scratch) {
    const Share share(count);
    const int lane = threadIdx.x % WARP;
    Sum own = 0;
    for (int i = share.first + lane; i < share.end; i += WARP) {
        own += measure(i);
    }
    own = warpSum(own);
    if (lane == 0) {
        scratch.sums[threadIdx.x / WARP] = own;
    }
    __syncthreads();
    return warpSum(lane < static_cast<int>(blockDim.x) / WARP ? scratch.sums[lane] : 0);
}

// The first i at which measure(0) + .. + measure(i) is at least `wanted`, which the tally before this reached.
template <typename Measure>
__device__ inline Place find(int count, Measure measure, Sum wanted, Scratch& scratch) {
    const Share share(count);
    const int lane = threadIdx.x % WARP;
    Sum before = 0;
    for (int warp = 0; warp < static_cast<int>(threadIdx.x) / WARP; warp++) {
        before += scratch.sums[warp];
    }
    if (before < wanted && wanted <= before + scratch.sums[threadIdx.x / WARP]) {
        for (int i = share.first; before < wanted; i += WARP) {
            const Sum own = i + lane < share.end ? measure(i + lane) : 0;
            Sum upTo = own;
            for (int distance = 1; distance < WARP; distance *= 2) {
                const Sum moved = __shfl_up_sync(FULL_WARP, upTo, distance);
                upTo += lane < distance ? 0 : moved;
            }
            upTo += before;
            if (upTo - own < wanted && wanted <= upTo) {
                scratch.place = {i + lane, upTo - own};
            }
            before = __shfl_sync(FULL_WARP, upTo, WARP - 1);
        }
    }
    __syncthreads();
    return scratch.place;
}

// The largest number of the row such that measure(z) of all from it up, none of them below `least`, adds to `wanted` or
// more. Three passes find its key from the high bits on.
template <typename Measure>
__device__ inline float threshold(const Row& row, float least, Measure measure, Sum wanted, Scratch& scratch) {
    unsigned key = 0;
    unsigned known = 0;
#pragma unroll 1
    for (int shift = 32 - DIGIT; known != ~0u; shift = max(shift - DIGIT, 0)) {
        for (int bin = threadIdx.x; bin < BINS; bin += blockDim.x) {
            scratch.bins[bin] = {0, 0};
        }
        __syncthreads();
        for (int c = threadIdx.x; c < row.columns; c += blockDim.x) {
            const float z = row.at(c);
            const unsigned own = keyOf(z);
            const Sum weight = z >= least && ((own ^ key) & known) == 0 ? measure(z) : 0;
            if (weight > 0) {
                scratch.bins[(own & ~known) >> shift].add(weight);
            }
        }
        __syncthreads();
        const auto downwards = [&](int i) { return scratch.bins[BINS - 1 - i].sum(); };
        tally(BINS, downwards, scratch);
        const Place place = find(BINS, downwards, wanted, scratch);
        key |= static_cast<unsigned>(BINS - 1 - place.at) << shift;
        known = ~0u << shift;
        wanted -= place.before;
    }
    return ofKey(key);
}

__device__ inline float warpLargest(float value) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        value = fmaxf(value, __shfl_xor_sync(FULL_WARP, value, distance));
    }
    return value;
}

// The largest number of the row, in every thread.
__device__ inline float largestOf(const Row& row, float* scratch) {
    const int lane = threadIdx.x % WARP;
    float largest = -INFINITY;
    for (int c = threadIdx.x; c < row.columns; c += blockDim.x) {
        largest = fmaxf(largest, row.at(c));
    }
    largest = warpLargest(largest);
    if (lane == 0) {
        scratch[threadIdx.x / WARP] = largest;
    }
    __syncthreads();
    return warpLargest(lane < static_cast<int>(blockDim.x) / WARP ? scratch[lane] : -INFINITY);
}

// 64 random bits.
__device__ inline Sum random(unsigned long long seed, int position) {
    const uint4 words = philox(make_uint4(static_cast<unsigned>(position), OPERATION, 0, 0),
                               make_uint2(static_cast<unsigned>(seed), static_cast<unsigned>(seed >> 32)));
    return static_cast<Sum>(words.y) << 32 | words.x;
}

// out[t] = a token drawn from x[t] by the random number of positions[t]. One block per row; blockDim.x a multiple of 32.
// topK is 0 where all may be drawn. x [rows, columns], positions [rows], out [rows].
extern "C" __global__ void __launch_bounds__(MOST_THREADS, 1)
    sample(const float* __restrict__ x, const int* __restrict__ positions, int* __restrict__ out, int columns,
           float inverseTemperature, int topK, double topP, unsigned long long seed) {
    __shared__ Scratch scratch;
    Row row{x + static_cast<std::size_t>(blockIdx.x) * columns, columns, 0, inverseTemperature};
    row.largest = largestOf(row, scratch.largest);
    float least = -INFINITY;
    if (topK > 0 && topK < columns) {
        least = threshold(row, least, [](float) -> Sum { return 1; }, topK, scratch);
    }
    const auto weigh = [&](int c) { return row.weight(c, least); };
    Sum total = tally(columns, weigh, scratch);
    if (topP < 1) {
        const Sum wanted = __double2ull_ru(topP * static_cast<double>(total));
        least = threshold(row, least, [&](float z) { return row.weight(z); }, min(max(wanted, Sum(1)), total), scratch);
        total = tally(columns, weigh, scratch);
    }
    const Place drawn = find(columns, weigh, __umul64hi(random(seed, positions[blockIdx.x]), total) + 1, scratch);
    if (threadIdx.x == 0) {
        out[blockIdx.x] = drawn.at;
    }
}
