package org.espalier.backend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.LongUnaryOperator;
import org.espalier.error.Failure;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * What every backend asks of an operation's tensors before it touches one. A refusal is an
 * {@link IllegalArgumentException} of the form {@code operation: what is wrong; names, types and shapes}.
 * {@code compute} is the backend's {@link MemoryOps#computeType()}.
 */
public final class Checks {

    private Checks() {}

    public static void weight(MemorySegment bytes, DType type, Shape shape) {
        if (!bytes.isNative() || bytes.byteSize() != type.bytes(shape.elements())) {
            throw new IllegalArgumentException("weight: " + type + " " + shape + " needs "
                    + type.bytes(shape.elements()) + " bytes of native memory; got " + bytes.byteSize()
                    + (bytes.isNative() ? "" : " of heap memory"));
        }
    }

    /** For {@code upload} and {@code download}. */
    public static void sameBytes(String operation, MemorySegment host, Tensor tensor) {
        if (host.byteSize() != tensor.bytes()) {
            throw new IllegalArgumentException(operation + ": the host side has " + host.byteSize() + " bytes, not "
                    + tensor.bytes() + "; tensor " + tensor.type() + " " + tensor.shape());
        }
    }

    public static void fill(Tensor target) {
        Operands.of("fill", "target", target)
                .present(target)
                .require(target.type().plain(), "target must be of a plain type");
    }

    public static void convert(Tensor source, Tensor target) {
        Operands o = Operands.of("convert", "source", source, "target", target).present(source, target);
        o.floating(target, target.shape().toArray())
                .require(source.shape().elements() == target.shape().elements(), "element counts differ");
    }

    public static void embedding(DType compute, Tensor ids, Tensor table, Tensor out) {
        Operands o = Operands.of("embedding", "ids", ids, "table", table, "out", out)
                .rank(ids, 1)
                .rank(table, 2);
        o.is(ids, DType.I32, ids.shape().dim(0))
                .stored(table, table.shape().toArray())
                .is(out, compute, ids.shape().dim(0), table.shape().dim(1));
    }

    public static void embeddingBackward(DType compute, Tensor ids, Tensor dOut, Tensor dTable) {
        Operands o = Operands.of("embeddingBackward", "ids", ids, "dOut", dOut, "dTable", dTable)
                .rank(ids, 1)
                .rank(dTable, 2);
        o.is(ids, DType.I32, ids.shape().dim(0))
                .like(dTable, compute, dTable.shape())
                .is(dOut, compute, ids.shape().dim(0), dTable.shape().dim(1));
    }

    public static void scatterRows(Tensor source, Tensor rows, Tensor target) {
        Operands o = Operands.of("scatterRows", "source", source, "rows", rows, "target", target);
        sameRows(o, source, rows, target);
        o.is(rows, DType.I32, source.shape().dim(0));
    }

    public static void gatherRows(Tensor source, Tensor rows, Tensor target) {
        Operands o = Operands.of("gatherRows", "source", source, "rows", rows, "target", target);
        sameRows(o, source, rows, target);
        o.is(rows, DType.I32, target.shape().dim(0));
    }

    private static void sameRows(Operands o, Tensor source, Tensor rows, Tensor target) {
        o.rank(rows, 1).present(source, target);
        o.require(source.shape().rank() > 0, "source must have rows")
                .rank(target, source.shape().rank());
        o.require(source.type().plain(), "source must be of a plain type");
        long[] dims = source.shape().toArray();
        dims[0] = target.shape().dim(0);
        o.is(target, source.type(), dims);
    }

    /** {@code bias} may be of any plain floating type. */
    public static void linear(DType compute, Tensor x, Tensor w, Tensor bias, Tensor y) {
        Operands o = Operands.of("linear", "x", x, "w", w, "bias", bias, "y", y)
                .rank(w, 2)
                .rank(x, 2);
        o.stored(w, w.shape().toArray())
                .is(x, compute, x.shape().dim(0), w.shape().dim(1))
                .is(y, compute, x.shape().dim(0), w.shape().dim(0));
        if (bias != null) {
            o.floating(bias, w.shape().dim(0));
        }
    }

