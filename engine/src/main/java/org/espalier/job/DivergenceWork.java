package org.espalier.job;

import java.util.List;
import org.espalier.eval.TokenDivergence;

/**
 * Compares a model's predictions of windows of ids with those of another, which may know more tokens.
 *
 * @param byLayers whether both are gone through layer by layer
 */
record DivergenceWork(ModelPlace reference, ModelPlace model, boolean byLayers)
        implements Work<int[][], TokenDivergence[]> {

    @Override
    public List<ModelPlace> models() {
        return List.of(reference, model);
    }

    @Override
    public Opened<int[][], TokenDivergence[]> open(WorkPlace place) {
        OpenModel expected = place.open(reference, model);
        OpenModel given;
        try {
            given = place.open(model);
        } catch (RuntimeException | Error e) {
            expected.close();
            throw e;
        }
        DivergenceMeter meter = new DivergenceMeter(
                expected,
                given,
                place.memory(),
                place.threads(),
                Listener.NONE,
                byLayers,
                DivergenceMeter.Bounds.USUAL);
        return new Opened<>() {
            @Override
            public TokenDivergence[] compute(int[][] windows) {
                return meter.compare(List.of(windows));
            }

            @Override
            public void close() {
                meter.close();
                given.close();
                expected.close();
            }
        };
    }
}
