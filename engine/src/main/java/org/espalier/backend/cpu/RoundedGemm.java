package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.cpu.Grid.Tile;
import org.espalier.ffi.GemmOperand;
import org.espalier.tensor.DType;

/**
 * The products of a linear layer on numbers that are rounded to bfloat16, summed in float32. Operands are rounded once a call,
 * by all threads; a large weight panel by panel of its rows. A bfloat16 weight in memory is used where it lies. The cut depends on
 * the shapes alone, so the bytes do not depend on the threads.
 *
 * <p>In two parts a number is the sum of two bfloat16, what the first leaves rounded to the second, which misses it by at most
 * 2⁻¹⁶ of it. Of a product of two such sums the product of the second parts is left out, at most 2⁻¹⁶ of the whole: with both
 * operands' own error, a result is off by at most 3 · 2⁻¹⁶ of the sum of its products' absolute values, and float32's sums.
 */
final class RoundedGemm implements LinearProducts {

    /** Numbers of a weight that are rounded at once, in whole rows. */
    private static final int PANEL = 1 << 22;
    /** Numbers that a task rounds. */
    private static final int GRAIN = 1 << 14;

    private final WorkerPool pool;
    private final Scratch scratch;
    private final RoundedNumbers numbers;
    private final int parts;
    private final Scratch left = new Scratch(1);
    private final Scratch right = new Scratch(1);

    /**
     * @param scratch memory of the workers, to widen weights in
     * @param parts   bfloat16 numbers that one float32 number becomes, 1 or 2
     */
    RoundedGemm(WorkerPool pool, Scratch scratch, RoundedNumbers numbers, int parts) {
        this.pool = pool;
        this.scratch = scratch;
        this.numbers = numbers;
        this.parts = parts;
    }

    /** Rounded numbers: the first parts of all, then the second parts, if there are any. */
    private record Rounded(RoundedNumbers numbers, MemorySegment memory, long count, int parts) {

        GemmOperand part(int part, long first, int ld, boolean transposed) {
            return new GemmOperand(memory, numbers.at(count * part + first), ld, transposed);
        }
    }

    /** A matrix of rounded numbers: where it begins, numbers from row to row, and how it enters a product. */
    private record Matrix(Rounded rounded, long first, int ld, boolean transposed) {

        GemmOperand part(int part) {
            return rounded.part(part, first, ld, transposed);
        }

        int parts() {
            return rounded.parts;
        }
    }

    @Override
    public void forward(MemorySegment x, Weight w, MemorySegment bias, MemorySegment y, int tokens) {
        Rounded activations = round(x, (long) tokens * w.in(), left);
        int panel = panelRows(w);
        for (int first = 0; first < w.out(); first += panel) {
            int start = first;
            int count = Math.min(panel, w.out() - first);
            Rounded weight = round(w, first, count);
            Grid grid = Grid.of(tokens, count, 1);
            pool.run(grid.tiles(), (task, worker) -> {
                Tile tile = grid.tile(task);
                int column = start + tile.column();
                multiply(
                        tile,
                        w.in(),
                        new Matrix(activations, (long) w.in() * tile.row(), w.in(), false),
                        new Matrix(weight, (long) w.in() * tile.column(), w.in(), true),
                        0f,
                        GemmOperand.plain(y, 4L * ((long) w.out() * tile.row() + column), w.out()));
                if (bias != null) {
                    MemorySegment rows = y.asSlice(4L * w.out() * tile.row());
                    Elementwise.addRow(rows, w.out(), tile.rows(), bias, column, column + tile.columns());
                }
            });
        }
    }