    public static void linearBackwardInput(DType compute, Tensor dY, Tensor w, Target dX) {
        Operands o = Operands.of("linearBackwardInput", "dY", dY, "w", w, "dX", dX)
                .rank(w, 2)
                .rank(dY, 2);
        o.stored(w, w.shape().toArray())
                .is(dY, compute, dY.shape().dim(0), w.shape().dim(0))
                .is(dX, compute, dY.shape().dim(0), w.shape().dim(1));
    }

    public static void linearBackwardWeight(DType compute, Tensor x, Tensor dY, Target dW) {
        Operands o = Operands.of("linearBackwardWeight", "x", x, "dY", dY, "dW", dW)
                .rank(x, 2)
                .rank(dY, 2);
        o.like(x, compute, x.shape())
                .is(dY, compute, x.shape().dim(0), dY.shape().dim(1))
                .is(dW, compute, dY.shape().dim(1), x.shape().dim(1));
    }

    public static void linearBackwardBias(DType compute, Tensor dY, Target dBias) {
        Operands o = Operands.of("linearBackwardBias", "dY", dY, "dBias", dBias).rank(dY, 2);
        o.like(dY, compute, dY.shape()).is(dBias, compute, dY.shape().dim(1));
    }

    public static void rmsNorm(DType compute, Tensor x, Tensor w, Tensor y, Tensor rstd) {
        Operands o =
                Operands.of("rmsNorm", "x", x, "w", w, "y", y, "rstd", rstd).rank(x, 2);
        o.like(x, compute, x.shape())
                .floating(w, x.shape().dim(1))
                .like(y, compute, x.shape())
                .is(rstd, compute, x.shape().dim(0));
    }

    public static void rmsNormBackward(
            DType compute, Tensor x, Tensor w, Tensor rstd, Tensor dY, Target dX, Target dW) {
        Operands o = Operands.of("rmsNormBackward", "x", x, "w", w, "rstd", rstd, "dY", dY, "dX", dX, "dW", dW)
                .rank(x, 2);
        long tokens = x.shape().dim(0);
        long channels = x.shape().dim(1);
        o.is(x, compute, tokens, channels)
                .floating(w, channels)
                .is(rstd, compute, tokens)
                .is(dY, compute, tokens, channels)
                .isOrNull(dX, compute, tokens, channels)
                .isOrNull(dW, compute, channels);
    }

    public static void rotary(DType compute, Tensor x, Tensor positions, Tensor table, Target y) {
        Operands o = Operands.of("rotary", "x", x, "positions", positions, "table", table, "y", y)
                .rank(x, 3)
                .rank(table, 3);
        o.require(x.shape().dim(2) % 2 == 0, "headDim must be even")
                .like(x, compute, x.shape())
                .is(positions, DType.I32, x.shape().dim(0))
                .is(table, compute, table.shape().dim(0), 2, x.shape().dim(2) / 2)
                .like(y, compute, x.shape());
    }

    public static void attention(DType compute, AttentionInput in, Tensor out, Tensor logSum) {
        Operands o = Operands.of(
                "attention", "query", in.query(), "key", in.key(), "value", in.value(), "out", out, "logSum", logSum);
        attended(o, compute, in, out, logSum);
    }

    public static void attentionBackward(
            DType compute,
            AttentionInput in,
            Tensor out,
            Tensor logSum,
            Tensor dOut,
            Target dQuery,
            Target dKey,
            Target dValue) {
        Operands o = Operands.of(
                "attentionBackward",
                "query",
                in.query(),
                "key",
                in.key(),
                "value",
                in.value(),
                "out",
                out,
                "logSum",
                logSum,
                "dOut",
                dOut,
                "dQuery",
                dQuery,
                "dKey",
                dKey,
                "dValue",
                dValue);
        attended(o, compute, in, out, logSum);
        o.like(dOut, compute, out.shape())
                .isOrNull(dQuery, compute, in.query().shape().toArray())
                .isOrNull(dKey, compute, in.key().shape().toArray())
                .isOrNull(dValue, compute, in.value().shape().toArray());
    }

