package org.espalier.eval;

import java.util.List;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import org.espalier.error.Failure;

/**
 * Perplexity of a text: {@code exp(nll / predictions)}, where {@code nll} sums the negative log-likelihoods of the ids that
 * the protocol counts, in float64.
 */
public final class Perplexity {

    /** Ids given to the model at once: enough for fast matrix products, few enough to show progress. */
    private static final int BATCH_IDS = 1024;

    private Perplexity() {}

    /**
     * What was measured, and how.
     *
     * @param nll   total over all predictions, in nats
     * @param bytes of the text that was predicted; 0 where nobody counted them
     */
    public record Result(Windows windows, int count, long predictions, double nll, long bytes) {

        /** The same with the bytes of the text that was predicted, of which each token has {@code bytes}. */
        public Result of(int[] ids, IntToLongFunction bytes) {
            long sum = 0;
            for (int window = 0; window < count; window++) {
                int[] cut = windows.cut(ids, window);
                for (int i = windows.firstCounted(window) + 1; i < cut.length; i++) {
                    sum += bytes.applyAsLong(cut[i]);
                }
            }
            return new Result(windows, count, predictions, nll, sum);
        }

        /**
         * Bits that a byte of the text takes: {@code nll / (ln 2 · bytes)}, which compares models that cut texts into other
         * tokens; empty where bytes were not counted.
         */
        public OptionalDouble bitsPerByte() {
            return bytes > 0 ? OptionalDouble.of(nll / (Math.log(2) * bytes)) : OptionalDouble.empty();
        }

        /** Mean over the predictions, in nats. */
        public double meanNll() {
            return nll / predictions;
        }

        /** The perplexity: {@code exp(meanNll)}. */
        public double ppl() {
            return Math.exp(meanNll());
        }
    }

    /** Windows that {@link #measure} will compute. */
    public static int count(int[] ids, Windows windows, String where) {
        return windows.count(ids.length, where);
    }

    /**
     * Measures a text.
     *
     * @param ids   the whole text, tokenised once
     * @param where the text's name, for messages
     * @param done  told after each batch how many windows it had
     * @throws Failure if the text is shorter than one window, or the model gives no finite likelihood
     */
    public static Result measure(int[] ids, Windows windows, TokenScorer scorer, String where, IntConsumer done) {
        return measure(ids, windows, scorer, batch(windows), where, done);
    }

    /** Windows that {@link #measure} gives to the model at once, in their order. */
    public static List<int[][]> batches(int[] ids, Windows windows, int batch, String where) {
        int count = windows.count(ids.length, where);
        return IntStream.iterate(0, start -> start < count, start -> start + batch)
                .mapToObj(start -> IntStream.range(start, Math.min(count, start + batch))
                        .mapToObj(w -> windows.cut(ids, w))
                        .toArray(int[][]::new))
                .toList();
    }

    /** How many windows that is where nothing else is said. */
    public static int batch(Windows windows) {
        return Math.max(1, BATCH_IDS / windows.seqLen());
    }

    /** As above, with {@code batch} windows given to the model at once. */
    public static Result measure(
            int[] ids, Windows windows, TokenScorer scorer, int batch, String where, IntConsumer done) {
        int count = windows.count(ids.length, where);
        double nll = 0;
        long predictions = 0;
        for (int start = 0; start < count; start += batch) {
            List<int[]> cut = IntStream.range(start, Math.min(count, start + batch))
                    .mapToObj(w -> windows.cut(ids, w))
                    .toList();
            double[][] losses = scorer.losses(cut);
            for (int w = 0; w < cut.size(); w++) {
                int first = windows.firstCounted(start + w);
                nll += sum(losses[w], first, where, start + w);
                predictions += losses[w].length - first;
            }
            done.accept(cut.size());
        }
        return new Result(windows, count, predictions, nll, 0);
    }

    private static double sum(double[] losses, int first, String where, int window) {
        double sum = 0;
        for (int i = first; i < losses.length; i++) {
            sum += losses[i];
        }
        if (!Double.isFinite(sum)) {
            throw new Failure(
                    "the model gives no finite likelihood", where + ", window " + window, "check the model's weights");
        }
        return sum;
    }
}
