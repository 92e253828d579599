package org.espalier.couple;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.espalier.tape.Coupling;
import org.espalier.tape.Element;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/** Operations of models that the product does not know, with what they state of their axes. */
final class HostOps {

    private HostOps() {}

    /** {@code x · Φ(x)}, by its usual approximation. */
    static Value gelu(Tape tape, Value x) {
        return record(
                tape,
                "gelu",
                List.of(x),
                in -> Arrays.stream(in[0])
                        .map(v -> v / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v))))
                        .toArray(),
                same(x),
                x.shape().toArray());
    }

    /** Numbers as they are, by an operation that states nothing. */
    static Value opaque(Tape tape, Value x) {
        return record(
                tape, "opaque", List.of(x), in -> in[0], y -> c -> {}, x.shape().toArray());
    }

    /** Entries {@code from} to {@code to} of an axis. */
    static Value slice(Tape tape, Value x, int axis, long from, long to) {
        long[] dims = x.shape().toArray();
        long rest = dims[axis] - to;
        dims[axis] = to - from;
        return record(
                tape,
                "slice",
                List.of(x),
                in -> Grid.of(x).slice(in[0], axis, from, to),
                y -> c -> {
                    for (int a = 0; a < dims.length; a++) {
                        c.same(
                                c.axis(x, a),
                                a == axis ? c.sum(c.fresh(from), c.axis(y, a), c.fresh(rest)) : c.axis(y, a));
                    }
                },
                dims);
    }

    /** Values of equal shapes but for an axis, one after the other along it. */
    static Value concat(Tape tape, int axis, List<Value> parts) {
        long[] dims = parts.getFirst().shape().toArray();
        dims[axis] = parts.stream().mapToLong(p -> p.shape().dim(axis)).sum();
        return record(
                tape,
                "concat",
                parts,
                in -> Grid.concat(parts.stream().map(Grid::of).toList(), in, axis),
                y -> c -> {
                    c.same(
                            c.axis(y, axis),
                            c.sum(parts.stream().map(p -> c.axis(p, axis)).toArray(Coupling.Axis[]::new)));
                    for (int a = 0; a < dims.length; a++) {
                        for (Value part : a == axis ? List.<Value>of() : parts) {
                            c.same(c.axis(y, a), c.axis(part, a));
                        }
                    }
                },
                dims);
    }

    /** Axis {@code i} of the result is axis {@code order[i]}. */
    static Value transpose(Tape tape, Value x, int... order) {
        long[] dims = Arrays.stream(order).mapToLong(x.shape()::dim).toArray();
        return record(
                tape,
                "transpose",
                List.of(x),
                in -> Grid.of(x).transpose(in[0], order),
                y -> c -> {
                    for (int a = 0; a < order.length; a++) {
                        c.same(c.axis(x, order[a]), c.axis(y, a));
                    }
                },
                dims);
    }

    /** Every entry of the heads' axis {@code times} times in a row: keys for as many heads as there are queries. */
    static Value repeatHeads(Tape tape, Value x, long times) {
        long[] dims = x.shape().toArray();
        dims[1] *= times;
        return record(
                tape,
                "repeat",
                List.of(x),
                in -> Grid.of(x).repeat(in[0], 1, times),
                y -> c -> {
                    Coupling.Axis repeats = c.fresh(times);
                    c.use(repeats, Coupling.Use.QUERIES_PER_HEAD);
                    c.same(c.axis(x, 0), c.axis(y, 0));
                    c.same(c.product(c.axis(x, 1), repeats), c.axis(y, 1));
                    c.same(c.axis(x, 2), c.axis(y, 2));
                },
                dims);
    }

    /**
     * A normalisation of rows over some of their channels; the others do not count and come out as 0.
     *
     * @param bias    added; null for none
     * @param centred whether the mean is taken off first (layer normalisation), else root mean square
     * @param kept    channels that count
     */
    static Value norm(Tape tape, Value x, Value w, Value bias, boolean centred, BitSet kept, double eps) {
        List<Value> inputs = bias == null ? List.of(x, w) : List.of(x, w, bias);
        return record(
                tape,
                "norm",
                inputs,
                in -> norm(in, centred, kept, eps),
                y -> c -> {
                    c.same(c.axis(x, 0), c.axis(y, 0));
                    c.same(c.axis(x, 1), c.axis(y, 1));
                    c.same(c.axis(x, 1), c.axis(w, 0));
                    if (bias != null) {
                        c.same(c.axis(x, 1), c.axis(bias, 0));
                    }
                    c.use(c.axis(x, 1), Coupling.Use.NORMALISED);
                },
                x.shape().toArray());
    }

    private static double[] norm(double[][] in, boolean centred, BitSet kept, double eps) {
        int channels = in[1].length;
        double[] y = new double[in[0].length];
        for (int row = 0; row < y.length; row += channels) {
            int from = row;
            double mean =
                    centred ? kept.stream().mapToDouble(i -> in[0][from + i]).sum() / kept.cardinality() : 0;
            double square = kept.stream()
                            .mapToDouble(i -> Math.pow(in[0][from + i] - mean, 2))
                            .sum()
                    / kept.cardinality();
            kept.stream()
                    .forEach(i -> y[from + i] = (in[0][from + i] - mean) / Math.sqrt(square + eps) * in[1][i]
                            + (in.length > 2 ? in[2][i] : 0));
        }
        return y;
    }

    private static Function<Value, Consumer<Coupling>> same(Value x) {
        return y -> c -> {
            for (int axis = 0; axis < x.shape().rank(); axis++) {
                c.same(c.axis(x, axis), c.axis(y, axis));
            }
        };
    }

    private static Value record(
            Tape tape,
            String kind,
            List<Value> inputs,
            Function<double[][], double[]> formula,
            Function<Value, Consumer<Coupling>> coupling,
            long... dims) {
        Value y = tape.activation(kind, Element.REAL, dims);
        tape.record(new HostOp(kind, inputs, y, formula, coupling.apply(y)));
        return y;
    }
}
