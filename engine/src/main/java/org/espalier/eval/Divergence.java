package org.espalier.eval;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * How far a model's predictions of a text are from a reference's. Standard errors take tokens as independent, and are those of
 * a mean: {@code sd / √n}, with the deviation of a sample.
 */
public final class Divergence {

    /**
     * A mean over all tokens.
     *
     * @param value  in nats
     * @param stderr of it; 0 for a single token
     */
    public record Mean(double value, double stderr) {

        /** {@code exp(value)}, with the error that follows to first order. */
        public Mean exp() {
            double power = Math.exp(value);
            return new Mean(power, power * stderr);
        }

        static Mean of(double[] numbers) {
            double mean = Arrays.stream(numbers).sum() / numbers.length;
            double squares =
                    Arrays.stream(numbers).map(x -> (x - mean) * (x - mean)).sum();
            double count = numbers.length;
            return new Mean(mean, count < 2 ? 0 : Math.sqrt(squares / (count - 1) / count));
        }
    }

    /**
     * What was measured.
     *
     * @param tokens       that were predicted
     * @param kl           {@code KL(reference || model)} of a token
     * @param median       of the tokens' divergences; as the other quantiles interpolated between the two next to it
     * @param p90          what nine tenths of them do not exceed
     * @param p99          what ninety-nine hundredths of them do not exceed
     * @param sameTop      share of tokens where both find the same token the likeliest
     * @param ppl          perplexity of the model
     * @param referencePpl perplexity of the reference
     * @param pplRatio     of the model's to the reference's, its error from the tokens' differences
     */
    public record Result(
            int tokens,
            Mean kl,
            double median,
            double p90,
            double p99,
            Mean sameTop,
            Mean ppl,
            Mean referencePpl,
            Mean pplRatio) {}

    private Divergence() {}

    /** Sums up tokens, of which there must be one at least. */
    public static Result of(List<TokenDivergence> tokens) {
        double[] kl = each(tokens, TokenDivergence::kl);
        Mean mean = Mean.of(kl);
        Arrays.sort(kl);
        return new Result(
                tokens.size(),
                mean,
                quantile(kl, 0.5),
                quantile(kl, 0.9),
                quantile(kl, 0.99),
                Mean.of(each(tokens, token -> token.sameTop() ? 1 : 0)),
                Mean.of(each(tokens, TokenDivergence::nll)).exp(),
                Mean.of(each(tokens, TokenDivergence::referenceNll)).exp(),
                Mean.of(each(tokens, token -> token.nll() - token.referenceNll()))
                        .exp());
    }

    private static double[] each(List<TokenDivergence> tokens, ToDoubleFunction<TokenDivergence> number) {
        return tokens.stream().mapToDouble(number).toArray();
    }

    /** Between the two of ascending numbers whose ranks are next to {@code share · (n − 1)}. */
    private static double quantile(double[] ascending, double share) {
        double rank = share * (ascending.length - 1);
        int below = (int) rank;
        int above = Math.min(below + 1, ascending.length - 1);
        return ascending[below] + (rank - below) * (ascending[above] - ascending[below]);
    }
}
