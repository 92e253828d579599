package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * Mixture of experts: which experts a token is given to, and its row among the rows of all experts. Every token has k
 * rows, one for each of its experts. They are numbered in two ways: by token, row {@code t · k + j} being that of token {@code t}
 * and its expert {@code j}, and sorted by expert, so that those of an expert lie together. A list of rows is one of these
 * orders in terms of the other.
 */
public interface ExpertOps {

    /** Experts that one token can be given to some of. */
    int MOST_EXPERTS = 2048;

    /**
     * The {@code k} largest logits of each row, of equals the first, the largest first, and what their experts' outputs are
     * multiplied by: {@code p = softmax(logits)} of the row, divided by the sum over the chosen if {@code normalised}. What is not
     * a number counts as the least.
     *
     * @param logits  {@code [tokens, experts]}, from k to {@link #MOST_EXPERTS} experts
     * @param chosen  int32 {@code [tokens, k]}, written
     * @param factors {@code [tokens, k]}, written
     */
    void route(Queue queue, Tensor logits, boolean normalised, Tensor chosen, Tensor factors);

    /**
     * The derivative of the factors of {@link #route}, what is chosen being taken as it is:
     * {@code dLogits[e] = beta · dLogits[e] + Σ_j [chosen[j] = e] f_j dF_j − q_e Σ_j f_j dF_j} with the factors {@code f}, and
     * {@code q} the factors of the chosen and 0 for others if {@code normalised}, else the softmax of all logits.
     *
     * @param chosen   int32 {@code [tokens, k]}, distinct in a row, each in {@code [0, experts)}
     * @param dFactors {@code [tokens, k]}
     * @param dLogits  {@code [tokens, experts]}
     */
    void routeBackward(
            Queue queue,
            Tensor logits,
            boolean normalised,
            Tensor chosen,
            Tensor factors,
            Tensor dFactors,
            Target dLogits);

    /**
     * {@code out[i] = beta · out[i] + f(rows[i]) · source[rows[i] / k]}: each token's numbers to all of its rows.
     *
     * @param source  {@code [tokens, channels]}
     * @param rows    int32 {@code [tokens · k]}, each in {@code [0, tokens · k)}
     * @param factors {@code [tokens, k]}, by token, or null for ones
     * @param out     {@code [tokens · k, channels]}
     */
    void spreadRows(Queue queue, Tensor source, Tensor rows, Tensor factors, Target out);

    /**
     * {@code out[t] = beta · out[t] + Σ_j f(t, j) · source[rows[t · k + j]]}, the first of a token first: the rows of each token put
     * together.
     *
     * @param source  {@code [tokens · k, channels]}
     * @param rows    int32 {@code [tokens · k]}, each in {@code [0, tokens · k)}
     * @param factors {@code [tokens, k]}, or null for ones
     * @param out     {@code [tokens, channels]}
     */
    void joinRows(Queue queue, Tensor source, Tensor rows, Tensor factors, Target out);

    /**
     * {@code out[t, j] = beta · out[t, j] + Σ_c a[t, c] · source[rows[t · k + j], c]}: the derivative of {@link #joinRows} in its
     * factors.
     *
     * @param a      {@code [tokens, channels]}
     * @param source {@code [tokens · k, channels]}
     * @param rows   int32 {@code [tokens · k]}, each in {@code [0, tokens · k)}
     * @param out    {@code [tokens, k]}
     */
    void rowDots(Queue queue, Tensor a, Tensor source, Tensor rows, Target out);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /**
         * {@code logits} must be {@code [tokens, experts]}, {@code chosen} int32 {@code [tokens, k]} and {@code factors}
         * {@code [tokens, k]}, k being at least 1 and at most the experts.
         */
        public static void route(DType compute, Tensor logits, Tensor chosen, Tensor factors) {
            Operands o = Operands.of("route", "logits", logits, "chosen", chosen, "factors", factors);
            routed(o, compute, logits, chosen, factors);
        }

        /** As above; {@code dFactors} must be like {@code factors}, and {@code dLogits} like {@code logits}. */
        public static void routeBackward(
                DType compute, Tensor logits, Tensor chosen, Tensor factors, Tensor dFactors, Target dLogits) {
            Operands o = Operands.of(
                    "routeBackward",
                    "logits",
                    logits,
                    "chosen",
                    chosen,
                    "factors",
                    factors,
                    "dFactors",
                    dFactors,
                    "dLogits",
                    dLogits);
            routed(o, compute, logits, chosen, factors);
            o.like(dFactors, compute, factors.shape()).like(dLogits, compute, logits.shape());
        }

        private static void routed(Operands o, DType compute, Tensor logits, Tensor chosen, Tensor factors) {
            o.rank(logits, 2).rank(factors, 2);
            long k = factors.shape().dim(1);
            o.like(logits, compute, logits.shape())
                    .is(factors, compute, logits.shape().dim(0), k)
                    .is(chosen, DType.I32, logits.shape().dim(0), k)
                    .require(k >= 1 && k <= logits.shape().dim(1), "there are no " + k + " experts to choose")
                    .require(
                            logits.shape().dim(1) <= MOST_EXPERTS,
                            "at most " + MOST_EXPERTS + " experts are supported");
        }

        /**
         * {@code source} must be {@code [tokens, channels]}, {@code out} {@code [tokens · k, channels]}, {@code rows} int32 with an
         * entry for each row of {@code out}, and {@code factors}, if it is there, {@code [tokens, k]}. Whether the rows are there,
         * the operation looks itself, here and below.
         */
        public static void spreadRows(DType compute, Tensor source, Tensor rows, Tensor factors, Target out) {
            Operands o = Operands.of("spreadRows", "source", source, "rows", rows, "factors", factors, "out", out)
                    .rank(source, 2)
                    .require(out != null, "out is missing")
                    .rank(out.tensor(), 2);
            shared(o, compute, source, out.tensor(), rows, factors);
        }

        /** As {@link #spreadRows}, {@code source} and {@code out} in each other's place. */
        public static void joinRows(DType compute, Tensor source, Tensor rows, Tensor factors, Target out) {
            Operands o = Operands.of("joinRows", "source", source, "rows", rows, "factors", factors, "out", out)
                    .rank(source, 2)
                    .require(out != null, "out is missing")
                    .rank(out.tensor(), 2);
            shared(o, compute, out.tensor(), source, rows, factors);
        }

        /** As {@link #joinRows}, {@code a} being in the place of its {@code out}; {@code out} must be {@code [tokens, k]}. */
        public static void rowDots(DType compute, Tensor a, Tensor source, Tensor rows, Target out) {
            Operands o = Operands.of("rowDots", "a", a, "source", source, "rows", rows, "out", out)
                    .rank(a, 2)
                    .rank(source, 2)
                    .require(out != null, "out is missing");
            shared(o, compute, a, source, rows, out.tensor());
        }

        /** @param factors may be null */
        private static void shared(
                Operands o, DType compute, Tensor ofTokens, Tensor ofRows, Tensor rows, Tensor factors) {
            long tokens = ofTokens.shape().dim(0);
            long all = ofRows.shape().dim(0);
            o.like(ofTokens, compute, ofTokens.shape())
                    .is(ofRows, compute, all, ofTokens.shape().dim(1))
                    .is(rows, DType.I32, all)
                    .require(
                            tokens == 0 ? all == 0 : all % tokens == 0 && all > 0,
                            "tokens have different numbers of rows");
            if (tokens > 0) {
                o.isOrNull(factors, compute, tokens, all / tokens);
            }
        }
    }
}
