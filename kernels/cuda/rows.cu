// Whole rows of any plain type copied by number: into a cache, and out of one. Bound by memory bandwidth.
// A row is `units` copies of a unit of 16, 4, 2 or 1 bytes, the widest that its size and both addresses allow. One block
// per token; a row number outside the larger tensor, which has `capacity` rows, stops the kernel.
#include "access.cuh"

template <typename Unit>
__device__ inline void copyRow(const Unit* from, Unit* to, int units) {
    for (int u = threadIdx.x; u < units; u += blockDim.x) {
        to[u] = from[u];
    }
}

// target[rows[t]] = source[t], rows distinct. source [tokens, units], target [capacity, units].
template <typename Unit>
__device__ inline void scatter(const void* source, const int* rows, void* target, int capacity, int units) {
    const std::size_t row = checkedRow(rows[blockIdx.x], capacity);
    copyRow(static_cast<const Unit*>(source) + static_cast<std::size_t>(blockIdx.x) * units,
            static_cast<Unit*>(target) + row * units, units);
}

// target[t] = source[rows[t]]. source [capacity, units], target [tokens, units].
template <typename Unit>
__device__ inline void gather(const void* source, const int* rows, void* target, int capacity, int units) {
    const std::size_t row = checkedRow(rows[blockIdx.x], capacity);
    copyRow(static_cast<const Unit*>(source) + row * units,
            static_cast<Unit*>(target) + static_cast<std::size_t>(blockIdx.x) * units, units);
}

#define ROWS(BYTES, UNIT)                                                                                       \
    extern "C" __global__ void rows_scatter_##BYTES(const void* __restrict__ source, const int* __restrict__ rows, \
                                                    void* __restrict__ target, int capacity, int units) {       \
        scatter<UNIT>(source, rows, target, capacity, units);                                                   \
    }                                                                                                           \
    extern "C" __global__ void rows_gather_##BYTES(const void* __restrict__ source, const int* __restrict__ rows, \
                                                   void* __restrict__ target, int capacity, int units) {        \
        gather<UNIT>(source, rows, target, capacity, units);                                                    \
    }
ROWS(1, unsigned char)
ROWS(2, unsigned short)
ROWS(4, unsigned)
ROWS(16, uint4)
