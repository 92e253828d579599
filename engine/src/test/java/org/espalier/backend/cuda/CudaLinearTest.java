package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.stream.Stream;
import org.espalier.backend.Conformance;
import org.espalier.backend.HostCopy;
import org.espalier.backend.LinearOps;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpCases;
import org.espalier.backend.OpRun;
import org.espalier.backend.Precision;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.backend.cuda.CublasHandle.Operand;
import org.espalier.backend.cuda.CublasHandle.Product;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.error.Failure;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Linear layers beyond the list of cases: precisions, panels, matrices of nothing, and faults of cuBLAS calls. */
@ExtendWith(StandIn.class)
class CudaLinearTest {

    /** Rounding to p bits of significand is wrong by at most 2^-p of a number, and by a third of its square on average. */
    private static final double TF32_ERROR = 2 * Math.pow(2, -22) / 3;

    private static final double BFLOAT16_ERROR = Math.pow(2, -16) / 3;

    static Stream<OpCase<LinearOps>> narrow() {
        return OpCases.linear().stream()
                .filter(c -> c.forwardFlops() < 200_000)
                .filter(c -> c.operand("w").type() != DType.F32);
    }

    static Stream<OpCase<LinearOps>> products() {
        return OpCases.linear().stream().filter(c -> c.forwardFlops() > 10_000 && c.forwardFlops() < 2_000_000);
    }

    /** Panels of a row or two, where in the list of cases one holds everything. */
    @ParameterizedTest
    @MethodSource("narrow")
    void panelsChangeNothing(OpCase<LinearOps> opCase) {
        try (CudaBackend cuda = CudaBackend.open(0, Precision.FLOAT32, 300)) {
            Conformance.check(opCase, cuda, cuda);
        }
    }

    @ParameterizedTest
    @MethodSource("products")
    void tf32IsRoundedOnlyWhenAskedFor(OpCase<LinearOps> opCase) {
        double error = largestError(opCase, Precision.TF32);
        boolean plain = opCase.operand("w").type() != DType.BF16;
        assertTrue(error <= TF32_ERROR, () -> opCase + ": " + error);
        assertTrue(!plain || error > opCase.tolerance(), () -> opCase + ": nothing is rounded, " + error);
    }

    @ParameterizedTest
    @MethodSource("products")
    void halfRoundsToTheTypeOfTheWeight(OpCase<LinearOps> opCase) {
        double error = largestError(opCase, Precision.HALF);
        assertTrue(error <= BFLOAT16_ERROR, () -> opCase + ": " + error);
        assertTrue(error > opCase.tolerance(), () -> opCase + ": nothing is rounded, " + error);
    }

    /** What a gradient is multiplied by is a power of two, and not more than numbers bear. */
    @Test
    void gradientsOfAnySizeGoThroughHalfPrecision() {
        float[] gradients = {1e-8f, -3e-8f, 2e5f, 1e30f, -1e-30f, 0, Float.MIN_VALUE, Float.POSITIVE_INFINITY, Float.NaN
        };
        for (float gradient : gradients) {
            try (CudaBackend cuda = CudaBackend.open(0, Precision.HALF);
                    Queue queue = cuda.newQueue();
                    Buffer dY = cuda.allocate(4, "dY");
                    Buffer w = cuda.allocate(2, "w");
                    Buffer dX = cuda.allocate(4, "dX")) {
                Shape one = Shape.of(1, 1);
                Tensor dYs = Tensor.of(dY, DType.F32, one);
                Tensor ws = Tensor.of(w, DType.F16, one);
                Tensor dXs = Tensor.of(dX, DType.F32, one);
                cuda.fill(queue, dYs, gradient);
                cuda.fill(queue, ws, 2);
                cuda.linearBackwardInput(queue, dYs, ws, Target.overwrite(dXs));
                float expected = gradient == Float.MIN_VALUE ? 0 : 2 * gradient;
                assertEquals(
                        expected,
                        HostCopy.readFloats(cuda, queue, dXs)[0],
                        Float.isNaN(expected) ? 0 : Math.abs(expected) * 0x1p-11f,
                        "" + gradient);
            }
        }
    }

    static Stream<OpCase<LinearOps>> fewTokens() {
        return OpCases.linear().stream()
                .filter(c -> c.forwardFlops() < 2_000_000)
                .filter(c -> c.operand("x").shape().extent(0) <= 4);
    }

