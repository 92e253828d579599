package org.espalier.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of bfloat16 against a scalar float64 loop, and refusals of operands that do not fit. */
class Bfloat16ProductsTest {

    private static final int[] SIZES = {0, 1, 3, 17, 65};
    private static final double TOLERANCE = 1e-6;

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void productIsTheScalarProduct(boolean transA, boolean transB) {
        assumeTrue(OneDnn.usable(), "no bfloat16 instructions");
        for (int m : SIZES) {
            for (int n : SIZES) {
                for (int k : SIZES) {
                    compare(transA, transB, m, n, k, 0.75f, 0.5f);
                    compare(transA, transB, m, n, k, 1, 0);
                }
            }
        }
    }

    /** A sum in bfloat16 would stay at 256; one in float32 counts on. */
    @Test
    void sumsAreFloat32() {
        assumeTrue(OneDnn.usable(), "no bfloat16 instructions");
        int k = 1000;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ones = arena.allocate(2L * k);
            for (int i = 0; i < k; i++) {
                ones.setAtIndex(ValueLayout.JAVA_SHORT, i, bits(1));
            }
            MemorySegment c = arena.allocate(4);
            Bfloat16Products.multiply(
                    1,
                    1,
                    k,
                    1,
                    GemmOperand.plain(ones, 0, k),
                    GemmOperand.plain(ones, 0, 1),
                    0,
                    GemmOperand.plain(c, 0, 1));
            assertEquals(k, c.get(ValueLayout.JAVA_FLOAT, 0));
        }
    }

    @Test
    void operandsThatDoNotFitAreRefused() {
        try (Arena arena = Arena.ofConfined()) {
            GemmOperand small = GemmOperand.plain(arena.allocate(11), 0, 3);
            GemmOperand enough = GemmOperand.plain(arena.allocate(64), 0, 3);
            String said = assertThrows(
                            IllegalArgumentException.class,
                            () -> Bfloat16Products.multiply(2, 3, 3, 1, small, enough, 0, enough))
                    .getMessage();
            assertTrue(said.startsWith("bfloat16 product [2, 3] x [3, 3]"), said);
        }
    }

    private static void compare(boolean transA, boolean transB, int m, int n, int k, float alpha, float beta) {
        SplittableRandom random = new SplittableRandom(m * 100L + n * 10L + k);
        try (Arena arena = Arena.ofConfined()) {
            float[][] a = matrix(random, m, k);
            float[][] b = matrix(random, k, n);
            MemorySegment c = arena.allocate(4L * (m * n + 1), 4);
            for (int i = 0; i < m * n; i++) {
                c.setAtIndex(ValueLayout.JAVA_FLOAT, i, beta == 0 ? Float.NaN : 2);
            }
            Bfloat16Products.multiply(
                    m,
                    n,
                    k,
                    alpha,
                    operand(arena, a, m, k, transA),
                    operand(arena, b, k, n, transB),
                    beta,
                    GemmOperand.plain(c, 0, Math.max(1, n)));
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    double sum = beta == 0 ? 0 : 2 * beta;
                    double size = Math.abs(sum);
                    for (int p = 0; p < k; p++) {
                        sum += (double) alpha * a[i][p] * b[p][j];
                        size += Math.abs((double) alpha * a[i][p] * b[p][j]);
                    }
                    float computed = c.getAtIndex(ValueLayout.JAVA_FLOAT, (long) n * i + j);
                    assertTrue(
                            Math.abs(computed - sum) <= TOLERANCE * size,
                            m + " " + n + " " + k + ": " + computed + " for " + sum);
                }
            }
        }
    }

    /** Numbers that bfloat16 holds. */
    private static float[][] matrix(SplittableRandom random, int rows, int columns) {
        float[][] matrix = new float[rows][columns];
        for (float[] row : matrix) {
            for (int j = 0; j < columns; j++) {
                row[j] = random.nextInt(-128, 129) / 64f;
            }
        }
        return matrix;
    }

    private static GemmOperand operand(Arena arena, float[][] matrix, int rows, int columns, boolean transposed) {
        int ld = Math.max(1, transposed ? rows : columns);
        MemorySegment memory = arena.allocate(2L * (rows * columns + 1), 2);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                memory.setAtIndex(ValueLayout.JAVA_SHORT, transposed ? j * ld + i : i * ld + j, bits(matrix[i][j]));
            }
        }
        return new GemmOperand(memory, 0, ld, transposed);
    }

    private static short bits(float value) {
        return (short) (Float.floatToRawIntBits(value) >>> 16);
    }
}
