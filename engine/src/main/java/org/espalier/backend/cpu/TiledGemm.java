package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.ffi.Cblas;
import org.espalier.tensor.DType;

/**
 * The products of a linear layer, cut into tiles of single-threaded OpenBLAS calls. The cut depends on the shapes and the
 * weight's type only, so the bytes do not depend on the threads. A weight that is not float32 is widened tile by tile into
 * the worker's scratch memory, where it stays in cache for the product. All activations are float32.
 */
final class TiledGemm {

    /** Tiles end at multiples of this, if they can: a whole number of registers and of small blocks. */
    private static final int MULTIPLE = 32;
    /** Rows of a weight in a tile of the forward product; columns in a tile of the input's gradient. */
    private static final int PANEL = 256;
    /** Tokens in a tile. */
    private static final int TOKENS = 256;
    /** Rows of a narrow weight widened at once for the input's gradient. */
    private static final int DEPTH = 1024;
    /** Rows and columns of a tile of the weight's gradient. */
    private static final int GRADIENT = 384;

    private final WorkerPool pool;
    private final Scratch scratch;

    TiledGemm(WorkerPool pool, Scratch scratch) {
        this.pool = pool;
        this.scratch = scratch;
    }

    /** {@code y [tokens, out] = x [tokens, in] wᵀ}, plus {@code bias [out]} if it is not null. */
    void forward(MemorySegment x, DType type, MemorySegment w, MemorySegment bias, MemorySegment y, int tokens, int in,
            int out) {
        Cut rows = Cut.of(tokens, TOKENS, MULTIPLE);
        Cut panels = Cut.of(out, PANEL, MULTIPLE);
        boolean narrow = type != DType.F32;
        if (narrow) {
            scratch.require(4L * PANEL * in);
        }
        pool.run(rows.count() * panels.count(), (task, worker) -> {
            int t = rows.start(task / panels.count());
            int m = rows.end(task / panels.count()) - t;
            int o = panels.start(task % panels.count());
            int n = panels.end(task % panels.count()) - o;
            MemorySegment b = w;
            long bAt = 4L * in * o;
            if (narrow) {
                b = scratch.of(worker);
                bAt = 0;
                Widen.decode(type, w, type.bytes((long) in * o), b, 0, n * in);
            }
            Cblas.sgemm(false, true, m, n, in, 1f, x, 4L * in * t, in, b, bAt, in, 0f, y, 4L * ((long) out * t + o), out);
            if (bias != null) {
                Elementwise.addRow(y.asSlice(4L * out * t), out, m, bias, o, o + n);
            }
        });
    }

    /** {@code dX [tokens, in] = beta dX + dY [tokens, out] w}. */
    void backwardInput(MemorySegment dY, DType type, MemorySegment w, MemorySegment dX, float beta, int tokens, int in,
            int out) {
        Cut rows = Cut.of(tokens, TOKENS, MULTIPLE);
        Cut panels = Cut.of(in, PANEL, Math.max(MULTIPLE, type.blockElements()));
        boolean narrow = type != DType.F32;
        if (narrow) {
            scratch.require(4L * PANEL * DEPTH);
        }
        pool.run(rows.count() * panels.count(), (task, worker) -> {
            int t = rows.start(task / panels.count());
            int m = rows.end(task / panels.count()) - t;
            int c = panels.start(task % panels.count());
            int n = panels.end(task % panels.count()) - c;
            long target = 4L * ((long) in * t + c);
            if (!narrow) {
                Cblas.sgemm(false, false, m, n, out, 1f, dY, 4L * out * t, out, w, 4L * c, in, beta, dX, target, in);
                return;
            }
            MemorySegment b = scratch.of(worker);
            for (int o = 0; o < out; o += DEPTH) {
                int k = Math.min(DEPTH, out - o);
                for (int r = 0; r < k; r++) {
                    Widen.decode(type, w, type.bytes((long) in * (o + r) + c), b, 4L * n * r, n);
                }
                Cblas.sgemm(false, false, m, n, k, 1f, dY, 4L * ((long) out * t + o), out, b, 0, n, o == 0 ? beta : 1f,
                        dX, target, in);
            }
        });
    }

    /** {@code dW [out, in] = beta dW + dYᵀ [out, tokens] x [tokens, in]}. */
    void backwardWeight(MemorySegment x, MemorySegment dY, MemorySegment dW, float beta, int tokens, int in, int out) {
        Cut rows = Cut.of(out, GRADIENT, MULTIPLE);
        Cut columns = Cut.of(in, GRADIENT, MULTIPLE);
        pool.run(rows.count() * columns.count(), (task, worker) -> {
            int o = rows.start(task / columns.count());
            int m = rows.end(task / columns.count()) - o;
            int c = columns.start(task % columns.count());
            int n = columns.end(task % columns.count()) - c;
            Cblas.sgemm(true, false, m, n, tokens, 1f, dY, 4L * o, out, x, 4L * c, in, beta,
                    dW, 4L * ((long) in * o + c), in);
        });
    }
}
