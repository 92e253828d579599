package org.espalier.job;

import org.espalier.score.ModelScores;

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
        return new ModelScores(open.model(), ScoreWatch.unwatched(open, place.memory()));
    }

    @Override
    public void close() {
        open.close();
    }
}
