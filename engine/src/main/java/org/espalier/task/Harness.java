package org.espalier.task;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.espalier.model.Continuation;
import org.espalier.text.Tokenizer;

/** Versions of EleutherAI's lm-evaluation-harness whose numbers differ. */
public enum Harness {
    /** 0.4: a context and what follows it are cut into tokens together. */
    CURRENT("current") {
        @Override
        Optional<Continuation> cut(Tokenizer tokenizer, String context, String end, int positions) {
            int stays = Blanks.withoutThoseAtTheEnd(context);
            String before = context.substring(0, stays);
            int[] whole = tokenizer.encode(context + end, true);
            int[] given = tokenizer.encode(before, true);
            if (context.isEmpty() || given.length == 0) {
                int[] ids = tokenizer.encode(context + end, false);
                return begun(tokenizer.bosId().orElseGet(() -> lastEos(tokenizer)), ids, true, positions);
            }
            return joined(
                    given, Arrays.copyOfRange(whole, Math.min(given.length, whole.length), whole.length), positions);
        }
    },
    /** 0.3, behind the tables of LLM-Pruner's paper: each is cut alone, and nothing is put before a text. */
    LEGACY("legacy") {
        @Override
        Optional<Continuation> cut(Tokenizer tokenizer, String context, String end, int positions) {
            int[] ids = tokenizer.encode(end, false);
            return context.isEmpty()
                    ? begun(lastEos(tokenizer), ids, false, positions)
                    : joined(tokenizer.encode(context, false), ids, positions);
        }
    };

    private final String label;

    Harness(String label) {
        this.label = label;
    }

    /**
     * A text and its end as tokens, of which a model with too few positions reads the last ones. Where a text ends with what
     * asks for another, the end is that other one, whatever the version.
     *
     * @param positions of the model
     * @return nothing if the end adds no token
     */
    public Optional<Continuation> continuation(Tokenizer tokenizer, String context, String end, int positions) {
        return tokenizer.asking().isPresent()
                ? joined(tokenizer.encode(context, true), tokenizer.encode(end, false), positions)
                : cut(tokenizer, context, end, positions);
    }

    abstract Optional<Continuation> cut(Tokenizer tokenizer, String context, String end, int positions);

    private static Optional<Continuation> begun(int begin, int[] ids, boolean once, int positions) {
        boolean there = once && ids.length > 1 && ids[0] == begin;
        return there
                ? joined(new int[] {begin}, Arrays.copyOfRange(ids, 1, ids.length), positions)
                : joined(new int[] {begin}, ids, positions);
    }

    private static Optional<Continuation> joined(int[] given, int[] end, int positions) {
        if (end.length == 0) {
            return Optional.empty();
        }
        int[] ids = IntStream.concat(Arrays.stream(given), Arrays.stream(end)).toArray();
        int most = positions + 1;
        int cut = Math.max(0, ids.length - most);
        return Optional.of(new Continuation(Arrays.copyOfRange(ids, cut, ids.length), Math.max(1, given.length - cut)));
    }

    private static int lastEos(Tokenizer tokenizer) {
        return tokenizer.eosIds().isEmpty() ? 0 : tokenizer.eosIds().getFirst();
    }

    /** The name on the command line. */
    @Override
    public String toString() {
        return label;
    }
}
