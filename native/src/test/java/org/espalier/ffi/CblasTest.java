package org.espalier.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products against a scalar float64 loop, and refusals of operands that do not fit. */
class CblasTest {

    private static final int[] SIZES = {1, 3, 7, 17, 65};

    /** Elements before each matrix, so that a byte offset that is lost is seen. */
    private static final int LEAD = 3;

    @AfterEach
    void nothingIsLeft() {
        assertEquals(List.of(), NativeMemory.outstanding());
    }

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void sgemmIsTheScalarProduct(boolean transA, boolean transB) {
        for (int m : SIZES) {
            for (int n : SIZES) {
                for (int k : SIZES) {
                    compare(false, transA, transB, m, n, k, 0.75, 0.5);
                    compare(false, transA, transB, m, n, k, 1, 0);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void dgemmIsTheScalarProduct(boolean transA, boolean transB) {
        for (int m : SIZES) {
            for (int k : SIZES) {
                compare(true, transA, transB, m, 17, k, 0.75, 0.5);
                compare(true, transA, transB, m, 17, k, 1, 0);
            }
        }
    }

    @Test
    void emptyInnerAxisScalesC() {
        compare(false, false, false, 3, 5, 0, 1, 0.5);
        compare(false, true, true, 3, 5, 0, 1, 0);
        compare(true, false, true, 3, 5, 0, 1, 0.5);
    }

    @Test
    void emptyInnerAxisNeedsNoRowLength() {
        try (NativeMemory c = NativeMemory.allocate(4, "C")) {
            c.segment().set(ValueLayout.JAVA_FLOAT, 0, 8);
            Cblas.sgemm(
                    1,
                    1,
                    0,
                    1,
                    GemmOperand.plain(c.segment(), 0, 0),
                    GemmOperand.transposed(c.segment(), 0, 0),
                    0.25f,
                    GemmOperand.plain(c.segment(), 0, 1));
            assertEquals(2, c.segment().get(ValueLayout.JAVA_FLOAT, 0));
        }
    }

    @Test
    void emptyOutputTouchesNothing() {
        compare(false, false, false, 0, 5, 4, 1, 0);
        compare(false, false, false, 5, 0, 4, 1, 0);
        compare(true, false, false, 0, 0, 0, 1, 0);
    }

    /** Row lengths exceed the widths by 2, 1 and 3; C holds NaN where beta is 0 and a guard beside its columns. */
    private static void compare(
            boolean wide, boolean transA, boolean transB, int m, int n, int k, double alpha, double beta) {
        SplittableRandom random = new SplittableRandom(m * 4096L + n * 64L + k);
        try (Matrix a = new Matrix(wide, transA ? k : m, transA ? m : k, 2);
                Matrix b = new Matrix(wide, transB ? n : k, transB ? k : n, 1);
                Matrix c = new Matrix(wide, m, n, 3)) {
            a.fill(random);
            b.fill(random);
            c.fill(random);
            double[][] expected = new double[m][n];
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    expected[i][j] = beta * c.get(i, j);
                    for (int p = 0; p < k; p++) {
                        expected[i][j] +=
                                alpha * (transA ? a.get(p, i) : a.get(i, p)) * (transB ? b.get(j, p) : b.get(p, j));
                    }
                    if (beta == 0) {
                        c.set(i, j, Double.NaN);
                    }
                }
            }
            multiply(wide, transA, transB, m, n, k, alpha, a, b, beta, c);
            // |error| <= (k + 2) u sum |a||b|, and every factor is at most 1.
            double tolerance = (k + 2) * (wide ? 0x1p-53 : 0x1p-24) * (k + 1);
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    assertEquals(expected[i][j], c.get(i, j), tolerance, m + "x" + n + "x" + k + " at " + i + "," + j);
                }
                assertTrue(c.guardHolds(i), "written beside row " + i);
            }
        }
    }

