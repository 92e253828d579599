package org.espalier.score;

import java.io.Serializable;
import java.util.Map;
import java.util.Set;
import org.espalier.importance.Criterion;

/**
 * What is to be scored, on calibration sequences of which others look at a part each.
 *
 * @param axes      the axes that are scored of each weight, by its name
 * @param counted   tokens of all sequences whose loss counts
 * @param sequences how many sequences there are in all
 * @param batches   how many batches these are cut into
 */
public record ScoreTask(Criterion criterion, Map<String, Set<Integer>> axes, int counted, int sequences, int batches)
        implements Serializable {

    /** Whether gradients of whole weights have to be summed, not only scores along their axes. */
    public boolean movesGradients() {
        return criterion.source() == Criterion.Source.GRADIENTS
                && criterion.saliency().needsGradient();
    }

    SequenceFactors factors() {
        return new SequenceFactors(counted, criterion.sumsSquares() ? 1 : sequences);
    }
}
