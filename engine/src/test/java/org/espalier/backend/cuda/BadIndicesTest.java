package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.DistillationOps;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.error.Failure;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An index outside its table stops the kernel, which is said where the host waits. */
@ExtendWith(StandIn.class)
class BadIndicesTest {

    private static final List<DType> WEIGHTS = List.of(
            DType.F64,
            DType.F32,
            DType.F16,
            DType.BF16,
            DType.Q4_0,
            DType.Q4_1,
            DType.Q5_0,
            DType.Q5_1,
            DType.Q8_0,
            DType.Q4_K,
            DType.Q5_K,
            DType.Q6_K);
    private static final int OUTSIDE = 5;

    /** A call with an index that is wrong, and the kernel that finds it. */
    record Bad(String kernel, String subject, Call call) {

        @Override
        public String toString() {
            return kernel + ", " + subject;
        }
    }

    @FunctionalInterface
    private interface Call {
        void on(CudaBackend cuda, Queue queue, Tensors tensors);
    }

    static Stream<Bad> all() {
        List<Bad> all = new ArrayList<>();
        for (DType type : WEIGHTS) {
            all.add(new Bad(
                    "embedding_" + type.name().toLowerCase(Locale.ROOT),
                    "id",
                    (ops, q, t) -> ops.embedding(
                            q, t.ints(OUTSIDE), t.zeros(type, OUTSIDE, 256), t.zeros(DType.F32, 1, 256))));
        }
        all.add(new Bad(
                "embedding_backward",
                "id",
                (ops, q, t) -> ops.embeddingBackward(
                        q, t.ints(-1), t.zeros(DType.F32, 1, 3), t.zeros(DType.F32, OUTSIDE, 3))));
        rows(all, DType.F32, 4, 16);
        rows(all, DType.F32, 3, 4);
        rows(all, DType.BF16, 3, 2);
        rows(all, DType.I8, 3, 1);
        for (boolean interleaved : new boolean[] {false, true}) {
            all.add(new Bad(
                    interleaved ? "rotary_interleaved" : "rotary_halves",
                    "position",
                    (ops, q, t) -> ops.rotary(
                            q,
                            t.zeros(DType.F32, 1, 1, 4),
                            t.ints(OUTSIDE),
                            t.zeros(DType.F32, OUTSIDE, 2, 2),
                            interleaved,
                            false,
                            Target.overwrite(t.zeros(DType.F32, 1, 1, 4)))));
        }
        all.add(new Bad(
                "cross_entropy_forward",
                "target",
                (ops, q, t) -> ops.crossEntropy(
                        q,
                        t.zeros(DType.F32, 1, OUTSIDE),
                        t.ints(OUTSIDE),
                        t.zeros(DType.F32, 1),
                        t.zeros(DType.F32, 1))));
        all.add(new Bad(
                "cross_entropy_backward",
                "target",
                (ops, q, t) -> ops.crossEntropyBackward(
                        q,
                        t.zeros(DType.F32, 1, OUTSIDE),
                        t.ints(-1),
                        t.zeros(DType.F32, 1),
                        1,
                        t.zeros(DType.F32, 1, OUTSIDE))));
        all.add(new Bad(
                "distillation_forward",
                "target",
                (ops, q, t) -> ops.distillation(q, taught(t, OUTSIDE), t.zeros(DType.F32, 1))));
        all.add(new Bad(
                "distillation_backward",
                "target",
                (ops, q, t) -> ops.distillationBackward(q, taught(t, -1), 1, t.zeros(DType.F32, 1, OUTSIDE))));
        experts(all);
        for (DType type : List.of(DType.I8, DType.BF16, DType.F32, DType.F64)) {
            compactions(all, type);
        }
        return all.stream();
    }

