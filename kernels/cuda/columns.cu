// Neighbouring columns of a matrix copied to a place among those of another: a part of a fused projection, and its
// gradient back to its place. Bound by memory bandwidth.
#include "access.cuh"

// target[r, to + c] = beta target[r, to + c] + source[r, from + c] for `columns` columns; with beta 0 the old target is not
// read. A block has a row for each threadIdx.y, of which a thread takes four neighbouring numbers at a time.
// source [rows, sourceRow], target [rows, targetRow].
extern "C" __global__ void copy_columns(const float* __restrict__ source, int sourceRow, int from,
                                        float* __restrict__ target, float beta, int targetRow, int to, int rows,
                                        int columns) {
    const int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) {
        return;
    }
    const float* own = source + static_cast<std::size_t>(row) * sourceRow + from;
    float* place = target + static_cast<std::size_t>(row) * targetRow + to;
    const bool isWide = wide(own) && wide(place);
    for (int at = 4 * threadIdx.x; at < columns; at += 4 * blockDim.x) {
        accumulate4(place, at, columns, isWide, beta, load4(own, at, columns, isWide));
    }
}
