package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.LossOps;

/** Cross-entropy of float32 rows; formulas in {@link LossOps}. */
final class Loss {

    private final WorkerPool pool;

    Loss(WorkerPool pool) {
        this.pool = pool;
    }

    void forward(
            MemorySegment logits,
            MemorySegment targets,
            MemorySegment loss,
            MemorySegment logSum,
            int tokens,
            int vocab) {
        pool.run(tokens, (t, worker) -> {
            long row = 4L * vocab * t;
            double total = logSum(logits, row, vocab);
            int target = targets.get(Lanes.INT, 4L * t);
            logSum.set(Lanes.FLOAT, 4L * t, (float) total);
            loss.set(
                    Lanes.FLOAT,
                    4L * t,
                    target == LossOps.IGNORED ? 0f : (float) (total - logits.get(Lanes.FLOAT, row + 4L * target)));
        });
    }

    /** {@code log Σ_v e^logits[v]} of one row. */
    static double logSum(MemorySegment logits, long row, int vocab) {
        float max = Softmax.max(logits, row, vocab);
        return max + StrictMath.log(Softmax.sumExp(logits, row, vocab, max));
    }

    void backward(
            MemorySegment logits,
            MemorySegment targets,
            MemorySegment logSum,
            float weight,
            MemorySegment dLogits,
            int tokens,
            int vocab) {
        pool.run(tokens, (t, worker) -> {
            long row = 4L * vocab * t;
            int target = targets.get(Lanes.INT, 4L * t);
            if (target == LossOps.IGNORED) {
                dLogits.asSlice(row, 4L * vocab).fill((byte) 0);
                return;
            }
            Softmax.scaledExp(logits, dLogits, row, vocab, logSum.get(Lanes.FLOAT, 4L * t), weight);
            long at = row + 4L * target;
            dLogits.set(Lanes.FLOAT, at, dLogits.get(Lanes.FLOAT, at) - weight);
        });
    }
}
