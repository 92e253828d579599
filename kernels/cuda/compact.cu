// Structured compaction: rows and columns of a matrix of any plain type, copied as they are. Bound by memory bandwidth.
//
// A thread has 16 bytes of neighbouring columns of the target and takes them from 16 rows, so that it looks up its columns
// once. Where they are neighbours in the source too, as those of a head are, and both sides are aligned, it copies them in
// one access, else one by one.
//
// In place the target goes through other memory, some rows after the others, so that a row must come from its own place or
// from later: what is before has been overwritten, or may have been.
#include "access.cuh"

constexpr int WIDE = 16;
constexpr int PANEL_ROWS = 16;

template <typename T>
__device__ inline bool aligned(const T* at) {
    return reinterpret_cast<std::uintptr_t>(at) % WIDE == 0;
}

// The row that row i of the target comes from. A number outside the source or before earliest + i stops the kernel.
__device__ inline int sourceRow(const int* rows, int i, int out, int earliest) {
    if (rows == nullptr) {
        return i;
    }
    const int row = checkedRow(rows[i], out);
    if (row < earliest + i) {
        __trap();
    }
    return row;
}

// target[i, k] = source[rows[i], columns[k]]; a list is null where all stay. source [out, in], target [keptRows,
// keptColumns]. A row or column number outside the source stops the kernel, and a row before earliest + i, which may be
// negative. Block (columns, 16 rows).
template <typename T>
__device__ inline void gather(const void* source, const int* rows, const int* columns, void* target, int out, int in,
                              int keptRows, int keptColumns, int earliest) {
    constexpr int COUNT = WIDE / sizeof(T);
    const int first = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * COUNT;
    const int count = min(COUNT, keptColumns - first);
    if (count <= 0) {
        return;
    }
    int at[COUNT];
    bool neighbours = count == COUNT;
#pragma unroll
    for (int k = 0; k < COUNT; k++) {
        const int column = min(first + k, keptColumns - 1);
        at[k] = columns == nullptr ? column : checkedRow(columns[column], in);
        neighbours = neighbours && at[k] == at[0] + k;
    }
    const int end = min(keptRows, static_cast<int>(blockIdx.y + 1) * PANEL_ROWS);
    for (int i = blockIdx.y * PANEL_ROWS; i < end; i++) {
        const std::size_t row = sourceRow(rows, i, out, earliest);
        const T* from = static_cast<const T*>(source) + row * in;
        T* to = static_cast<T*>(target) + static_cast<std::size_t>(i) * keptColumns + first;
        if (neighbours && aligned(from + at[0]) && aligned(to)) {
            *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(from + at[0]);
        } else {
#pragma unroll
            for (int k = 0; k < COUNT; k++) {
                if (k < count) {
                    to[k] = from[at[k]];
                }
            }
        }
    }
}

#define GATHER(BYTES, TYPE)                                                                                          \
    extern "C" __global__ void gather_##BYTES(const void* __restrict__ source, const int* __restrict__ rows,         \
                                              const int* __restrict__ columns, void* __restrict__ target, int out,    \
                                              int in, int keptRows, int keptColumns, int earliest) {                  \
        gather<TYPE>(source, rows, columns, target, out, in, keptRows, keptColumns, earliest);                        \
    }
GATHER(1, unsigned char)
GATHER(2, unsigned short)
GATHER(4, unsigned)
GATHER(8, unsigned long long)