    private static void experts(List<Bad> all) {
        all.add(new Bad(
                "route_backward",
                "expert",
                (ops, q, t) -> ops.routeBackward(
                        q,
                        t.zeros(DType.F32, 1, OUTSIDE),
                        true,
                        t.ints(OUTSIDE).reshape(Shape.of(1, 1)),
                        t.zeros(DType.F32, 1, 1),
                        t.zeros(DType.F32, 1, 1),
                        Target.overwrite(t.zeros(DType.F32, 1, OUTSIDE)))));
        all.add(new Bad(
                "spread_rows",
                "row",
                (ops, q, t) -> ops.spreadRows(
                        q, t.zeros(DType.F32, 1, 3), t.ints(1), null, Target.overwrite(t.zeros(DType.F32, 1, 3)))));
        all.add(new Bad(
                "join_rows",
                "row",
                (ops, q, t) -> ops.joinRows(
                        q, t.zeros(DType.F32, 1, 3), t.ints(-1), null, Target.overwrite(t.zeros(DType.F32, 1, 3)))));
        all.add(new Bad(
                "row_dots",
                "row",
                (ops, q, t) -> ops.rowDots(
                        q,
                        t.zeros(DType.F32, 1, 3),
                        t.zeros(DType.F32, 1, 3),
                        t.ints(1),
                        Target.overwrite(t.zeros(DType.F32, 1, 1)))));
    }

    private static DistillationOps.Taught taught(Tensors t, int target) {
        return new DistillationOps.Taught(
                t.zeros(DType.F32, 1, OUTSIDE),
                t.zeros(DType.F32, 1, OUTSIDE),
                t.ints(target),
                1,
                t.zeros(DType.F32, 1),
                t.zeros(DType.F32, 1));
    }

    private static void rows(List<Bad> all, DType type, int width, int unit) {
        all.add(new Bad(
                "rows_gather_" + unit,
                "row",
                (ops, q, t) -> ops.gatherRows(q, t.zeros(type, OUTSIDE, width), t.ints(-7), t.zeros(type, 1, width))));
        all.add(new Bad(
                "rows_scatter_" + unit,
                "row",
                (ops, q, t) ->
                        ops.scatterRows(q, t.zeros(type, 1, width), t.ints(OUTSIDE), t.zeros(type, OUTSIDE, width))));
    }

    /** A thread looks up the columns of 16 bytes, each of which may be the wrong one. */
    private static void compactions(List<Bad> all, DType type) {
        String kernel = "gather_" + type.blockBytes();
        int columns = 16 / type.blockBytes();
        all.add(new Bad(
                kernel,
                "row",
                (ops, q, t) ->
                        ops.gather(q, t.zeros(type, OUTSIDE, 3), t.ints(0, OUTSIDE), null, t.zeros(type, 2, 3))));
        all.add(new Bad(kernel, "row before its place", (ops, q, t) -> {
            Tensor source = t.zeros(type, OUTSIDE, 3);
            ops.gather(q, source, t.ints(0, 0), null, source.slice(0, 2));
        }));
        for (int wrong = 0; wrong < columns; wrong++) {
            int[] list = IntStream.range(0, columns).toArray();
            list[wrong] = columns;
            all.add(new Bad(
                    kernel,
                    "column " + wrong,
                    (ops, q, t) ->
                            ops.gather(q, t.zeros(type, 2, columns), null, t.ints(list), t.zeros(type, 2, columns))));
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void stopTheKernel(Bad bad) {
        StandIn.requireItself();
        stop(bad);
        // What the queue was to give back after the kernel.
        StandIn.reset();
    }

    /** Leaves behind what the queue was to give back after the kernel. */
    static void stop(Bad bad) {
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Tensors tensors = new Tensors(cuda, queue)) {
            bad.call.on(cuda, queue, tensors);
            Failure found = assertThrows(Failure.class, queue::finish);
            assertTrue(found.problem().startsWith("CUDA_ERROR_LAUNCH_FAILED"), found.problem());
            assertTrue(found.problem().contains("kernel " + bad.kernel + ","), found.problem());
            assertTrue(found.problem().contains("trap"), found.problem());
        }
    }

    /** Tensors made on the way, closed at the end. */
    private record Tensors(CudaBackend cuda, Queue queue, List<Tensor> made) implements AutoCloseable {

        Tensors(CudaBackend cuda, Queue queue) {
            this(cuda, queue, new ArrayList<>());
        }

        Tensor zeros(DType type, long... dims) {
            Tensor tensor = cuda.allocate(type, Shape.of(dims), "numbers");
            made.add(tensor);
            if (type.plain()) {
                cuda.fill(queue, tensor, 0);
            }
            return tensor;
        }

        Tensor ints(int... numbers) {
            Tensor tensor = cuda.allocate(DType.I32, Shape.of(numbers.length), "indices");
            made.add(tensor);
            HostCopy.writeInts(cuda, queue, numbers, tensor);
            return tensor;
        }

        @Override
        public void close() {
            made.forEach(tensor -> tensor.buffer().close());
        }
    }
}
