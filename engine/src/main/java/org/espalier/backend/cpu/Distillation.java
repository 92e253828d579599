package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.espalier.backend.LossOps;

/** Loss against a teacher's distribution, of float32 rows; formulas in {@link org.espalier.backend.DistillationOps}. */
final class Distillation {

    /** Numbers summed in float32 before the sum goes on in float64. */
    private static final int PIECE = 512;

    /**
     * What is compared.
     *
     * @param logits        {@code [tokens, vocab]}
     * @param teacher       {@code [tokens, vocab]}
     * @param targets       {@code [tokens]}
     * @param logSum        {@code [tokens]}, written forwards and read backwards
     * @param teacherLogSum {@code [tokens]}, likewise
     */
    record Input(
            MemorySegment logits,
            MemorySegment teacher,
            MemorySegment targets,
            MemorySegment logSum,
            MemorySegment teacherLogSum,
            int tokens,
            int vocab) {

        private long row(long t) {
            return 4L * vocab * t;
        }

        private int target(long t) {
            return targets.get(Lanes.INT, 4 * t);
        }
    }

    private final WorkerPool pool;
    private final Input in;
    private final double share;

    Distillation(WorkerPool pool, Input in, double share) {
        this.pool = pool;
        this.in = in;
        this.share = share;
    }

    void forward(MemorySegment loss) {
        pool.run(in.tokens, (t, worker) -> {
            float logSum = (float) Loss.logSum(in.logits, in.row(t), in.vocab);
            float teacherLogSum = (float) Loss.logSum(in.teacher, in.row(t), in.vocab);
            in.logSum.set(Lanes.FLOAT, 4L * t, logSum);
            in.teacherLogSum.set(Lanes.FLOAT, 4L * t, teacherLogSum);
            loss.set(Lanes.FLOAT, 4L * t, (float) loss(t, logSum, teacherLogSum));
        });
    }

    private double loss(long t, float logSum, float teacherLogSum) {
        int target = in.target(t);
        if (target == LossOps.IGNORED) {
            return 0;
        }
        double ofTarget = (double) logSum - in.logits.get(Lanes.FLOAT, in.row(t) + 4L * target);
        return (1 - share) * ofTarget + (share == 0 ? 0 : share * divergence(in.row(t), logSum, teacherLogSum));
    }

    /** {@code KL(p‖q)} of one row. */
    private double divergence(long row, float logSum, float teacherLogSum) {
        long logits = Raw.address(in.logits, row, 4L * in.vocab);
        long teacher = Raw.address(in.teacher, row, 4L * in.vocab);
        double sum = 0;
        for (int v = 0; v < in.vocab; v += PIECE) {
            int count = Math.min(PIECE, in.vocab - v);
            sum += piece(logits + 4L * v, teacher + 4L * v, count, logSum, teacherLogSum);
        }
        return sum;
    }

    /** Number {@code v} goes to partial sum {@code v mod 16}; those past the last 16 are added one by one. */
    private static float piece(long logits, long teacher, int count, float logSum, float teacherLogSum) {
        FloatVector sums = FloatVector.zero(Lanes.FLOATS);
        int whole = count - count % Widest.PARTIALS;
        for (int lane = 0; lane < Widest.PARTIALS; lane += Widest.WIDTH) {
            FloatVector partial = FloatVector.zero(Widest.FLOATS);
            for (int v = lane; v < whole; v += Widest.PARTIALS) {
                FloatVector logP = Widest.load(teacher + 4L * v).sub(teacherLogSum);
                FloatVector logQ = Widest.load(logits + 4L * v).sub(logSum);
                partial = partial.add(FastExp.exp(logP).mul(logP.sub(logQ)));
            }
            sums = sums.add(Widest.fold(partial));
        }
        float sum = Lanes.sum(sums);
        for (int v = whole; v < count; v++) {
            float logP = Raw.MEMORY.get(Lanes.FLOAT, teacher + 4L * v) - teacherLogSum;
            float logQ = Raw.MEMORY.get(Lanes.FLOAT, logits + 4L * v) - logSum;
            sum += FastExp.exp(logP) * (logP - logQ);
        }
        return sum;
    }

    void backward(float weight, MemorySegment dLogits) {
        float ofTeacher = (float) (weight * share);
        float ofTarget = (float) (weight * (1 - share));
        pool.run(in.tokens, (t, worker) -> {
            long row = in.row(t);
            int target = in.target(t);
            if (target == LossOps.IGNORED) {
                dLogits.asSlice(row, 4L * in.vocab).fill((byte) 0);
                return;
            }
            Softmax.scaledExp(in.logits, dLogits, row, in.vocab, in.logSum.get(Lanes.FLOAT, 4L * t), weight);
            if (ofTeacher != 0) {
                subtractTeacher(dLogits, row, in.teacherLogSum.get(Lanes.FLOAT, 4L * t), ofTeacher);
            }
            long at = row + 4L * target;
            dLogits.set(Lanes.FLOAT, at, dLogits.get(Lanes.FLOAT, at) - ofTarget);
        });
    }

    /** {@code dLogits −= factor · p}. A loop of its own: see {@link Softmax}. */
    private void subtractTeacher(MemorySegment dLogits, long row, float logSum, float factor) {
        long teacher = Raw.address(in.teacher, row, 4L * in.vocab);
        long target = Raw.address(dLogits, row, 4L * in.vocab);
        int whole = Widest.whole(in.vocab);
        for (int v = 0; v < whole; v += Widest.WIDTH) {
            FloatVector p = FastExp.exp(Widest.load(teacher + 4L * v).sub(logSum));
            Widest.store(Widest.load(target + 4L * v).sub(p.mul(factor)), target + 4L * v);
        }
        for (int v = whole; v < in.vocab; v++) {
            float p = FastExp.exp(Raw.MEMORY.get(Lanes.FLOAT, teacher + 4L * v) - logSum);
            long at = target + 4L * v;
            Raw.MEMORY.set(Lanes.FLOAT, at, Raw.MEMORY.get(Lanes.FLOAT, at) - p * factor);
        }
    }
}
