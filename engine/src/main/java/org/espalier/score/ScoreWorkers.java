package org.espalier.score;

import java.util.List;
import java.util.function.Consumer;

/** Others who look at calibration sequences, a part each. */
public interface ScoreWorkers {

    /** Into how many parts sequences are cut at most. */
    int parts();

    /**
     * Sums of all parts, of a task that moves no gradients: {@link ModelScores#sums}.
     *
     * @param sink gets them, in any order
     */
    void sums(ScoreTask task, List<ScorePart> parts, Consumer<List<ScoreSum>> sink);

    /**
     * Sums and scores of all parts, of a task that moves gradients: what {@link ModelScores#gradients} tells of each part,
     * joined weight by weight by {@link ModelScores#join}.
     *
     * @param bytes of the gradients of all weights, which each part moves about once
     * @param sink  gets what was joined, in any order
     */
    void gradients(ScoreTask task, List<ScorePart> parts, long bytes, Consumer<JoinedSums> sink);
}