    /** Rows of activations that are aligned for vectors, and the same ones a number further on. */
    @ParameterizedTest
    @MethodSource("fewTokens")
    void placeInMemoryChangesNoBitOfAFewTokens(OpCase<LinearOps> opCase) {
        try (CudaBackend cuda = CudaBackend.open(0);
                OpRun<LinearOps> aligned = opCase.open(cuda, 0);
                OpRun<LinearOps> shifted = opCase.openShifted(cuda, operand -> true)) {
            aligned.forward(cuda);
            shifted.forward(cuda);
            assertArrayEquals(aligned.read("y"), shifted.read("y"));
        }
    }

    @ParameterizedTest
    @MethodSource("fewTokens")
    void fewTokensNeedNoCublas(OpCase<LinearOps> opCase) {
        StandIn.requireItself();
        try (CudaBackend cuda = CudaBackend.open(0);
                OpRun<LinearOps> run = opCase.open(cuda, 0)) {
            run.forward(cuda);
            run.queue().finish();
            assertEquals(0, StandIn.products());
        }
    }

    private static double largestError(OpCase<LinearOps> opCase, Precision precision) {
        try (CudaBackend cuda = CudaBackend.open(0, precision);
                ReferenceBackend reference = new ReferenceBackend()) {
            Map<String, double[]> expected = Conformance.outputs(opCase, reference, reference);
            Map<String, double[]> actual = Conformance.outputs(opCase, cuda, cuda);
            return opCase.outputs().stream()
                    .mapToDouble(o -> Conformance.error(expected.get(o), actual.get(o), opCase.floor()))
                    .max()
                    .orElseThrow();
        }
    }