    private static void attended(Operands o, DType compute, AttentionInput in, Tensor out, Tensor logSum) {
        Tensor query = in.query();
        Tensor key = in.key();
        Tensor value = in.value();
        Sequences sequences = in.sequences();
        o.rank(query, 3).rank(key, 3).rank(value, 3);
        long tokens = query.shape().dim(0);
        long heads = query.shape().dim(1);
        long kvHeads = key.shape().dim(1);
        o.like(query, compute, query.shape())
                .is(key, compute, key.shape().dim(0), kvHeads, query.shape().dim(2))
                .is(value, compute, key.shape().dim(0), kvHeads, value.shape().dim(2))
                .require(kvHeads > 0 && heads % kvHeads == 0, "query heads must be a multiple of key/value heads")
                .is(out, compute, tokens, heads, value.shape().dim(2))
                .is(logSum, compute, tokens, heads)
                .require(sequences.queries() == tokens, "the sequences have " + sequences.queries() + " queries")
                .require(
                        sequences.keyEnd() <= key.shape().dim(0),
                        "the sequences look at " + sequences.keyEnd() + " keys");
    }

    public static void add(DType compute, Tensor a, Tensor b, Tensor out) {
        Operands o = Operands.of("add", "a", a, "b", b, "out", out).present(a);
        o.like(a, compute, a.shape()).like(b, compute, a.shape()).like(out, compute, a.shape());
    }

    public static void accumulate(DType compute, Tensor source, Target target) {
        Operands o =
                Operands.of("accumulate", "source", source, "target", target).present(source);
        o.like(source, compute, source.shape()).like(target, compute, source.shape());
    }

    public static void swiGlu(DType compute, Tensor gate, Tensor up, Tensor out) {
        Operands o = Operands.of("swiGlu", "gate", gate, "up", up, "out", out).present(gate);
        o.like(gate, compute, gate.shape()).like(up, compute, gate.shape()).like(out, compute, gate.shape());
    }

    public static void swiGluBackward(DType compute, Tensor gate, Tensor up, Tensor dOut, Target dGate, Target dUp) {
        Operands o = Operands.of("swiGluBackward", "gate", gate, "up", up, "dOut", dOut, "dGate", dGate, "dUp", dUp)
                .present(gate);
        long[] dims = gate.shape().toArray();
        o.is(gate, compute, dims)
                .is(up, compute, dims)
                .is(dOut, compute, dims)
                .isOrNull(dGate, compute, dims)
                .isOrNull(dUp, compute, dims);
    }

    public static void dropout(DType compute, Tensor x, Target y) {
        Operands o = Operands.of("dropout", "x", x, "y", y).require(x != null, "an operand is missing");
        o.like(x, compute, x.shape()).like(y, compute, x.shape());
    }

    public static void crossEntropy(DType compute, Tensor logits, Tensor targets, Tensor loss, Tensor logSum) {
        Operands o = Operands.of("crossEntropy", "logits", logits, "targets", targets, "loss", loss, "logSum", logSum)
                .rank(logits, 2);
        long tokens = logits.shape().dim(0);
        o.like(logits, compute, logits.shape())
                .is(targets, DType.I32, tokens)
                .is(loss, compute, tokens)
                .is(logSum, compute, tokens)
                .require(logits.shape().dim(1) > 0, "the vocabulary is empty");
    }

    public static void crossEntropyBackward(
            DType compute, Tensor logits, Tensor targets, Tensor logSum, Tensor dLogits) {
        Operands o = Operands.of(
                        "crossEntropyBackward",
                        "logits",
                        logits,
                        "targets",
                        targets,
                        "logSum",
                        logSum,
                        "dLogits",
                        dLogits)
                .rank(logits, 2);
        long tokens = logits.shape().dim(0);
        o.like(logits, compute, logits.shape())
                .is(targets, DType.I32, tokens)
                .is(logSum, compute, tokens)
                .like(dLogits, compute, logits.shape());
    }

    public static void argMax(DType compute, Tensor x, Tensor out) {
        Operands o = Operands.of("argMax", "x", x, "out", out).rank(x, 2);
        o.like(x, compute, x.shape())
                .is(out, DType.I32, x.shape().dim(0))
                .require(x.shape().dim(1) > 0, "rows are empty");
    }

