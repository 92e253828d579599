package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Rotary position embedding and causal grouped-query attention. */
public interface AttentionOps {

    /**
     * Rotates pairs of every head's first {@code rotaryDim} channels by the angle of the token's position (Su et al. 2021);
     * the others pass. Where a token has several positions, as many runs of {@code rotaryDim} channels turn, each by its own
     * (in GLM two: in the prompt, and in what is written). With {@code interleaved} false (the Hugging Face form) pair {@code i} is
     * {@code (i, i + rotaryDim / 2)} of a run, else {@code (2i, 2i + 1)}.
     *
     * @param x         {@code [tokens, heads, headDim]}
     * @param positions int32 {@code [tokens]}, or {@code [tokens, runs]}
     * @param table     cosines then sines, {@code [maxPositions, 2, rotaryDim / 2]}, compute type
     * @param inverse   rotate back: the derivative
     * @param y         {@code [tokens, heads, headDim]}
     */
    void rotary(Queue queue, Tensor x, Tensor positions, Tensor table, boolean interleaved, boolean inverse, Target y);

    /**
     * {@code out[t, h] = Σ_s softmax_s(score(query[t, h] · key[s, g])) value[s, g]} over the keys that the sequences and the
     * window let {@code t} see, the score as in {@link AttentionForm}; query head {@code h} uses key/value head
     * {@code g = h / (heads / kvHeads)}.
     *
     * @param out    {@code [tokens, heads, valueDim]}
     * @param logSum {@code [tokens, heads]}: the logarithm of each softmax's denominator, for the backward step
     */
    void attention(Queue queue, AttentionInput in, Tensor out, Tensor logSum);

    /**
     * The derivative of {@link #attention}, recomputing the weights from {@code logSum}. Each target is null if nobody
     * wants it; {@code dKey} and {@code dValue} have as many rows as {@code key}, of which rows no sequence looks at
     * get 0 or, in a target that is added to, stay.
     */
    void attentionBackward(
            Queue queue,
            AttentionInput in,
            Tensor out,
            Tensor logSum,
            Tensor dOut,
            Target dQuery,
            Target dKey,
            Target dValue);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /**
         * {@code x} and {@code y} must be {@code [tokens, heads, headDim]}, {@code positions} int32 {@code [tokens]} or
         * {@code [tokens, runs]} and {@code table} {@code [maxPositions, 2, n]} with {@code 2n · runs} at most {@code headDim}.
         */
        public static void rotary(DType compute, Tensor x, Tensor positions, Tensor table, Target y) {
            Operands o = Operands.of("rotary", "x", x, "positions", positions, "table", table, "y", y)
                    .rank(x, 3)
                    .rank(table, 3);
            long half = table.shape().dim(2);
            long tokens = x.shape().dim(0);
            long runs = runs(positions);
            o.require(2 * half * runs <= x.shape().dim(2), "table rotates more channels than a head has")
                    .like(x, compute, x.shape())
                    .is(positions, DType.I32, several(positions) ? new long[] {tokens, runs} : new long[] {tokens})
                    .is(table, compute, table.shape().dim(0), 2, half)
                    .like(y, compute, x.shape());
        }

        /** Positions of each token. */
        public static int runs(Tensor positions) {
            return several(positions) ? positions.shape().extent(1) : 1;
        }

        private static boolean several(Tensor positions) {
            return positions != null && positions.shape().rank() > 1;
        }

        /**
         * Shapes must be those of {@link AttentionInput} and {@link AttentionOps#attention}, and the sequences must
         * cover exactly the tokens and look at no key row beyond the last.
         */
        public static void attention(DType compute, AttentionInput in, Tensor out, Tensor logSum) {
            Operands o = Operands.of(
                    "attention",
                    "query",
                    in.query(),
                    "key",
                    in.key(),
                    "value",
                    in.value(),
                    "slopes",
                    in.slopes(),
                    "out",
                    out,
                    "logSum",
                    logSum);
            attended(o, compute, in, out, logSum);
        }

        /**
         * As for {@link #attention}; {@code dOut} must be like {@code out}, and each target that is not null like the
         * operand whose gradient it takes.
         */
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
                    "slopes",
                    in.slopes(),
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
                    .is(
                            value,
                            compute,
                            key.shape().dim(0),
                            kvHeads,
                            value.shape().dim(2))
                    .require(kvHeads > 0 && heads % kvHeads == 0, "query heads must be a multiple of key/value heads")
                    .isOrNull(in.slopes(), compute, heads)
                    .is(out, compute, tokens, heads, value.shape().dim(2))
                    .is(logSum, compute, tokens, heads)
                    .require(sequences.queries() == tokens, "the sequences have " + sequences.queries() + " queries")
                    .require(
                            sequences.keyEnd() <= key.shape().dim(0),
                            "the sequences look at " + sequences.keyEnd() + " keys");
        }
    }
}
