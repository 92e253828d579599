package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.tensor.DType;

/**
 * {@code y = x wᵀ (+ bias)} for a few tokens, as decoding needs it: every weight is read once, in its stored type, and the
 * memory sets the pace. Each token's numbers are those it would have alone.
 */
final class MatVec implements AutoCloseable {

    /** More tokens than this are faster through matrix products. */
    static final int MAX_TOKENS = 4;

    /** Weight bytes of a task: some microseconds, and small enough to be read again from cache for the next token. */
    private static final int TASK_BYTES = 32 << 10;

    private final WorkerPool pool;
    private final Scratch scratch;
    /** Sums of {@code x} by blocks, for Q4_1. */
    private final Scratch blockSums = new Scratch(1);

    MatVec(WorkerPool pool, Scratch scratch) {
        this.pool = pool;
        this.scratch = scratch;
    }

    /** Shapes as in {@link org.espalier.backend.LinearOps#linear}; {@code bias} is float32 or null. */
    void run(MemorySegment x, DType type, MemorySegment w, MemorySegment bias, MemorySegment y, int tokens, int in,
            int out) {
        MemorySegment sums = type == DType.Q4_1 ? sums(x, tokens, in) : null;
        scratch.require(4L * in);
        long rowBytes = Math.max(1, type.bytes(in));
        int grain = (int) Math.clamp(TASK_BYTES / rowBytes, 1, Math.max(1, out));
        pool.run(Math.ceilDiv(out, grain), (task, worker) -> {
            int from = task * grain;
            int to = Math.min(out, from + grain);
            for (int t = 0; t < tokens; t++) {
                MemorySegment tokenSums = sums == null ? null : sums.asSlice(sumBytes(in) * t, sumBytes(in));
                rows(type, w, in, x, 4L * in * t, tokenSums, y, 4L * out * t, from, to, scratch.of(worker));
            }
            if (bias != null) {
                Elementwise.addRow(y, out, tokens, bias, from, to);
            }
        });
    }

    private static void rows(DType type, MemorySegment w, int in, MemorySegment x, long xAt, MemorySegment sums,
            MemorySegment y, long yAt, int from, int to, MemorySegment row) {
        switch (type) {
            case F32 -> PlainDot.float32(w, in, x, xAt, y, yAt, from, to);
            case BF16 -> PlainDot.bfloat16(w, in, x, xAt, y, yAt, from, to);
            case F16 -> PlainDot.float16(w, in, x, xAt, y, yAt, from, to);
            case Q8_0 -> BlockDot.q8(w, in, x, xAt, y, yAt, from, to);
            case Q4_0 -> BlockDot.q4Symmetric(w, in, x, xAt, y, yAt, from, to);
            case Q4_1 -> BlockDot.q4Offset(w, in, x, xAt, sums, y, yAt, from, to);
            default -> {
                for (int r = from; r < to; r++) {
                    Widen.decode(type, w, type.bytes(in) * r, row, 0, in);
                    PlainDot.float32(row, in, x, xAt, y, yAt + 4L * r, 0, 1);
                }
            }
        }
    }

    private MemorySegment sums(MemorySegment x, int tokens, int in) {
        blockSums.require(sumBytes(in) * tokens);
        MemorySegment sums = blockSums.of(0);
        for (int t = 0; t < tokens; t++) {
            BlockDot.blockSums(x, 4L * in * t, in, sums.asSlice(sumBytes(in) * t, sumBytes(in)));
        }
        return sums;
    }

    private static long sumBytes(int in) {
        return 4L * Lanes.WIDTH * (in / DType.Q4_1.blockElements());
    }

    @Override
    public void close() {
        blockSums.close();
    }
}
