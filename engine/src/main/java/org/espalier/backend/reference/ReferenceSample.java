package org.espalier.backend.reference;

import java.util.Arrays;
import org.espalier.backend.Queue;
import org.espalier.backend.SampleOps;
import org.espalier.backend.Sampling;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceSample extends SampleOps {

    @Override
    default void argMax(Queue queue, Tensor x, Tensor out) {
        Checks.argMax(DType.F64, x, out);
        int columns = x.shape().extent(1);
        double[] xs = Numbers.read(x);
        int[] indices = new int[x.shape().extent(0)];
        for (int t = 0; t < indices.length; t++) {
            indices[t] = largest(xs, t * columns, columns);
        }
        Numbers.writeInts(out, indices);
    }

    @Override
    default void sample(Queue queue, Tensor logits, Tensor positions, Sampling sampling, Tensor out) {
        Checks.sample(DType.F64, logits, positions, out);
        int vocab = logits.shape().extent(1);
        double[] z = Arrays.stream(Numbers.read(logits))
                .map(v -> Double.isNaN(v) ? Double.NEGATIVE_INFINITY : v)
                .toArray();
        int[] at = Numbers.readInts(positions);
        int[] drawn = new int[at.length];
        for (int t = 0; t < at.length; t++) {
            drawn[t] = draw(Arrays.copyOfRange(z, t * vocab, (t + 1) * vocab), at[t], sampling);
        }
        Numbers.writeInts(out, drawn);
    }

    private static int draw(double[] z, int position, Sampling sampling) {
        double[] sorted = Arrays.stream(z).sorted().toArray();
        double largest = sorted[z.length - 1];
        int candidates = sampling.topK() == 0 ? z.length : Math.min(sampling.topK(), z.length);
        double least = sorted[z.length - candidates];
        long total = total(z, least, largest, sampling);
        if (sampling.topP() < 1) {
            least = lastOf(sorted, sampling.nucleus(total), largest, sampling);
            total = total(z, least, largest, sampling);
        }
        long left = sampling.point(position, total);
        for (int v = 0; ; v++) {
            left -= z[v] >= least ? sampling.weight(z[v], largest) : 0;
            if (left < 0) {
                return v;
            }
        }
    }

    private static long total(double[] z, double least, double largest, Sampling sampling) {
        return Arrays.stream(z)
                .filter(v -> v >= least)
                .mapToLong(v -> sampling.weight(v, largest))
                .sum();
    }

    /** The number with which the largest weigh {@code wanted}. */
    private static double lastOf(double[] sorted, long wanted, double largest, Sampling sampling) {
        int i = sorted.length;
        for (long weight = 0; weight < wanted; weight += sampling.weight(sorted[i], largest)) {
            i--;
        }
        return sorted[i];
    }

    /** The index, from {@code start}, of the largest of {@code count} numbers, the first of equals. */
    static int largest(double[] x, int start, int count) {
        int largest = 0;
        for (int i = 1; i < count; i++) {
            if (x[start + i] > x[start + largest]) {
                largest = i;
            }
        }
        return largest;
    }
}
