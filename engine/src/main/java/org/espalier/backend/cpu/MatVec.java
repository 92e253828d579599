package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.tensor.DType;

/**
 * {@code y = x wᵀ (+ bias)} for a few tokens, as decoding needs it: every weight is read once, in its stored type, and the
 * memory sets the pace. Each token's numbers are those it would have alone.
 */
final class MatVec {

    /** More tokens than this are faster through matrix products. */
    static final int MAX_TOKENS = 4;

    /** Weight bytes of a task: enough to outweigh handing it out, few enough to stay in cache for the next token. */
    private static final int TASK_BYTES = 64 << 10;

    private final WorkerPool pool;
    private final Scratch scratch;
    /** {@code x} again: compiled loops check an array's bounds at less cost than a segment's. */
    private float[] copy = new float[0];

    MatVec(WorkerPool pool, Scratch scratch) {
        this.pool = pool;
        this.scratch = scratch;
    }

    /** Shapes as in {@link org.espalier.backend.LinearOps#linear}; {@code bias} is float32 or null. */
    void run(MemorySegment x, Weight weight, MemorySegment bias, MemorySegment y, int tokens) {
        int in = weight.in();
        int out = weight.out();
        float[] numbers = copyOf(x, weight.type(), tokens, in);
        scratch.require(4L * in);
        long rowBytes = Math.max(1, weight.type().bytes(in));
        int grain = Math.clamp(TASK_BYTES / rowBytes, 1, Math.max(1, out));
        pool.run(Math.ceilDiv(out, grain), (task, worker) -> {
            int sourceAt = task * grain;
            int targetAt = Math.min(out, sourceAt + grain);
            for (int t = 0; t < tokens; t++) {
                rows(weight, numbers, in * t, y, 4L * out * t, sourceAt, targetAt, scratch.of(worker));
            }
            if (bias != null) {
                Elementwise.addRow(y, out, tokens, bias, sourceAt, targetAt);
            }
        });
    }

    private static void rows(
            Weight weight, float[] x, int xAt, MemorySegment y, long yAt, int start, int end, MemorySegment row) {
        DType type = weight.type();
        MemorySegment w = weight.memory();
        int in = weight.in();
        switch (type) {
            case F32 -> FloatRows.dot(w, in, x, xAt, y, yAt, start, end);
            case BF16 -> BfloatRows.dot(w, in, x, xAt, y, yAt, start, end);
            case Q8_0 -> BlockDot.q8(w, in, x, xAt, y, yAt, start, end);
            case Q4_0 -> BlockDot.q4Symmetric(w, in, x, xAt, y, yAt, start, end);
            case Q4_1 -> BlockDot.q4Offset(w, in, x, xAt, y, yAt, start, end);
            default -> {
                for (int r = start; r < end; r++) {
                    Widen.decode(type, w, type.bytes(in) * r, row, 0, in);
                    FloatRows.dot(row, in, x, xAt, y, yAt + 4L * r, 0, 1);
                }
            }
        }
    }

    private float[] copyOf(MemorySegment x, DType type, int tokens, int in) {
        int count = tokens * in;
        if (copy.length < count) {
            copy = new float[count];
        }
        MemorySegment.copy(x, Lanes.FLOAT, 0, copy, 0, count);
        for (int t = 0; type == DType.BF16 && t < tokens; t++) {
            BfloatRows.arrange(copy, in * t, in);
        }
        return copy;
    }
}
