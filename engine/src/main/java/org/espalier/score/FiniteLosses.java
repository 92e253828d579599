package org.espalier.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.espalier.backend.Sequences;
import org.espalier.error.Failure;
import org.espalier.model.LossBatches;
import org.espalier.tape.SegmentWalk;
import org.espalier.tape.Value;

/** Refuses calibration sequences on which a model computes no finite losses. */
final class FiniteLosses {

    private FiniteLosses() {}

    /**
     * Looks at the losses of a walk that is over.
     *
     * @param firstSequence number of the first one that was walked
     * @throws Failure that names the sequences, counted from 0
     */
    static void require(SegmentWalk walk, LossBatches batches, int firstSequence) {
        List<Integer> poisoned = new ArrayList<>();
        int first = firstSequence;
        for (int batch = 0; batch < batches.batches().size(); batch++) {
            double[] losses = losses(walk, batches, batch);
            Sequences sequences = batches.batches().get(batch).sequences();
            for (int s = 0; s < sequences.count(); s++) {
                int start = sequences.queryStart()[s];
                int end = sequences.queryStart()[s + 1];
                if (Arrays.stream(losses, start, end).anyMatch(loss -> !Double.isFinite(loss))) {
                    poisoned.add(first + s);
                }
            }
            first += sequences.count();
        }
        if (!poisoned.isEmpty()) {
            throw new Failure(
                    "the model computes no finite loss",
                    "calibration sequence" + (poisoned.size() == 1 ? " " : "s ") + names(poisoned),
                    "look for damaged weights, or leave these sequences out");
        }
    }

    private static double[] losses(SegmentWalk walk, LossBatches batches, int batch) {
        return batches.recordings().get(batch).losses().stream()
                .map((Value part) -> walk.result(batch, part))
                .flatMapToDouble(Arrays::stream)
                .toArray();
    }

    /** The first of them: of damaged weights it is all. */
    private static String names(List<Integer> sequences) {
        String first = String.join(
                ", ", sequences.stream().limit(8).map(String::valueOf).toList());
        return sequences.size() > 8 ? first + " and %,d more".formatted(sequences.size() - 8) : first;
    }
}
