package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.cpu.Grid.Tile;
import org.espalier.ffi.Cblas;
import org.espalier.ffi.GemmOperand;

/**
 * Sums of products over tokens: float32 products of a chunk of tokens, added to the float64 sum chunk by chunk. The
 * tiles of the sum are shared by the workers, so its bytes do not depend on how many there are.
 */
final class Correlation {

    /** Tokens of a float32 product: its rounding stays near that of one number, its speed near the full one. */
    private static final int CHUNK = 512;

    private final WorkerPool pool;
    private final Scratch scratch;

    Correlation(WorkerPool pool, Scratch scratch) {
        this.pool = pool;
        this.scratch = scratch;
    }

    /** {@code sum [n, m] = beta sum + Σ weights a bᵀ} with {@code a [tokens, n]} and {@code b [tokens, m]}. */
    void run(
            MemorySegment a,
            MemorySegment b,
            MemorySegment weights,
            MemorySegment sum,
            float beta,
            int tokens,
            int n,
            int m) {
        Grid grid = Grid.of(n, m, 1);
        long product = 4L * grid.rows().part() * grid.columns().part();
        scratch.require(product + 4L * CHUNK * grid.rows().part());
        pool.run(grid.tiles(), (task, worker) -> {
            Tile tile = grid.tile(task);
            if (beta == 0) {
                clear(sum, m, tile);
            }
            MemorySegment result = scratch.of(worker).asSlice(0, product);
            MemorySegment weighted = scratch.of(worker).asSlice(product);
            for (int start = 0; start < tokens; start += CHUNK) {
                int count = Math.min(CHUNK, tokens - start);
                MemorySegment left = a;
                long leftAt = 4L * ((long) n * start + tile.row());
                int leftRow = n;
                if (weights != null) {
                    weigh(a, leftAt, n, weights, start, count, tile.rows(), weighted);
                    left = weighted;
                    leftAt = 0;
                    leftRow = tile.rows();
                }
                Cblas.sgemm(
                        tile.rows(),
                        tile.columns(),
                        count,
                        1f,
                        GemmOperand.transposed(left, leftAt, leftRow),
                        GemmOperand.plain(b, 4L * ((long) m * start + tile.column()), m),
                        0f,
                        GemmOperand.plain(result, 0, tile.columns()));
                add(result, sum, m, tile);
            }
        });
    }

    private static void clear(MemorySegment sum, int m, Tile tile) {
        for (int i = 0; i < tile.rows(); i++) {
            sum.asSlice(8L * ((long) m * (tile.row() + i) + tile.column()), 8L * tile.columns())
                    .fill((byte) 0);
        }
    }

    /** Rows of {@code a}, each times its token's weight, laid end to end. */
    private static void weigh(
            MemorySegment a,
            long at,
            int stride,
            MemorySegment weights,
            int start,
            int count,
            int width,
            MemorySegment target) {
        for (int t = 0; t < count; t++) {
            float weight = weights.get(Lanes.FLOAT, 4L * (start + t));
            long row = at + 4L * stride * t;
            for (int i = 0; i < width; i++) {
                target.set(Lanes.FLOAT, 4L * ((long) t * width + i), weight * a.get(Lanes.FLOAT, row + 4L * i));
            }
        }
    }

    private static void add(MemorySegment product, MemorySegment sum, int m, Tile tile) {
        for (int i = 0; i < tile.rows(); i++) {
            long sourceAt = 4L * i * tile.columns();
            long targetAt = 8L * ((long) m * (tile.row() + i) + tile.column());
            for (int j = 0; j < tile.columns(); j++) {
                sum.set(
                        Lanes.DOUBLE,
                        targetAt + 8L * j,
                        sum.get(Lanes.DOUBLE, targetAt + 8L * j) + product.get(Lanes.FLOAT, sourceAt + 4L * j));
            }
        }
    }
}