    @Override
    public void backwardInput(MemorySegment dY, Weight w, MemorySegment dX, float beta, int tokens) {
        Rounded gradients = round(dY, (long) tokens * w.out(), left);
        Grid grid = Grid.of(tokens, w.in(), 1);
        int panel = panelRows(w);
        for (int first = 0; first < w.out(); first += panel) {
            int start = first;
            int count = Math.min(panel, w.out() - first);
            Rounded weight = round(w, first, count);
            pool.run(grid.tiles(), (task, worker) -> {
                Tile tile = grid.tile(task);
                multiply(
                        tile,
                        count,
                        new Matrix(gradients, (long) w.out() * tile.row() + start, w.out(), false),
                        new Matrix(weight, tile.column(), w.in(), false),
                        start == 0 ? beta : 1f,
                        GemmOperand.plain(dX, 4L * ((long) w.in() * tile.row() + tile.column()), w.in()));
            });
        }
    }

    @Override
    public void backwardWeight(
            MemorySegment x, MemorySegment dY, MemorySegment dW, float beta, int tokens, int in, int out) {
        Rounded activations = round(x, (long) tokens * in, left);
        Rounded gradients = round(dY, (long) tokens * out, right);
        Grid grid = Grid.of(out, in, 1);
        pool.run(grid.tiles(), (task, worker) -> {
            Tile tile = grid.tile(task);
            multiply(
                    tile,
                    tokens,
                    new Matrix(gradients, tile.row(), out, true),
                    new Matrix(activations, tile.column(), in, false),
                    beta,
                    GemmOperand.plain(dW, 4L * ((long) in * tile.row() + tile.column()), in));
        });
    }

    /** The sum of the products of all parts but that of both second ones. */
    private void multiply(Tile tile, int depth, Matrix a, Matrix b, float beta, GemmOperand c) {
        float factor = beta;
        for (int i = 0; i < a.parts(); i++) {
            for (int j = 0; j < b.parts() && i + j < 2; j++) {
                numbers.multiply(tile.rows(), tile.columns(), depth, 1f, a.part(i), b.part(j), factor, c);
                factor = 1f;
            }
        }
    }

    private Rounded round(MemorySegment floats, long count, Scratch room) {
        room.require(numbers.at(count * parts));
        MemorySegment target = room.of(0);
        pool.ranges(count, GRAIN, (start, end) -> round(floats, 4 * start, target, start, count, (int) (end - start)));
        return new Rounded(numbers, target, count, parts);
    }

    /** Rounds {@code count} of {@code all} floats to number {@code first} of the target on. */
    private void round(MemorySegment source, long sourceAt, MemorySegment target, long first, long all, int count) {
        numbers.store(source, sourceAt, target, numbers.at(first), count);
        if (parts == 2) {
            Narrow.bfloat16Rest(source, sourceAt, target, numbers.at(all + first), count);
        }
    }

    private int panelRows(Weight w) {
        return usedWhereItLies(w) ? Math.max(1, w.out()) : Math.max(1, PANEL / Math.max(1, w.in()));
    }

    private boolean usedWhereItLies(Weight w) {
        return w.type() == numbers.type() && w.type() == DType.BF16 && !w.mapped();
    }

    /** Rows {@code first .. first + count} of a weight; a stored bfloat16 needs no second part. */
    private Rounded round(Weight w, int first, int count) {
        long all = (long) w.in() * count;
        if (usedWhereItLies(w)) {
            return new Rounded(numbers, w.memory().asSlice(w.row(first)), all, 1);
        }
        if (w.type() == DType.F32) {
            return round(w.memory().asSlice(w.row(first)), all, right);
        }
        int stored = w.type() == DType.BF16 ? 1 : parts;
        right.require(numbers.at(all * parts));
        MemorySegment target = right.of(0);
        scratch.require(4L * w.in());
        int grain = Math.max(1, GRAIN / Math.max(1, w.in()));
        pool.run(Math.ceilDiv(count, grain), (task, worker) -> {
            MemorySegment row = scratch.of(worker);
            for (int r = task * grain; r < Math.min(count, (task + 1) * grain); r++) {
                Widen.decode(w.type(), w.memory(), w.row(first + r), row, 0, w.in());
                round(row, 0, target, (long) w.in() * r, all, w.in());
            }
        });
        return new Rounded(numbers, target, all, stored);
    }

    @Override
    public void close() {
        left.close();
        right.close();
    }
}
