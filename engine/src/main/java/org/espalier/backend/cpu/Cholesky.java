package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.HostSolve;
import org.espalier.backend.cpu.Grid.Tile;
import org.espalier.ffi.Cblas;
import org.espalier.ffi.GemmOperand;

/**
 * Positive definite systems by Cholesky's factorisation, block column by block column: a diagonal block and the rows below
 * it by hand, everything to the right by matrix products. The blocks depend on the sizes alone, so the bytes of the
 * solution do not depend on the threads. All matrices are float64, row by row.
 */
final class Cholesky {

    private static final int BLOCK = 96;
    /** Rows below a diagonal block that one task does. */
    private static final int ROWS = 32;
    /** Right sides that one task solves for: a multiple of a cache line. */
    private static final int STRIP = 64;

    private final WorkerPool pool;

    Cholesky(WorkerPool pool) {
        this.pool = pool;
    }

    /** {@code right [n, m] = matrix⁻¹ right}; the lower triangle of {@code matrix [n, n]} is overwritten. */
    void solve(MemorySegment matrix, MemorySegment right, int n, int m) {
        for (int start = 0; start < n; start += BLOCK) {
            factorise(matrix, n, start, Math.min(BLOCK, n - start));
        }
        pool.run(Math.ceilDiv(m, STRIP), (strip, worker) -> {
            int column = strip * STRIP;
            substitute(matrix, right, n, m, column, Math.min(STRIP, m - column));
        });
    }

    private void factorise(MemorySegment matrix, int n, int start, int size) {
        double[] diagonal = read(matrix, n, start, start, size, size);
        factorise(diagonal, size, start);
        write(diagonal, matrix, n, start, start, size, size);
        int below = start + size;
        int rest = n - below;
        pool.run(Math.ceilDiv(rest, ROWS), (task, worker) -> {
            int row = below + task * ROWS;
            int rows = Math.min(ROWS, n - row);
            double[] panel = read(matrix, n, row, start, rows, size);
            for (int i = 0; i < rows; i++) {
                eliminate(panel, i * size, diagonal, size, size);
            }
            write(panel, matrix, n, row, start, rows, size);
        });
        Grid grid = Grid.of(rest, rest, 1);
        pool.run(rest == 0 ? 0 : grid.tiles(), (task, worker) -> {
            Tile tile = grid.tile(task);
            if (tile.column() < tile.row() + tile.rows()) {
                Cblas.dgemm(
                        tile.rows(),
                        tile.columns(),
                        size,
                        -1,
                        GemmOperand.plain(matrix, at(n, below + tile.row(), start), n),
                        GemmOperand.transposed(matrix, at(n, below + tile.column(), start), n),
                        1,
                        GemmOperand.plain(matrix, at(n, below + tile.row(), below + tile.column()), n));
            }
        });
    }

    /** The lower triangle of a block by the factor {@code L} of {@code L Lᵀ}. */
    private static void factorise(double[] block, int size, int row) {
        for (int i = 0; i < size; i++) {
            eliminate(block, i * size, block, size, i);
            double rest = block[i * size + i];
            for (int k = 0; k < i; k++) {
                rest -= block[i * size + k] * block[i * size + k];
            }
            block[i * size + i] = Math.sqrt(HostSolve.requirePivot(rest, row + i));
        }
    }

    /** Solves {@code y Lᵀ = row} in place, for the first {@code count} numbers of a row and rows of {@code L [size, size]}. */
    private static void eliminate(double[] rows, int at, double[] factor, int size, int count) {
        for (int j = 0; j < count; j++) {
            double rest = rows[at + j];
            for (int k = 0; k < j; k++) {
                rest -= rows[at + k] * factor[j * size + k];
            }
            rows[at + j] = rest / factor[j * size + j];
        }
    }

    /** Solves {@code L Lᵀ x = right} for some columns. */
    private static void substitute(MemorySegment factor, MemorySegment right, int n, int m, int column, int width) {
        for (int start = 0; start < n; start += BLOCK) {
            int size = Math.min(BLOCK, n - start);
            Cblas.dgemm(
                    size,
                    width,
                    start,
                    -1,
                    GemmOperand.plain(factor, at(n, start, 0), n),
                    GemmOperand.plain(right, at(m, 0, column), m),
                    1,
                    GemmOperand.plain(right, at(m, start, column), m));
            forward(read(factor, n, start, start, size, size), right, m, start, column, size, width);
        }
        for (int start = (n - 1) / BLOCK * BLOCK; start >= 0; start -= BLOCK) {
            int size = Math.min(BLOCK, n - start);
            int below = start + size;
            Cblas.dgemm(
                    size,
                    width,
                    n - below,
                    -1,
                    GemmOperand.transposed(factor, at(n, Math.min(below, n - 1), start), n),
                    GemmOperand.plain(right, at(m, Math.min(below, n - 1), column), m),
                    1,
                    GemmOperand.plain(right, at(m, start, column), m));
            backward(read(factor, n, start, start, size, size), right, m, start, column, size, width);
        }
    }

    private static void forward(double[] block, MemorySegment right, int m, int row, int column, int size, int width) {
        double[] x = read(right, m, row, column, size, width);
        for (int i = 0; i < size; i++) {
            for (int k = 0; k < i; k++) {
                subtract(x, i * width, block[i * size + k], k * width, width);
            }
            divide(x, i * width, block[i * size + i], width);
        }
        write(x, right, m, row, column, size, width);
    }

    private static void backward(double[] block, MemorySegment right, int m, int row, int column, int size, int width) {
        double[] x = read(right, m, row, column, size, width);
        for (int i = size - 1; i >= 0; i--) {
            for (int k = i + 1; k < size; k++) {
                subtract(x, i * width, block[k * size + i], k * width, width);
            }
            divide(x, i * width, block[i * size + i], width);
        }
        write(x, right, m, row, column, size, width);
    }

    private static void subtract(double[] x, int targetAt, double factor, int sourceAt, int width) {
        for (int j = 0; j < width; j++) {
            x[targetAt + j] -= factor * x[sourceAt + j];
        }
    }

    private static void divide(double[] x, int at, double divisor, int width) {
        for (int j = 0; j < width; j++) {
            x[at + j] /= divisor;
        }
    }

    private static double[] read(MemorySegment matrix, int stride, int row, int column, int rows, int columns) {
        double[] block = new double[rows * columns];
        for (int i = 0; i < rows; i++) {
            MemorySegment.copy(matrix, Lanes.DOUBLE, at(stride, row + i, column), block, i * columns, columns);
        }
        return block;
    }

    private static void write(
            double[] block, MemorySegment matrix, int stride, int row, int column, int rows, int columns) {
        for (int i = 0; i < rows; i++) {
            MemorySegment.copy(block, i * columns, matrix, Lanes.DOUBLE, at(stride, row + i, column), columns);
        }
    }

    private static long at(int stride, int row, int column) {
        return 8L * ((long) stride * row + column);
    }
}
