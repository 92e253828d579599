package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.cpu.Grid.Tile;
import org.espalier.ffi.Cblas;
import org.espalier.ffi.GemmOperand;
import org.espalier.tensor.DType;

/**
 * The products of a linear layer, cut into tiles of single-threaded OpenBLAS calls. The cut depends on the shapes and the
 * weight's type only, so the bytes do not depend on the threads. A weight that is not float32 is widened tile by tile into
 * the worker's scratch memory. So is a float32 weight in a mapped file copied: if somebody shortens the file, a copy ends in
 * an exception, where OpenBLAS would end the process. All activations are float32.
 */
final class TiledGemm implements LinearProducts {

    /** Rows of a narrow weight widened at once for the input's gradient. */
    private static final int DEPTH = 1024;

    private final WorkerPool pool;
    private final Scratch scratch;

    TiledGemm(WorkerPool pool, Scratch scratch) {
        this.pool = pool;
        this.scratch = scratch;
    }

    @Override
    public void forward(MemorySegment x, Weight w, MemorySegment bias, MemorySegment y, int tokens) {
        int in = w.in();
        int out = w.out();
        Grid grid = Grid.of(tokens, out, 1);
        boolean narrow = w.type() != DType.F32 || w.mapped();
        if (narrow) {
            scratch.require(4L * grid.columns().part() * in);
        }
        pool.run(grid.tiles(), (task, worker) -> {
            Tile tile = grid.tile(task);
            long xAt = 4L * in * tile.row();
            long yAt = 4L * ((long) out * tile.row() + tile.column());
            if (narrow) {
                MemorySegment panel = scratch.of(worker);
                Widen.decode(w.type(), w.memory(), w.row(tile.column()), panel, 0, tile.columns() * in);
                Cblas.sgemm(
                        tile.rows(),
                        tile.columns(),
                        in,
                        1f,
                        GemmOperand.plain(x, xAt, in),
                        GemmOperand.transposed(panel, 0, in),
                        0f,
                        GemmOperand.plain(y, yAt, out));
            } else {
                Cblas.sgemm(
                        tile.rows(),
                        tile.columns(),
                        in,
                        1f,
                        GemmOperand.plain(x, xAt, in),
                        GemmOperand.transposed(w.memory(), w.row(tile.column()), in),
                        0f,
                        GemmOperand.plain(y, yAt, out));
            }
            if (bias != null) {
                Elementwise.addRow(
                        y.asSlice(4L * out * tile.row()),
                        out,
                        tile.rows(),
                        bias,
                        tile.column(),
                        tile.column() + tile.columns());
            }
        });
    }

    @Override
    public void backwardInput(MemorySegment dY, Weight w, MemorySegment dX, float beta, int tokens) {
        int in = w.in();
        int out = w.out();
        Grid grid = Grid.of(tokens, in, w.type().blockElements());
        boolean narrow = w.type() != DType.F32;
        if (narrow) {
            scratch.require(4L * grid.columns().part() * DEPTH);
        } else if (w.mapped()) {
            scratch.require(4L * grid.columns().part() * out);
        }
        pool.run(grid.tiles(), (task, worker) -> {
            Tile tile = grid.tile(task);
            if (narrow) {
                deepTile(dY, w, dX, beta, tile, scratch.of(worker));
            } else if (w.mapped()) {
                tile(dY, copied(w, tile, scratch.of(worker)), dX, beta, tile, in, out);
            } else {
                tile(dY, GemmOperand.plain(w.memory(), 4L * tile.column(), in), dX, beta, tile, in, out);
            }
        });
    }

    /** A tile of the input's gradient. */
    private static void tile(
            MemorySegment dY, GemmOperand w, MemorySegment dX, float beta, Tile tile, int in, int out) {
        Cblas.sgemm(
                tile.rows(),
                tile.columns(),
                out,
                1f,
                GemmOperand.plain(dY, 4L * out * tile.row(), out),
                w,
                beta,
                GemmOperand.plain(dX, 4L * ((long) in * tile.row() + tile.column()), in));
    }

    /** The columns of a float32 weight {@code [out, in]} that a tile of the input's gradient takes. */
    private static GemmOperand copied(Weight w, Tile tile, MemorySegment panel) {
        int columns = tile.columns();
        for (int o = 0; o < w.out(); o++) {
            MemorySegment.copy(w.memory(), w.row(o) + 4L * tile.column(), panel, 4L * columns * o, 4L * columns);
        }
        return GemmOperand.plain(panel, 0, columns);
    }

    /** A tile of the input's gradient, summed over parts of a narrow weight's rows in ascending order. */
    private static void deepTile(
            MemorySegment dY, Weight w, MemorySegment dX, float beta, Tile tile, MemorySegment panel) {
        DType type = w.type();
        int in = w.in();
        int out = w.out();
        int columns = tile.columns();
        long dXAt = 4L * ((long) in * tile.row() + tile.column());
        for (int o = 0; o < out; o += DEPTH) {
            int depth = Math.min(DEPTH, out - o);
            for (int r = 0; r < depth; r++) {
                Widen.decode(
                        type,
                        w.memory(),
                        type.bytes((long) in * (o + r) + tile.column()),
                        panel,
                        4L * columns * r,
                        columns);
            }
            Cblas.sgemm(
                    tile.rows(),
                    columns,
                    depth,
                    1f,
                    GemmOperand.plain(dY, 4L * ((long) out * tile.row() + o), out),
                    GemmOperand.plain(panel, 0, columns),
                    o == 0 ? beta : 1f,
                    GemmOperand.plain(dX, dXAt, in));
        }
    }

    @Override
    public void backwardWeight(
            MemorySegment x, MemorySegment dY, MemorySegment dW, float beta, int tokens, int in, int out) {
        Grid grid = Grid.of(out, in, 1);
        pool.run(grid.tiles(), (task, worker) -> {
            Tile tile = grid.tile(task);
            Cblas.sgemm(
                    tile.rows(),
                    tile.columns(),
                    tokens,
                    1f,
                    GemmOperand.transposed(dY, 4L * tile.row(), out),
                    GemmOperand.plain(x, 4L * tile.column(), in),
                    beta,
                    GemmOperand.plain(dW, 4L * ((long) in * tile.row() + tile.column()), in));
        });
    }
}