    private static void multiply(
            boolean wide,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            double alpha,
            Matrix a,
            Matrix b,
            double beta,
            Matrix c) {
        if (wide) {
            Cblas.dgemm(
                    m,
                    n,
                    k,
                    alpha,
                    new GemmOperand(a.segment(), a.offset(), a.ld, transA),
                    new GemmOperand(b.segment(), b.offset(), b.ld, transB),
                    beta,
                    GemmOperand.plain(c.segment(), c.offset(), c.ld));
        } else {
            Cblas.sgemm(
                    m,
                    n,
                    k,
                    (float) alpha,
                    new GemmOperand(a.segment(), a.offset(), a.ld, transA),
                    new GemmOperand(b.segment(), b.offset(), b.ld, transB),
                    (float) beta,
                    GemmOperand.plain(c.segment(), c.offset(), c.ld));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0, 4, 5, 5, A", // A begins one byte late
        "0, 4, 4, 5, 5, B", // B one element late
        "0, 0, 3, 5, 5, A", // rows of A overlap
        "0, 0, 5, 5, 5, A", // rows of A too far apart
        "0, 0, 4, 6, 5, B",
        "0, 0, 4, 5, 6, C",
        "-4, 0, 4, 5, 5, A",
        "0, 9223372036854775807, 4, 5, 5, B",
        "0, 0, 2147483647, 5, 5, A"
    })
    void operandOutsideItsSegmentIsRefused(long aOffset, long bOffset, int lda, int ldb, int ldc, String culprit) {
        try (NativeMemory a = NativeMemory.allocate(3 * 4 * 4, "A");
                NativeMemory b = NativeMemory.allocate(4 * 5 * 4, "B");
                NativeMemory c = NativeMemory.allocate(3 * 5 * 4, "C")) {
            String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> Cblas.sgemm(
                                    3,
                                    5,
                                    4,
                                    1,
                                    GemmOperand.plain(a.segment(), aOffset, lda),
                                    GemmOperand.plain(b.segment(), bOffset, ldb),
                                    0,
                                    GemmOperand.plain(c.segment(), 0, ldc)))
                    .getMessage();
            assertTrue(message.startsWith("sgemm [3, 4] x [4, 5]"), message);
            assertTrue(message.contains(": " + culprit + " ["), message);
        }
    }

    @Test
    void negativeHugeHeapAndReadOnlyOperandsAreRefused() {
        try (NativeMemory memory = NativeMemory.allocate(64, "all operands")) {
            MemorySegment s = memory.segment();
            assertRefused(-1, 1, s, s);
            assertRefused(Integer.MAX_VALUE, Integer.MAX_VALUE, s, s);
            assertRefused(1, 1, MemorySegment.ofArray(new float[16]), s);
            assertRefused(1, 1, s, s.asReadOnly());
        }
    }

    private static void assertRefused(int m, int k, MemorySegment a, MemorySegment c) {
        assertThrows(
                IllegalArgumentException.class,
                () -> Cblas.dgemm(
                        m,
                        1,
                        k,
                        1,
                        GemmOperand.plain(a, 0, Math.max(1, k)),
                        GemmOperand.plain(a, 0, 1),
                        0,
                        GemmOperand.plain(c, 0, 1)));
    }

    /** A row-major matrix some elements into its memory, whose rows are further apart than they are long. */
    private static final class Matrix implements AutoCloseable {
        private static final double GUARD = 1234;
        private final boolean wide;
        private final int rows;
        private final int columns;
        final int ld;
        private final NativeMemory memory;

        Matrix(boolean wide, int rows, int columns, int gap) {
            this.wide = wide;
            this.rows = rows;
            this.columns = columns;
            this.ld = columns + gap;
            // The last row ends with its last column: nothing behind it belongs to the matrix.
            long elements = LEAD + (rows == 0 ? 0 : (rows - 1L) * ld + columns);
            this.memory = NativeMemory.allocate(elements * (wide ? 8 : 4), "matrix");
        }

        void fill(SplittableRandom random) {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < (i == rows - 1 ? columns : ld); j++) {
                    set(i, j, j < columns ? (float) random.nextDouble(-1, 1) : GUARD);
                }
            }
        }

        boolean guardHolds(int row) {
            for (int j = columns; j < ld && row < rows - 1; j++) {
                if (get(row, j) != GUARD) {
                    return false;
                }
            }
            return true;
        }

        double get(int row, int column) {
            long index = LEAD + (long) row * ld + column;
            return wide
                    ? segment().getAtIndex(ValueLayout.JAVA_DOUBLE, index)
                    : segment().getAtIndex(ValueLayout.JAVA_FLOAT, index);
        }

        void set(int row, int column, double value) {
            long index = LEAD + (long) row * ld + column;
            if (wide) {
                segment().setAtIndex(ValueLayout.JAVA_DOUBLE, index, value);
            } else {
                segment().setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) value);
            }
        }

        MemorySegment segment() {
            return memory.segment();
        }

        long offset() {
            return LEAD * (wide ? 8L : 4L);
        }

        @Override
        public void close() {
            memory.close();
        }
    }
}
