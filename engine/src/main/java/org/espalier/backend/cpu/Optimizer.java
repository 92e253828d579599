package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.espalier.backend.AdamW;

/** The optimiser's operations on float32; formulas in {@link org.espalier.backend.OptimizerOps}. */
final class Optimizer {

    private static final VectorSpecies<Float> HALF_FLOATS = FloatVector.SPECIES_128;
    private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_256;
    private static final int DOUBLE_WIDTH = 4;

    private final WorkerPool pool;

    Optimizer(WorkerPool pool) {
        this.pool = pool;
    }

    /** {@code Σ x²} in float64: eight partial sums for each chunk, chunks in order. */
    double sumOfSquares(MemorySegment x, long count) {
        double[] sums = new double[Math.toIntExact(Math.ceilDiv(count, (long) Elementwise.GRAIN))];
        pool.ranges(
                count,
                Elementwise.GRAIN,
                (start, end) -> sums[(int) (start / Elementwise.GRAIN)] = squares(x, 4 * start, (int) (end - start)));
        double total = 0;
        for (double sum : sums) {
            total += sum;
        }
        return total;
    }

    private static double squares(MemorySegment x, long base, int count) {
        DoubleVector a = DoubleVector.zero(DOUBLES);
        DoubleVector b = a;
        int whole = count - count % (2 * DOUBLE_WIDTH);
        for (int i = 0; i < whole; i += 2 * DOUBLE_WIDTH) {
            long at = base + 4L * i;
            DoubleVector u = doubles(x, at);
            DoubleVector v = doubles(x, at + 4 * DOUBLE_WIDTH);
            a = u.fma(u, a);
            b = v.fma(v, b);
        }
        DoubleVector both = a.add(b);
        double sum = (both.lane(0) + both.lane(2)) + (both.lane(1) + both.lane(3));
        for (int i = whole; i < count; i++) {
            double value = x.get(Lanes.FLOAT, base + 4L * i);
            sum += value * value;
        }
        return sum;
    }

    private static DoubleVector doubles(MemorySegment x, long at) {
        return (DoubleVector) FloatVector.fromMemorySegment(HALF_FLOATS, x, at, Lanes.ORDER)
                .convertShape(VectorOperators.F2D, DOUBLES, 0);
    }

    /** What is the same for all numbers of one step. */
    private record Step(
            float factor,
            float keep,
            float decay1,
            float gain1,
            float decay2,
            float gain2,
            float rate,
            float rootCorrection,
            float eps) {

        static Step of(AdamW s, int step, float factor) {
            double rate = s.learningRate() / (1 - StrictMath.pow(s.beta1(), step));
            double correction = 1 / Math.sqrt(1 - StrictMath.pow(s.beta2(), step));
            return new Step(
                    factor,
                    (float) (1 - s.learningRate() * s.weightDecay()),
                    (float) s.beta1(),
                    (float) (1 - s.beta1()),
                    (float) s.beta2(),
                    (float) (1 - s.beta2()),
                    (float) -rate,
                    (float) correction,
                    (float) s.eps());
        }

        FloatVector first(FloatVector m, FloatVector gradient) {
            return m.fma(FloatVector.broadcast(Lanes.FLOATS, decay1), gradient.mul(gain1));
        }

        FloatVector second(FloatVector v, FloatVector gradient) {
            return v.fma(
                    FloatVector.broadcast(Lanes.FLOATS, decay2),
                    gradient.mul(gradient).mul(gain2));
        }

        FloatVector weight(FloatVector w, FloatVector first, FloatVector second) {
            FloatVector root =
                    second.lanewise(VectorOperators.SQRT).mul(rootCorrection).add(eps);
            return first.div(root).fma(FloatVector.broadcast(Lanes.FLOATS, rate), w.mul(keep));
        }
    }

    void adamW(
            AdamW settings,
            int step,
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            float factor,
            long count) {
        Step constants = Step.of(settings, step, factor);
        pool.ranges(
                count, Elementwise.GRAIN, (start, end) -> adamW(constants, w, g, m, v, 4 * start, (int) (end - start)));
    }

    private static void adamW(
            Step s, MemorySegment w, MemorySegment g, MemorySegment m, MemorySegment v, long base, int count) {
        int whole = Lanes.whole(count);
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            long at = base + 4L * i;
            FloatVector gradient = Lanes.load(g, at).mul(s.factor());
            FloatVector first = s.first(Lanes.load(m, at), gradient);
            FloatVector second = s.second(Lanes.load(v, at), gradient);
            Lanes.store(first, m, at);
            Lanes.store(second, v, at);
            Lanes.store(s.weight(Lanes.load(w, at), first, second), w, at);
        }
        if (whole < count) {
            long at = base + 4L * whole;
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(whole, count);
            FloatVector gradient = Lanes.load(g, at, mask).mul(s.factor());
            FloatVector first = s.first(Lanes.load(m, at, mask), gradient);
            FloatVector second = s.second(Lanes.load(v, at, mask), gradient);
            Lanes.store(first, m, at, mask);
            Lanes.store(second, v, at, mask);
            Lanes.store(s.weight(Lanes.load(w, at, mask), first, second), w, at, mask);
        }
    }
}