    public static void sample(DType compute, Tensor logits, Tensor positions, Tensor out) {
        Operands o = Operands.of("sample", "logits", logits, "positions", positions, "out", out)
                .rank(logits, 2);
        o.like(logits, compute, logits.shape())
                .is(positions, DType.I32, logits.shape().dim(0))
                .is(out, DType.I32, logits.shape().dim(0))
                .require(logits.shape().dim(1) > 0, "rows are empty")
                .require(logits.shape().dim(1) <= Sampling.MOST_TOKENS, "rows of more than 2^22 numbers");
    }

    public static void sumOfSquares(DType compute, Tensor x, Target out) {
        Operands o = Operands.of("sumOfSquares", "x", x, "out", out).present(x);
        o.like(x, compute, x.shape()).is(out, DType.F64, 1);
    }

    public static void clipFactor(Tensor sumOfSquares, Tensor out) {
        Operands.of("clipFactor", "sumOfSquares", sumOfSquares, "out", out)
                .is(sumOfSquares, DType.F64, 1)
                .is(out, DType.F32, 1);
    }

    /** {@code step} counts from 1. */
    public static void adamW(DType compute, int step, Tensor w, Tensor g, Tensor m, Tensor v, Tensor factor) {
        Operands o = Operands.of("adamW", "w", w, "g", g, "m", m, "v", v, "factor", factor)
                .present(w);
        o.like(w, compute, w.shape())
                .like(g, compute, w.shape())
                .like(m, compute, w.shape())
                .like(v, compute, w.shape())
                .isOrNull(factor, DType.F32, 1)
                .require(step >= 1, "steps count from 1, not " + step);
    }

    /**
     * Refuses row numbers outside a table, where the host can see them.
     *
     * @param name  what they are, for example {@code ids}
     * @param limit one more than the largest allowed
     */
    public static void indices(String operation, String name, Tensor indices, long limit) {
        indices(operation, name, indices, t -> 0, limit, false);
    }

    /** As {@link #indices(String, String, Tensor, long)}, with {@link LossOps#IGNORED} allowed as well. */
    public static void targets(String operation, Tensor targets, long vocab) {
        indices(operation, "targets", targets, t -> 0, vocab, true);
    }

