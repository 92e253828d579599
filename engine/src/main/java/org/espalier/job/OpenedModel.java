package org.espalier.job;

import org.espalier.score.ModelScores;
import org.espalier.score.ModelScores.Walking;
import org.espalier.tape.Observer;

/**
 * A model that is open at a worker to be scored.
 *
 * @param <P> a piece
 * @param <R> what comes of it
 */
abstract class OpenedModel<P, R> implements Work.Opened<P, R> {

    private final OpenModel open;
    private final WorkPlace place;

    OpenedModel(WorkPlace place, ModelPlace model) {
        this.place = place;
        this.open = place.open(model);
    }

    ModelScores scores() {
        return scores(open, place.memory());
    }

    /** Scores of a model of which nobody wants to hear. */
    static ModelScores scores(OpenModel open, MemorySettings memory) {
        return new ModelScores(
                open.model(),
                new Walking(memory.bytes(), memory.scratch(), open.outgrowsMemory(), Observer.NONE, cost -> {}));
    }

    @Override
    public void close() {
        open.close();
    }
}
