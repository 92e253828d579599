package org.espalier.cut;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;
import org.espalier.model.StreamWalk;

/**
 * Batches in a row that a fit is computed on. None has tokens of two sources.
 *
 * @param sequences of token ids
 * @param packed    these, batch by batch
 * @param sources   number of the source of each batch
 * @param first     number of the first batch among those of the whole fit
 */
public record FitBatches(List<int[]> sequences, List<Packed> packed, List<Integer> sources, int first) {

    public FitBatches {
        sequences = List.copyOf(sequences);
        packed = List.copyOf(packed);
        sources = List.copyOf(sources);
    }

    /** All of one source. */
    static FitBatches of(ModelConfig config, List<int[]> sequences) {
        return of(config, sequences, List.of(sequences.size()), 0);
    }

    /**
     * Lays sequences end to end.
     *
     * @param ofSources how many sequences come from each source, in order
     * @param first     number of the first batch that they make
     */
    public static FitBatches of(ModelConfig config, List<int[]> sequences, List<Integer> ofSources, int first) {
        List<Packed> packed = new ArrayList<>();
        List<Integer> sources = new ArrayList<>();
        int from = 0;
        for (int source = 0; source < ofSources.size(); source++) {
            int to = from + ofSources.get(source);
            List<Packed> batches = StreamWalk.batches(config, sequences.subList(from, to));
            packed.addAll(batches);
            sources.addAll(Collections.nCopies(batches.size(), source));
            from = to;
        }
        if (from != sequences.size()) {
            throw new IllegalArgumentException(sequences.size() + " sequences, " + from + " of sources");
        }
        return new FitBatches(sequences, packed, sources, first);
    }

    /** The source of a batch, by its number in the whole fit. */
    int source(int batch) {
        return sources.get(batch - first);
    }

    /** How many sources these batches have. */
    int sourceCount() {
        return (int) sources.stream().distinct().count();
    }

    /** How many of the sequences come from each source, in order. */
    public List<Integer> sequencesOfSources() {
        Integer[] counts = new Integer[1 + Collections.max(sources)];
        Arrays.fill(counts, 0);
        for (int batch = 0; batch < packed.size(); batch++) {
            counts[sources.get(batch)] += count(batch);
        }
        return List.of(counts);
    }

    /** Divides them among so many workers, evenly, if there are as many batches. */
    public List<FitBatches> parts(int workers) {
        List<FitBatches> parts = new ArrayList<>();
        int batch = 0;
        int sequence = 0;
        for (int part = 1; part <= workers; part++) {
            int end = (int) ((long) packed.size() * part / workers);
            if (end > batch) {
                int last = sequence;
                for (int b = batch; b < end; b++) {
                    last += count(b);
                }
                parts.add(new FitBatches(
                        sequences.subList(sequence, last),
                        packed.subList(batch, end),
                        sources.subList(batch, end),
                        first + batch));
                batch = end;
                sequence = last;
            }
        }
        return parts;
    }

    private int count(int batch) {
        return packed.get(batch).sequences().count();
    }
}
