package org.espalier.score;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.espalier.model.LossBatches;

/**
 * Calibration sequences that make some batches in a row.
 *
 * @param firstBatch    number of the first of these batches among all
 * @param firstSequence number of the first of these sequences among all
 * @param sequences     of token ids
 */
public record ScorePart(int firstBatch, int firstSequence, int[][] sequences) implements Serializable {

    /**
     * Cuts sequences into parts of about as many batches each, in their order.
     *
     * @param most parts at most
     */
    static List<ScorePart> of(List<int[]> sequences, int most) {
        // Sequences without tokens make no batch.
        List<List<int[]>> batches = LossBatches.cut(sequences).stream()
                .filter(together -> together.stream().anyMatch(ids -> ids.length > 0))
                .toList();
        List<ScorePart> parts = new ArrayList<>();
        int part = 0;
        int start = 0;
        int sequence = 0;
        while (start < batches.size()) {
            int end = (int) ((long) batches.size() * ++part / most);
            if (end > start) {
                int[][] together = batches.subList(start, end).stream()
                        .flatMap(List::stream)
                        .toArray(int[][]::new);
                parts.add(new ScorePart(start, sequence, together));
                start = end;
                sequence += together.length;
            }
        }
        return parts;
    }
}
