package org.espalier.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.ToIntFunction;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.SegmentWalk.Batch;
import org.espalier.tape.Tape;

/**
 * Sequences cut into batches whose next-token losses are computed together: whole sequences, at most
 * {@link #BATCH_TOKENS} tokens unless one alone is longer.
 *
 * @param batches    for a {@link org.espalier.tape.SegmentWalk}
 * @param recordings of each batch
 * @param sequences  in all
 * @param counted    tokens whose loss counts, in all
 */
public record LossBatches(List<Batch> batches, List<Recording> recordings, int sequences, int counted) {

    /** Tokens computed at once: enough for fast matrix products. */
    public static final int BATCH_TOKENS = 1024;

    /** Batches of sequences, in their order. */
    public static LossBatches of(Transformer transformer, List<int[]> sequences) {
        return of(transformer, transformer::loss, sequences);
    }

    /** As above, with the pass over so many tokens that {@code recorder} gives. */
    static LossBatches of(Transformer transformer, IntFunction<Recording> recorder, List<int[]> sequences) {
        return of(
                recorder,
                sequences,
                ids -> ids.length,
                together -> Packed.of(together).readBy(transformer.config()));
    }

    /** Batches of texts of which only the ends count, in their order. */
    static LossBatches ofEnds(Transformer transformer, List<Continuation> texts) {
        return of(
                transformer::loss,
                texts,
                Continuation::read,
                together -> Packed.ends(together).readBy(transformer.config()));
    }

    private static <T> LossBatches of(
            IntFunction<Recording> recorder,
            List<T> sequences,
            ToIntFunction<T> length,
            Function<List<T>, Packed> pack) {
        Map<Integer, Recording> bySize = new HashMap<>();
        List<Batch> batches = new ArrayList<>();
        List<Recording> recordings = new ArrayList<>();
        int counted = 0;
        for (List<T> together : cut(sequences, length)) {
            Packed packed = pack.apply(together);
            if (packed.tokens() > 0) {
                Recording recording = bySize.computeIfAbsent(packed.tokens(), recorder::apply);
                batches.add(new Batch(recording.tape(), packed.sequences(), packed.inputs(recording)));
                recordings.add(recording);
                counted += packed.counted();
            }
        }
        return new LossBatches(batches, recordings, sequences.size(), counted);
    }

    /** The tape of the batch with the most segments; there must be a batch. */
    public Tape longest() {
        return batches.stream()
                .map(Batch::tape)
                .max(Comparator.comparingInt(tape -> tape.segments().size()))
                .orElseThrow();
    }

    /** Sequences that are computed together, in their order. */
    public static List<List<int[]>> cut(List<int[]> sequences) {
        return cut(sequences, ids -> ids.length);
    }

    private static <T> List<List<T>> cut(List<T> sequences, ToIntFunction<T> length) {
        List<List<T>> batches = new ArrayList<>();
        int start = 0;
        while (start < sequences.size()) {
            int end = start + 1;
            int tokens = length.applyAsInt(sequences.get(start));
            while (end < sequences.size() && tokens + length.applyAsInt(sequences.get(end)) <= BATCH_TOKENS) {
                tokens += length.applyAsInt(sequences.get(end++));
            }
            batches.add(sequences.subList(start, end));
            start = end;
        }
        return batches;
    }
}
