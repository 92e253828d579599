package org.espalier.job;

import java.util.List;
import org.espalier.model.LayerwiseScorer;
import org.espalier.model.Scorer;
import org.espalier.tape.Observer;

/**
 * Computes losses of windows of ids.
 *
 * @param byLayers whether a model is gone through layer by layer
 */
record LossWork(ModelPlace model, boolean byLayers) implements Work<int[][], double[][]> {

    @Override
    public List<ModelPlace> models() {
        return List.of(model);
    }

    @Override
    public Opened<int[][], double[][]> open(WorkPlace place) {
        OpenModel open = place.open(model);
        Scorer scorer = new Scorer(open.model());
        return new Opened<>() {
            @Override
            public double[][] compute(int[][] windows) {
                MemorySettings memory = place.memory();
                return byLayers
                        ? new LayerwiseScorer(open.model(), memory.bytes(), memory.scratch(), Observer.NONE)
                                .losses(List.of(windows))
                        : scorer.losses(List.of(windows));
            }

            @Override
            public void close() {
                scorer.close();
                open.close();
            }
        };
    }
}
