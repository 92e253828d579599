package org.espalier.job.serve;

import java.util.List;
import org.espalier.backend.Sampling;

/** What a {@link Scheduler} asks of a model: keys and values of many sequences in one cache. Used by one thread. */
public interface Decoding extends AutoCloseable {

    /**
     * New tokens of a sequence.
     *
     * @param row    the first row of the sequence in the cache
     * @param cached tokens of the sequence that are in the cache
     * @param ids    those that follow, at least one
     * @param wanted the first of {@code ids} after which the next token is asked about; from there on it is after every one
     */
    record Part(int row, int cached, int[] ids, int wanted) {

        /** After how many tokens the next one is asked about. */
        int places() {
            return ids.length - wanted;
        }
    }

    /**
     * What may follow; entry {@code i} is of the {@code i}-th place that is asked about, over all parts in their order. It can
     * be read until the next run.
     */
    interface Next {

        /** The likeliest token, the lowest id of equals. */
        int best(int i);

        /** The token that the position's random number draws. */
        int sample(int i, Sampling sampling, int position);

        /** Logits, {@code [V]}. */
        float[] logits(int i);
    }

    /** Rows of the cache: tokens that all sequences have together at most. */
    int rows();

    /** Tokens of the vocabulary. */
    int vocabulary();

    /** Whether a prompt has to be read in one run. */
    default boolean readsPromptsWhole() {
        return false;
    }

    /** Takes in new tokens of several sequences, whose rows are apart. */
    Next run(List<Part> parts);

    @Override
    void close();
}