    /** What a bfloat16 weight is multiplied by keeps all its bits, large, small and not finite ones too. */
    @Test
    void splittingLosesNothing() {
        float[] numbers = {
            1,
            -1,
            0,
            1 + 0x1p-23f,
            0x1.fffffep0f,
            1e-20f,
            -0x1.5094a6p101f,
            Float.MAX_VALUE,
            0x1p-100f,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN
        };
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Buffer x = cuda.allocate(4L * numbers.length, "x");
                Buffer w = cuda.allocate(2, "w");
                Buffer y = cuda.allocate(4L * numbers.length, "y")) {
            Shape column = Shape.of(numbers.length, 1);
            Tensor xs = Tensor.of(x, DType.F32, column);
            Tensor one = Tensor.of(w, DType.BF16, Shape.of(1, 1));
            Tensor ys = Tensor.of(y, DType.F32, column);
            HostCopy.writeDoubles(cuda, queue, doubles(numbers), xs.reshape(Shape.of(numbers.length)));
            cuda.fill(queue, one, 1);
            cuda.linear(queue, xs, one, null, ys);
            assertArrayEquals(numbers, HostCopy.readFloats(cuda, queue, ys));
        }
    }

    private static double[] doubles(float[] numbers) {
        double[] wide = new double[numbers.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = numbers[i];
        }
        return wide;
    }

    /** A pruned layer may have no neurons, a batch no tokens. */
    @Test
    void sumsOfNothingAreZeroOrStay() {
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Buffer nothing = cuda.allocate(0, "nothing");
                Buffer b = cuda.allocate(8, "bias");
                Buffer target = cuda.allocate(24, "target")) {
            Tensor y = Tensor.of(target, DType.F32, Shape.of(3, 2));
            Tensor bias = Tensor.of(b, DType.F32, Shape.of(2));
            cuda.fill(queue, bias, 7);
            cuda.linear(queue, empty(nothing, 3, 0), empty(nothing, 2, 0), bias, y);
            assertArrayEquals(new float[] {7, 7, 7, 7, 7, 7}, HostCopy.readFloats(cuda, queue, y));
            cuda.linearBackwardInput(queue, empty(nothing, 3, 0), empty(nothing, 0, 2), Target.accumulate(y));
            assertArrayEquals(new float[] {7, 7, 7, 7, 7, 7}, HostCopy.readFloats(cuda, queue, y));
            cuda.linearBackwardInput(queue, empty(nothing, 3, 0), empty(nothing, 0, 2), Target.overwrite(y));
            assertArrayEquals(new float[6], HostCopy.readFloats(cuda, queue, y));
            cuda.fill(queue, y, 1);
            cuda.linearBackwardWeight(queue, empty(nothing, 0, 2), empty(nothing, 0, 3), Target.overwrite(y));
            assertArrayEquals(new float[6], HostCopy.readFloats(cuda, queue, y));
            cuda.linearBackwardBias(queue, empty(nothing, 0, 2), Target.accumulate(bias));
            assertArrayEquals(new float[] {7, 7}, HostCopy.readFloats(cuda, queue, bias));
            cuda.linear(queue, empty(nothing, 0, 2), y, null, empty(nothing, 0, 3));
            queue.finish();
        }
    }

    private static Tensor empty(Buffer nothing, long rows, long columns) {
        return Tensor.of(nothing, DType.F32, Shape.of(rows, columns));
    }

    @Test
    void productsHappenInTheirQueuesOrder() {
        StandIn.requireItself();
        try (Square square = new Square()) {
            square.cuda.linear(square.queue, square.x, square.w, null, square.y);
            assertEquals(0, StandIn.products());
            square.queue.finish();
            assertEquals(1, StandIn.products());
        }
    }

    /** x [6, 7] is taken for rows of 6: as cuBLAS stores it, 7 numbers do not fit a column of 6. */
    @Test
    void plantedSwappedLeadingDimensionIsRefused() {
        StandIn.requireItself();
        try (Square square = new Square()) {
            Failure refused = assertThrows(Failure.class, () -> square.product(6, 7, 7));
            assertTrue(refused.problem().startsWith("CUBLAS_STATUS_INVALID_VALUE: "), refused.problem());
            assertTrue(refused.problem().contains("ldb is 6, less than the 7 rows of B"), refused.problem());
            assertEquals("planted [6, 7]", refused.place());
        }
    }

    /** y [6, 7] is written with rows of 9, which passes as a shape and ends past the matrix. */
    @Test
    void plantedLeadingDimensionThatIsTooLargeIsFound() {
        StandIn.requireItself();
        Square square = new Square();
        square.product(7, 7, 9);
        Failure found = assertThrows(Failure.class, square.queue::finish);
        assertTrue(
                found.problem().contains("cublasGemmEx, column 4 of C [7, 6], leading dimension 9: writes 28 bytes"),
                found.problem());
        assertTrue(found.problem().contains("which end 4 bytes past device allocation"), found.problem());
        StandIn.reset();
    }

    /** Operands that nobody wrote, and targets over operands. */
    @Test
    void productsAreCheckedLikeKernels() {
        StandIn.requireItself();
        try (Square square = new Square();
                Buffer fresh = square.cuda.allocate(196, "never written")) {
            Tensor w = Tensor.of(fresh, DType.F32, Shape.of(7, 7));
            Failure overlapping = assertThrows(
                    Failure.class, () -> square.cuda.linear(square.queue, square.x, square.w, null, square.x));
            assertTrue(overlapping.problem().contains("C overlaps B"), overlapping.problem());
            square.cuda.linear(square.queue, square.x, w, null, square.y);
            Failure unwritten = assertThrows(Failure.class, square.queue::finish);
            assertTrue(
                    unwritten
                            .problem()
                            .contains("column 0 of A [7, 7], leading dimension 7: reads byte 0, never written"),
                    unwritten.problem());
        }
    }

    /** {@code y [6, 7] = x [6, 7] wᵀ [7, 7]}, all ones: more tokens than go past cuBLAS. */
    private static final class Square implements AutoCloseable {

        private final CudaBackend cuda = CudaBackend.open(0);
        private final CudaQueue queue = (CudaQueue) cuda.newQueue();
        private final Tensor x = cuda.allocate(DType.F32, Shape.of(6, 7), "x");
        private final Tensor w = cuda.allocate(DType.F32, Shape.of(7, 7), "w");
        private final Tensor y = cuda.allocate(DType.F32, Shape.of(6, 7), "y");

        Square() {
            cuda.fill(queue, x, 1);
            cuda.fill(queue, w, 1);
            cuda.fill(queue, y, 0);
        }

        /** The product with leading dimensions of one's own. */
        void product(int strideX, int strideW, int strideY) {
            Product product = new Product(
                    6, 7, 7, operand(x, strideX, false), operand(w, strideW, true), 0, operand(y, strideY, false));
            cuda.session().products().on(queue).multiply(product, false, "planted", x.shape());
        }

        private Operand operand(Tensor matrix, int stride, boolean transposed) {
            return new Operand(CudaBuffer.address(matrix, queue), DType.F32, stride, transposed);
        }

        @Override
        public void close() {
            for (Tensor tensor : new Tensor[] {x, w, y}) {
                tensor.buffer().close();
            }
            try (cuda) {
                queue.close();
            }
        }
    }
}
