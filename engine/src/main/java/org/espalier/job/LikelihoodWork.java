package org.espalier.job;

import java.util.List;
import org.espalier.model.Continuation;
import org.espalier.model.Continuation.Likelihood;
import org.espalier.model.ContinuationScorer;
import org.espalier.model.LayerwiseScorer;
import org.espalier.tape.Observer;

/**
 * Computes how likely the ends of texts are.
 *
 * @param byLayers whether a model is gone through layer by layer
 * @param cache    bytes of keys and values at most, on which rounding depends
 */
record LikelihoodWork(ModelPlace model, boolean byLayers, long cache) implements Work<Continuation[], Likelihood[]> {

    @Override
    public List<ModelPlace> models() {
        return List.of(model);
    }

    @Override
    public Opened<Continuation[], Likelihood[]> open(WorkPlace place) {
        OpenModel open = place.open(model);
        ContinuationScorer scorer = new ContinuationScorer(open.model(), cache);
        return new Opened<>() {
            @Override
            public Likelihood[] compute(Continuation[] texts) {
                MemorySettings memory = place.memory();
                List<Likelihood> likelihoods = byLayers
                        ? new LayerwiseScorer(open.model(), memory.bytes(), memory.scratch(), Observer.NONE)
                                .likelihoods(List.of(texts))
                        : scorer.likelihoods(List.of(texts));
                return likelihoods.toArray(Likelihood[]::new);
            }

            @Override
            public void close() {
                scorer.close();
                open.close();
            }
        };
    }
}
