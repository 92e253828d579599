package org.espalier.couple;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.espalier.couple.HostOp.Formula;
import org.espalier.couple.HostOp.Statement;
import org.espalier.tape.Coupling;
import org.espalier.tape.Element;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/** Operations of models that the product does not know, with what they state of their axes. */
final class HostOps {

    /** Every axis of the input is that of the output. */
    private static final Statement SAME = (c, in, out) -> {
        for (int axis = 0; axis < in.getFirst().shape().rank(); axis++) {
            c.same(c.axis(in.getFirst(), axis), c.axis(out.getFirst(), axis));
        }
    };

    private HostOps() {}

    /** Numbers as they are, by an operation that states nothing. */
    static Value opaque(Tape tape, Value x) {
        return record(
                tape,
                "opaque",
                List.of(x),
                (in, numbers, out) -> one(numbers[0]),
                (c, in, out) -> {},
                x.shape().toArray());
    }

    /** An axis in parts of these extents, one after the other, which are all of it. */
    static List<Value> split(Tape tape, Value x, int axis, long... extents) {
        List<Value> parts = new ArrayList<>();
        for (long extent : extents) {
            long[] dims = x.shape().toArray();
            dims[axis] = extent;
            parts.add(tape.activation("part", Element.REAL, dims));
        }
        Formula formula = (in, numbers, out) -> {
            double[][] cut = new double[out.size()][];
            long at = 0;
            for (int i = 0; i < cut.length; i++) {
                long end = at + out.get(i).dims()[axis];
                cut[i] = in.getFirst().slice(numbers[0], axis, at, end);
                at = end;
            }
            return cut;
        };
        tape.record(new HostOp(
                "split", List.of(x), parts, formula, (c, in, out) -> alongAxis(c, in.getFirst(), out, axis)));
        return parts;
    }

    /** Values of equal shapes but for an axis, one after the other along it. */
    static Value concat(Tape tape, int axis, List<Value> parts) {
        long[] dims = parts.getFirst().shape().toArray();
        dims[axis] = parts.stream().mapToLong(p -> p.shape().dim(axis)).sum();
        return record(
                tape,
                "concat",
                parts,
                (in, numbers, out) -> one(Grid.concat(in, numbers, axis)),
                (c, in, out) -> alongAxis(c, out.getFirst(), in, axis),
                dims);
    }

    /** The parts lie one after the other along an axis of the whole, and have its other axes. */
    private static void alongAxis(Coupling c, Value whole, List<Value> parts, int axis) {
        c.same(
                c.axis(whole, axis),
                c.sum(parts.stream().map(p -> c.axis(p, axis)).toArray(Coupling.Axis[]::new)));
        for (int a = 0; a < whole.shape().rank(); a++) {
            for (Value part : a == axis ? List.<Value>of() : parts) {
                c.same(c.axis(whole, a), c.axis(part, a));
            }
        }
    }

    /** Axis {@code i} of the result is axis {@code order[i]}. */
    static Value transpose(Tape tape, Value x, int... order) {
        return record(
                tape,
                "transpose",
                List.of(x),
                (in, numbers, out) -> one(in.getFirst().transpose(numbers[0], order)),
                (c, in, out) -> {
                    for (int a = 0; a < order.length; a++) {
                        c.same(c.axis(in.getFirst(), order[a]), c.axis(out.getFirst(), a));
                    }
                },
                Arrays.stream(order).mapToLong(x.shape()::dim).toArray());
    }

    /** Every entry of the heads' axis {@code times} times in a row: keys for as many heads as there are queries. */
    static Value repeatHeads(Tape tape, Value x, long times) {
        long[] dims = x.shape().toArray();
        dims[1] *= times;
        return record(
                tape,
                "repeat",
                List.of(x),
                (in, numbers, out) -> one(in.getFirst()
                        .repeat(
                                numbers[0],
                                1,
                                out.getFirst().dims()[1] / in.getFirst().dims()[1])),
                (c, in, out) -> {
                    Value few = in.getFirst();
                    Value many = out.getFirst();
                    Coupling.Axis repeats =
                            c.fresh(many.shape().dim(1) / few.shape().dim(1));
                    c.use(repeats, Coupling.Use.QUERIES_PER_HEAD);
                    c.same(c.axis(few, 0), c.axis(many, 0));
                    c.same(c.product(c.axis(few, 1), repeats), c.axis(many, 1));
                    c.same(c.axis(few, 2), c.axis(many, 2));
                },
                dims);
    }

    /**
     * A normalisation of rows over some of their channels; the others do not count and come out as 0.
     *
     * @param bias    added; null for none
     * @param centred whether the mean is taken off first (layer normalisation), else root mean square
     * @param kept    channels that count; null for all
     */
    static Value norm(Tape tape, Value x, Value w, Value bias, boolean centred, BitSet kept, double eps) {
        return record(
                tape,
                "norm",
                bias == null ? List.of(x, w) : List.of(x, w, bias),
                (in, numbers, out) -> one(norm(numbers, centred, kept == null ? all(numbers[1].length) : kept, eps)),
                (c, in, out) -> {
                    SAME.of(c, in, out);
                    in.subList(1, in.size()).forEach(vector -> c.same(c.axis(in.getFirst(), 1), c.axis(vector, 0)));
                    c.use(c.axis(in.getFirst(), 1), Coupling.Use.NORMALISED);
                },
                x.shape().toArray());
    }

    private static BitSet all(int channels) {
        BitSet all = new BitSet();
        all.set(0, channels);
        return all;
    }

    private static double[] norm(double[][] in, boolean centred, BitSet kept, double eps) {
        int channels = in[1].length;
        double[] y = new double[in[0].length];
        for (int row = 0; row < y.length; row += channels) {
            int start = row;
            double mean =
                    centred ? kept.stream().mapToDouble(i -> in[0][start + i]).sum() / kept.cardinality() : 0;
            double square = kept.stream()
                            .mapToDouble(i -> Math.pow(in[0][start + i] - mean, 2))
                            .sum()
                    / kept.cardinality();
            kept.stream()
                    .forEach(i -> y[start + i] = (in[0][start + i] - mean) / Math.sqrt(square + eps) * in[1][i]
                            + (in.length > 2 ? in[2][i] : 0));
        }
        return y;
    }

    private static double[][] one(double[] output) {
        return new double[][] {output};
    }

    private static Value record(
            Tape tape, String kind, List<Value> inputs, Formula formula, Statement statement, long... dims) {
        Value y = tape.activation(kind, Element.REAL, dims);
        tape.record(new HostOp(kind, inputs, List.of(y), formula, statement));
        return y;
    }
}
