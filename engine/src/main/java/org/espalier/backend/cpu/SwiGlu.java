package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** The gated activation {@code silu(gate) · up} and its derivative, on float32 memory of equal sizes. */
final class SwiGlu {

    private static final FloatVector ONES = Widest.all(1f);

    private final WorkerPool pool;

    SwiGlu(WorkerPool pool) {
        this.pool = pool;
    }

    /** {@code out = silu(gate) · up}. */
    void forward(MemorySegment gate, MemorySegment up, MemorySegment out, long count) {
        pool.ranges(count, Elementwise.GRAIN, (start, end) -> {
            long bytes = 4 * (end - start);
            forward(
                    Raw.address(gate, 4 * start, bytes),
                    Raw.address(up, 4 * start, bytes),
                    Raw.address(out, 4 * start, bytes),
                    (int) (end - start));
        });
    }

    private static void forward(long gate, long up, long out, int count) {
        int whole = Widest.whole(count);
        for (int i = 0; i < whole; i += Widest.WIDTH) {
            FloatVector z = Widest.load(gate + 4L * i);
            Widest.store(z.mul(Sigmoid.of(z)).mul(Widest.load(up + 4L * i)), out + 4L * i);
        }
        for (int i = whole; i < count; i++) {
            float z = Raw.get(gate, i);
            Raw.set(out, i, z * Sigmoid.of(z) * Raw.get(up, i));
        }
    }

    /**
     * {@code dUp = betaUp dUp + silu(gate) dOut} and {@code dGate = betaGate dGate + silu′(gate) up dOut} with
     * {@code silu′(z) = σ(z) (1 + z (1 − σ(z)))}; a null target is left out.
     */
    void backward(
            MemorySegment gate,
            MemorySegment up,
            MemorySegment dOut,
            MemorySegment dGate,
            float betaGate,
            MemorySegment dUp,
            float betaUp,
            long count) {
        pool.ranges(count, Elementwise.GRAIN, (start, end) -> {
            long bytes = 4 * (end - start);
            long dGateAt = dGate == null ? Raw.NOWHERE : Raw.address(dGate, 4 * start, bytes);
            long dUpAt = dUp == null ? Raw.NOWHERE : Raw.address(dUp, 4 * start, bytes);
            backward(
                    Raw.address(gate, 4 * start, bytes),
                    Raw.address(up, 4 * start, bytes),
                    Raw.address(dOut, 4 * start, bytes),
                    dGateAt,
                    betaGate,
                    dUpAt,
                    betaUp,
                    (int) (end - start));
        });
    }

    private static void backward(
            long gate, long up, long dOut, long dGate, float betaGate, long dUp, float betaUp, int count) {
        int whole = Widest.whole(count);
        for (int i = 0; i < whole; i += Widest.WIDTH) {
            long at = 4L * i;
            FloatVector z = Widest.load(gate + at);
            FloatVector g = Widest.load(dOut + at);
            FloatVector s = Sigmoid.of(z);
            FloatVector common = s.mul(g);
            if (dUp != Raw.NOWHERE) {
                FloatVector value = z.mul(common);
                Widest.store(betaUp == 0 ? value : value.add(Widest.load(dUp + at)), dUp + at);
            }
            if (dGate != Raw.NOWHERE) {
                FloatVector value = z.fma(ONES.sub(s), ONES).mul(common).mul(Widest.load(up + at));
                Widest.store(betaGate == 0 ? value : value.add(Widest.load(dGate + at)), dGate + at);
            }
        }
        for (int i = whole; i < count; i++) {
            float z = Raw.get(gate, i);
            float g = Raw.get(dOut, i);
            float s = Sigmoid.of(z);
            float common = s * g;
            if (dUp != Raw.NOWHERE) {
                float value = z * common;
                Raw.set(dUp, i, betaUp == 0 ? value : value + Raw.get(dUp, i));
            }
            if (dGate != Raw.NOWHERE) {
                float value = Math.fma(z, 1f - s, 1f) * common * Raw.get(up, i);
                Raw.set(dGate, i, betaGate == 0 ? value : value + Raw.get(dGate, i));
            }
        }
    }
}
