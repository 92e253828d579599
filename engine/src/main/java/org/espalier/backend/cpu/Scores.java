package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.Saliency;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/**
 * Row and column scores of a weight in one pass over weight and gradient, in float64. Panels of rows are summed by
 * themselves and then in order, so that the sums do not depend on the number of threads.
 */
final class Scores {

    private static final int PANEL_ROWS = 64;
    /** Interleaved partial sums of a row: hides the latency of an addition. */
    private static final int PARTIALS = 4;

    private final WorkerPool pool;

    Scores(WorkerPool pool) {
        this.pool = pool;
    }

    /**
     * A weight and what it is scored with.
     *
     * @param gradient float32, or null
     * @param fisher   float32, or null
     * @param scale    a factor of each column, float64, or null
     */
    record Weight(
            DType type,
            MemorySegment numbers,
            MemorySegment gradient,
            MemorySegment fisher,
            MemorySegment scale,
            int out,
            int in) {}

    void run(Saliency saliency, Weight weight, MemorySegment rows, MemorySegment columns) {
        int panels = Math.ceilDiv(weight.out, PANEL_ROWS);
        double[] scale = weight.scale == null ? null : weight.scale.toArray(Lanes.DOUBLE);
        double[][] partial = new double[panels][];
        pool.run(panels, (panel, worker) -> partial[panel] = panel(saliency, weight, scale, panel, rows));
        for (int k = 0; k < weight.in; k++) {
            double sum = 0;
            for (double[] columnSums : partial) {
                sum += columnSums[k];
            }
            columns.set(Lanes.DOUBLE, 8L * k, saliency.sumsBeforeAbsolute() ? Math.abs(sum) : sum);
        }
    }

    /** Writes the scores of a panel's rows and returns its column sums. */
    private static double[] panel(Saliency saliency, Weight weight, double[] scale, int panel, MemorySegment rows) {
        int start = panel * PANEL_ROWS;
        int end = Math.min(weight.out, start + PANEL_ROWS);
        float[] w = new float[weight.in];
        float[] g = new float[weight.in];
        float[] f = new float[weight.in];
        double[] s = new double[weight.in];
        double[] columnSums = new double[weight.in];
        long rowBytes = weight.type.bytes(weight.in);
        for (int i = start; i < end; i++) {
            Blocks.decode(weight.type, weight.numbers, i * rowBytes, w, 0, weight.in);
            read(weight.gradient, i, g);
            read(weight.fisher, i, f);
            salience(saliency, w, g, f, s);
            if (scale != null) {
                multiply(s, scale);
            }
            for (int k = 0; k < s.length; k++) {
                columnSums[k] += s[k];
            }
            double sum = sum(s);
            rows.set(Lanes.DOUBLE, 8L * i, saliency.sumsBeforeAbsolute() ? Math.abs(sum) : sum);
        }
        return columnSums;
    }

    private static void read(MemorySegment numbers, int row, float[] target) {
        if (numbers != null) {
            MemorySegment.copy(numbers, Lanes.FLOAT, 4L * row * target.length, target, 0, target.length);
        }
    }

    private static void salience(Saliency saliency, float[] w, float[] g, float[] f, double[] s) {
        boolean signed = saliency.sumsBeforeAbsolute();
        for (int k = 0; k < s.length; k++) {
            double value = saliency.of(w[k], g[k], f[k]);
            s[k] = signed ? value : Math.abs(value);
        }
    }

    private static void multiply(double[] s, double[] scale) {
        for (int k = 0; k < s.length; k++) {
            s[k] *= scale[k];
        }
    }

    private static double sum(double[] s) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int whole = s.length - s.length % PARTIALS;
        for (int k = 0; k < whole; k += PARTIALS) {
            a += s[k];
            b += s[k + 1];
            c += s[k + 2];
            d += s[k + 3];
        }
        for (int k = whole; k < s.length; k++) {
            a += s[k];
        }
        return (a + b) + (c + d);
    }
}
