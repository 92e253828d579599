package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.espalier.backend.ActivationFunction;

/**
 * Activation functions and their derivatives, on float32 memory of equal sizes. Every function has loops of its own: where
 * one loop has met several, the compiler makes an object of each vector, which takes twice as long.
 */
final class Activations {

    private final WorkerPool pool;

    Activations(WorkerPool pool) {
        this.pool = pool;
    }

    /** {@code y = f(x)}. */
    void forward(ActivationFunction function, MemorySegment x, MemorySegment y, long count) {
        pool.ranges(count, Elementwise.GRAIN, (start, end) -> {
            long bytes = 4 * (end - start);
            forward(function, Raw.address(x, 4 * start, bytes), Raw.address(y, 4 * start, bytes), (int) (end - start));
        });
    }

    private static void forward(ActivationFunction function, long x, long y, int count) {
        int whole = Widest.whole(count);
        switch (function) {
            case GELU -> gelu(x, y, whole);
            case GELU_TANH -> geluTanh(x, y, whole);
            case SILU -> silu(x, y, whole);
            case RELU -> relu(x, y, whole);
            case TANH -> tanh(x, y, whole);
        }
        for (int i = whole; i < count; i++) {
            Raw.set(y, i, value(function, Raw.get(x, i)));
        }
    }

    private static void gelu(long x, long y, int count) {
        for (int i = 0; i < count; i += Widest.WIDTH) {
            Widest.store(Gelu.value(Widest.load(x + 4L * i)), y + 4L * i);
        }
    }

    private static void geluTanh(long x, long y, int count) {
        for (int i = 0; i < count; i += Widest.WIDTH) {
            Widest.store(GeluTanh.value(Widest.load(x + 4L * i)), y + 4L * i);
        }
    }

    private static void silu(long x, long y, int count) {
        for (int i = 0; i < count; i += Widest.WIDTH) {
            Widest.store(Silu.value(Widest.load(x + 4L * i)), y + 4L * i);
        }
    }

    private static void relu(long x, long y, int count) {
        for (int i = 0; i < count; i += Widest.WIDTH) {
            Widest.store(Relu.value(Widest.load(x + 4L * i)), y + 4L * i);
        }
    }

    private static void tanh(long x, long y, int count) {
        for (int i = 0; i < count; i += Widest.WIDTH) {
            Widest.store(Tanh.value(Widest.load(x + 4L * i)), y + 4L * i);
        }
    }

    private static float value(ActivationFunction function, float x) {
        return switch (function) {
            case GELU -> Gelu.value(x);
            case GELU_TANH -> GeluTanh.value(x);
            case SILU -> Silu.value(x);
            case RELU -> Relu.value(x);
            case TANH -> Tanh.value(x);
        };
    }

    /** {@code dX = beta dX + dY f′(x)}. */
    void backward(
            ActivationFunction function, MemorySegment x, MemorySegment dY, MemorySegment dX, float beta, long count) {
        pool.ranges(count, Elementwise.GRAIN, (start, end) -> {
            long bytes = 4 * (end - start);
            backward(
                    function,
                    Raw.address(x, 4 * start, bytes),
                    Raw.address(dY, 4 * start, bytes),
                    Raw.address(dX, 4 * start, bytes),
                    beta,
                    (int) (end - start));
        });
    }

    private static void backward(ActivationFunction function, long x, long dY, long dX, float beta, int count) {
        int whole = Widest.whole(count);
        switch (function) {
            case GELU -> geluBackward(x, dY, dX, beta, whole);
            case GELU_TANH -> geluTanhBackward(x, dY, dX, beta, whole);
            case SILU -> siluBackward(x, dY, dX, beta, whole);
            case RELU -> reluBackward(x, dY, dX, beta, whole);
            case TANH -> tanhBackward(x, dY, dX, beta, whole);
        }
        for (int i = whole; i < count; i++) {
            float product = slope(function, Raw.get(x, i)) * Raw.get(dY, i);
            Raw.set(dX, i, beta == 0 ? product : product + Raw.get(dX, i));
        }
    }

    private static void geluBackward(long x, long dY, long dX, float beta, int count) {
        for (long at = 0; at < 4L * count; at += 4L * Widest.WIDTH) {
            accumulate(Gelu.slope(Widest.load(x + at)).mul(Widest.load(dY + at)), dX + at, beta);
        }
    }

    private static void geluTanhBackward(long x, long dY, long dX, float beta, int count) {
        for (long at = 0; at < 4L * count; at += 4L * Widest.WIDTH) {
            accumulate(GeluTanh.slope(Widest.load(x + at)).mul(Widest.load(dY + at)), dX + at, beta);
        }
    }

    private static void siluBackward(long x, long dY, long dX, float beta, int count) {
        for (long at = 0; at < 4L * count; at += 4L * Widest.WIDTH) {
            accumulate(Silu.slope(Widest.load(x + at)).mul(Widest.load(dY + at)), dX + at, beta);
        }
    }

    private static void reluBackward(long x, long dY, long dX, float beta, int count) {
        for (long at = 0; at < 4L * count; at += 4L * Widest.WIDTH) {
            accumulate(Relu.slope(Widest.load(x + at)).mul(Widest.load(dY + at)), dX + at, beta);
        }
    }

    private static void tanhBackward(long x, long dY, long dX, float beta, int count) {
        for (long at = 0; at < 4L * count; at += 4L * Widest.WIDTH) {
            accumulate(Tanh.slope(Widest.load(x + at)).mul(Widest.load(dY + at)), dX + at, beta);
        }
    }

    private static void accumulate(FloatVector value, long target, float beta) {
        Widest.store(beta == 0 ? value : value.add(Widest.load(target)), target);
    }

    private static float slope(ActivationFunction function, float x) {
        return switch (function) {
            case GELU -> Gelu.slope(x);
            case GELU_TANH -> GeluTanh.slope(x);
            case SILU -> Silu.slope(x);
            case RELU -> Relu.slope(x);
            case TANH -> Tanh.slope(x);
        };
    }
}
