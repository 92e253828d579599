package org.espalier.couple;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.espalier.tape.Value;

/** Picking of numbers out of a row-major array of given extents. */
record Grid(long... dims) {

    static Grid of(Value value) {
        return new Grid(value.shape().toArray());
    }

    /** Entries of an axis, in the order given. */
    double[] pick(double[] numbers, int axis, long... entries) {
        int inner = (int) product(axis + 1, dims.length);
        int outer = (int) product(0, axis);
        double[] picked = new double[outer * entries.length * inner];
        for (int o = 0; o < outer; o++) {
            for (int e = 0; e < entries.length; e++) {
                System.arraycopy(
                        numbers,
                        (int) (o * dims[axis] + entries[e]) * inner,
                        picked,
                        (o * entries.length + e) * inner,
                        inner);
            }
        }
        return picked;
    }

    double[] slice(double[] numbers, int axis, long start, long end) {
        return pick(numbers, axis, LongStream.range(start, end).toArray());
    }

    double[] repeat(double[] numbers, int axis, long times) {
        return pick(
                numbers,
                axis,
                LongStream.range(0, dims[axis] * times).map(i -> i / times).toArray());
    }

    double[] transpose(double[] numbers, int... order) {
        long[] to = Arrays.stream(order).mapToLong(a -> dims[a]).toArray();
        double[] transposed = new double[numbers.length];
        for (int i = 0; i < transposed.length; i++) {
            long rest = i;
            long start = 0;
            for (int a = order.length - 1; a >= 0; a--) {
                start += rest % to[a] * product(order[a] + 1, dims.length);
                rest /= to[a];
            }
            transposed[i] = numbers[(int) start];
        }
        return transposed;
    }

    static double[] concat(List<Grid> grids, double[][] parts, int axis) {
        int outer = (int) grids.getFirst().product(0, axis);
        int[] rows = grids.stream()
                .mapToInt(g -> (int) g.product(axis, g.dims.length))
                .toArray();
        double[] all = new double[outer * IntStream.of(rows).sum()];
        int at = 0;
        for (int o = 0; o < outer; o++) {
            for (int p = 0; p < parts.length; p++) {
                System.arraycopy(parts[p], o * rows[p], all, at, rows[p]);
                at += rows[p];
            }
        }
        return all;
    }

    private long product(int fromAxis, int toAxis) {
        return Arrays.stream(dims, fromAxis, toAxis).reduce(1, (a, b) -> a * b);
    }
}