    /** @param first the smallest number allowed, by its place in the list */
    private static void indices(
            String operation, String name, Tensor indices, LongUnaryOperator first, long limit, boolean mayBeIgnored) {
        MemorySegment bytes = HostBuffer.segment(indices);
        for (long t = 0; t < indices.shape().elements(); t++) {
            int index = bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 4 * t);
            long least = first.applyAsLong(t);
            if ((index < least || index >= limit) && !(mayBeIgnored && index == LossOps.IGNORED)) {
                throw new IllegalArgumentException(operation + ": " + name + "[" + t + "] is " + index + ", outside "
                        + least + " to " + (limit - 1) + "; " + name + " " + indices.type() + " " + indices.shape());
            }
        }
    }

    public static void saliency(
            DType compute, Saliency saliency, Tensor w, Tensor gradient, Tensor fisher, Tensor rows, Tensor columns) {
        Operands o = Operands.of(
                        "saliency", "w", w, "gradient", gradient, "fisher", fisher, "rows", rows, "columns", columns)
                .rank(w, 2);
        o.stored(w, w.shape().toArray())
                .is(rows, DType.F64, w.shape().dim(0))
                .is(columns, DType.F64, w.shape().dim(1));
        if (saliency.needsGradient() || gradient != null) {
            o.is(gradient, compute, w.shape().toArray());
        }
        if (saliency.needsFisher() || fisher != null) {
            o.is(fisher, compute, w.shape().toArray());
        }
    }

    public static void correlate(DType compute, Tensor a, Tensor b, Tensor weights, Target sum) {
        Operands o = Operands.of("correlate", "a", a, "b", b, "weights", weights, "sum", sum)
                .rank(a, 2)
                .rank(b, 2);
        long tokens = a.shape().dim(0);
        o.like(a, compute, a.shape())
                .is(b, compute, tokens, b.shape().dim(1))
                .isOrNull(weights, compute, tokens)
                .is(sum, DType.F64, a.shape().dim(1), b.shape().dim(1));
    }

    public static void solve(Tensor matrix, Tensor right) {
        Operands o = Operands.of("solve", "matrix", matrix, "right", right)
                .rank(matrix, 2)
                .rank(right, 2);
        o.is(matrix, DType.F64, matrix.shape().dim(0), matrix.shape().dim(0))
                .is(right, DType.F64, matrix.shape().dim(0), right.shape().dim(1));
    }

    /**
     * A pivot of a factorisation, which must be positive.
     *
     * @throws Failure if it is not, or no number
     */
    public static double pivot(double pivot, int row) {
        if (!(pivot > 0) || pivot == Double.POSITIVE_INFINITY) {
            throw new Failure(
                    "a system of equations has no unique solution",
                    "pivot " + row + " is " + pivot,
                    "use more or other data, or a larger ridge");
        }
        return pivot;
    }

    public static void scaledSaliency(Saliency saliency, Tensor w, Tensor scale, Tensor rows, Tensor columns) {
        Operands o = Operands.of("scaledSaliency", "w", w, "scale", scale, "rows", rows, "columns", columns)
                .rank(w, 2);
        o.require(!saliency.needsGradient() && !saliency.needsFisher(), saliency + " needs more than the weight")
                .stored(w, w.shape().toArray())
                .is(scale, DType.F64, w.shape().dim(1))
                .is(rows, DType.F64, w.shape().dim(0))
                .is(columns, DType.F64, w.shape().dim(1));
    }

    public static void squaredGradients(
            DType compute,
            Sequences sequences,
            double[] factors,
            Tensor x,
            Tensor dY,
            Target gradient,
            Target squares) {
        Operands o = Operands.of("squaredGradients", "x", x, "dY", dY, "gradient", gradient, "squares", squares)
                .rank(x, 2)
                .rank(dY, 2);
        o.like(x, compute, x.shape())
                .is(dY, compute, x.shape().dim(0), dY.shape().dim(1))
                .isOrNull(gradient, compute, dY.shape().dim(1), x.shape().dim(1))
                .is(squares, compute, dY.shape().dim(1), x.shape().dim(1))
                .require(sequences.queries() == x.shape().dim(0), "the sequences have " + sequences.queries() + " rows")
                .require(
                        gradient == null || gradient.beta() == squares.beta(),
                        "gradient and squares must both be written or both be added to")
                .require(
                        factors.length == sequences.count(),
                        factors.length + " factors for " + sequences.count() + " sequences");
    }

    public static void columnDots(DType compute, Tensor a, Tensor shift, Tensor b, Target sums) {
        Operands o = Operands.of("columnDots", "a", a, "shift", shift, "b", b, "sums", sums)
                .rank(a, 2);
        o.like(a, compute, a.shape())
                .isOrNull(b, compute, a.shape().toArray())
                .is(sums, DType.F64, a.shape().dim(1));
        if (shift != null) {
            o.floating(shift, a.shape().dim(1));
        }
    }

    /** {@code rows} and {@code columns} may be null. */
    public static void gather(Tensor source, Tensor rows, Tensor columns, Tensor target) {
        Operands o = Operands.of("gather", "source", source, "rows", rows, "columns", columns, "target", target)
                .rank(source, 2)
                .rank(target, 2);
        o.require(source.type().plain(), "source must be of a plain type");
        long keptRows = target.shape().dim(0);
        long keptColumns = target.shape().dim(1);
        o.isOrNull(rows, DType.I32, keptRows)
                .isOrNull(columns, DType.I32, keptColumns)
                .is(
                        target,
                        source.type(),
                        rows == null ? source.shape().dim(0) : keptRows,
                        columns == null ? source.shape().dim(1) : keptColumns);
        if (InPlace.is(source, target)) {
            o.require(
                    keptRows <= source.shape().dim(0)
                            && keptColumns <= source.shape().dim(1),
                    "in place target must be neither longer nor wider than source");
        } else {
            o.apart(target, source);
        }
        o.apart(target, rows).apart(target, columns);
    }

    /** As {@link #indices}, for both lists of {@code gather}; in place no row comes from before its own place. */
    public static void kept(Tensor source, Tensor rows, Tensor columns, Tensor target) {
        if (rows != null) {
            if (InPlace.is(source, target)) {
                indices("gather in place", "rows", rows, i -> i, source.shape().dim(0), false);
            } else {
                indices("gather", "rows", rows, source.shape().dim(0));
            }
        }
        if (columns != null) {
            indices("gather", "columns", columns, source.shape().dim(1));
        }
    }
}
