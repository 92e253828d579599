package org.espalier.backend;

import org.espalier.error.Failure;

/** The operations of {@link SolveOps} in scalar float64, each written from its formula. */
public final class HostSolve {

    private HostSolve() {}

    /** Adds {@code Σ_t weights[t] · a[t] b[t]ᵀ} to {@code sum [n, m]}. */
    static void correlate(double[] a, double[] b, double[] weights, double[] sum, int m) {
        int tokens = m == 0 ? 0 : b.length / m;
        int n = tokens == 0 ? 0 : a.length / tokens;
        for (int t = 0; t < tokens; t++) {
            for (int i = 0; i < n; i++) {
                double left = (weights == null ? 1 : weights[t]) * a[t * n + i];
                for (int j = 0; j < m; j++) {
                    sum[i * m + j] += left * b[t * m + j];
                }
            }
        }
    }

    /** {@code matrix [n, n] = L Lᵀ}, then {@code L y = right} and {@code Lᵀ x = y}. */
    static void solve(double[] matrix, double[] right, int n) {
        factorise(matrix, n);
        int m = n == 0 ? 0 : right.length / n;
        for (int column = 0; column < m; column++) {
            for (int i = 0; i < n; i++) {
                double rest = right[i * m + column];
                for (int k = 0; k < i; k++) {
                    rest -= matrix[i * n + k] * right[k * m + column];
                }
                right[i * m + column] = rest / matrix[i * n + i];
            }
            for (int i = n - 1; i >= 0; i--) {
                double rest = right[i * m + column];
                for (int k = i + 1; k < n; k++) {
                    rest -= matrix[k * n + i] * right[k * m + column];
                }
                right[i * m + column] = rest / matrix[i * n + i];
            }
        }
    }

    /** Replaces the lower triangle by {@code L}. */
    private static void factorise(double[] matrix, int n) {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                double rest = matrix[i * n + j];
                for (int k = 0; k < j; k++) {
                    rest -= matrix[i * n + k] * matrix[j * n + k];
                }
                matrix[i * n + j] = i == j ? root(rest, i) : rest / matrix[j * n + j];
            }
        }
    }

    private static double root(double pivot, int row) {
        return Math.sqrt(requirePivot(pivot, row));
    }

    /**
     * A pivot of a factorisation, which must be positive.
     *
     * @throws Failure if it is not, or no number
     */
    public static double requirePivot(double pivot, int row) {
        if (!(pivot > 0) || pivot == Double.POSITIVE_INFINITY) {
            throw new Failure(
                    "a system of equations has no unique solution",
                    "pivot " + row + " is " + pivot,
                    "use more or other data, or a larger ridge");
        }
        return pivot;
    }
}
