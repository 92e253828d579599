package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.espalier.backend.Sequences;
import org.espalier.backend.cpu.Grid.Tile;
import org.espalier.ffi.GemmOperand;

/**
 * Sums of squared weight gradients over sequences. A tile of the weight's gradient is computed for one sequence after the
 * other in the worker's scratch memory, where it is squared and added: no sequence's gradient is ever there as a whole.
 */
final class SquaredGradients {

    private final WorkerPool pool;
    private final Scratch scratch;
    private final BlockProducts products;

    SquaredGradients(CpuSession session) {
        this.pool = session.pool();
        this.scratch = session.scratch();
        this.products = session.blocks();
    }

    /** See {@link org.espalier.backend.CalibrationOps#squaredGradients}; {@code gradient} may be null. All is float32. */
    void run(
            Sequences rows,
            double[] factors,
            MemorySegment x,
            MemorySegment dY,
            MemorySegment gradient,
            MemorySegment squares,
            float beta,
            int in,
            int out) {
        Grid grid = Grid.of(out, in, 1);
        long gradientBytes = 4L * grid.rows().part() * grid.columns().part();
        scratch.require(gradientBytes + room(rows, grid));
        pool.run(grid.tiles(), (task, worker) -> {
            Tile tile = grid.tile(task);
            MemorySegment panel = scratch.of(worker).asSlice(0, gradientBytes);
            MemorySegment room = scratch.of(worker).asSlice(gradientBytes);
            if (beta == 0) {
                clear(squares, tile, in);
                if (gradient != null) {
                    clear(gradient, tile, in);
                }
            }
            for (int s = 0; s < rows.count(); s++) {
                long first = rows.queryStart()[s];
                products.multiply(
                        tile.rows(),
                        tile.columns(),
                        rows.queries(s),
                        1f,
                        GemmOperand.transposed(dY, 4L * (first * out + tile.row()), out),
                        GemmOperand.plain(x, 4L * (first * in + tile.column()), in),
                        0f,
                        GemmOperand.plain(panel, 0, tile.columns()),
                        room);
                add(panel, tile, (float) factors[s], gradient, squares, in);
            }
        });
    }

    /** Bytes of room for a tile's operands, of the longest sequence. */
    private long room(Sequences rows, Grid grid) {
        long longest = 0;
        for (int s = 0; s < rows.count(); s++) {
            longest = Math.max(longest, rows.queries(s));
        }
        return products.room(longest * (grid.rows().part() + grid.columns().part()));
    }

    private static void clear(MemorySegment target, Tile tile, int in) {
        for (int r = 0; r < tile.rows(); r++) {
            target.asSlice(offset(tile, r, in), 4L * tile.columns()).fill((byte) 0);
        }
    }

    private static long offset(Tile tile, int row, int in) {
        return 4L * ((long) in * (tile.row() + row) + tile.column());
    }

    private static void add(
            MemorySegment panel, Tile tile, float factor, MemorySegment gradient, MemorySegment squares, int in) {
        for (int r = 0; r < tile.rows(); r++) {
            long sourceAt = 4L * r * tile.columns();
            long targetAt = offset(tile, r, in);
            addSquares(panel, sourceAt, factor, squares, targetAt, tile.columns());
            if (gradient != null) {
                addNumbers(panel, sourceAt, gradient, targetAt, tile.columns());
            }
        }
    }

    private static void addSquares(
            MemorySegment panel, long sourceAt, float factor, MemorySegment squares, long targetAt, int count) {
        int whole = Lanes.whole(count);
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            FloatVector g = Lanes.load(panel, sourceAt + 4L * i);
            Lanes.store(g.mul(factor).fma(g, Lanes.load(squares, targetAt + 4L * i)), squares, targetAt + 4L * i);
        }
        if (whole < count) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(whole, count);
            FloatVector g = Lanes.load(panel, sourceAt + 4L * whole, mask);
            Lanes.store(
                    g.mul(factor).fma(g, Lanes.load(squares, targetAt + 4L * whole, mask)),
                    squares,
                    targetAt + 4L * whole,
                    mask);
        }
    }

    private static void addNumbers(
            MemorySegment panel, long sourceAt, MemorySegment gradient, long targetAt, int count) {
        int whole = Lanes.whole(count);
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            Lanes.store(
                    Lanes.load(panel, sourceAt + 4L * i).add(Lanes.load(gradient, targetAt + 4L * i)),
                    gradient,
                    targetAt + 4L * i);
        }
        if (whole < count) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(whole, count);
            FloatVector sum = Lanes.load(panel, sourceAt + 4L * whole, mask)
                    .add(Lanes.load(gradient, targetAt + 4L * whole, mask));
            Lanes.store(sum, gradient, targetAt + 4L * whole, mask);
        }
    }
}
