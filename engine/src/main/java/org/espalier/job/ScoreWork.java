package org.espalier.job;

import java.util.List;
import org.espalier.score.ScorePart;
import org.espalier.score.ScoreSum;
import org.espalier.score.ScoreTask;

/** Sums what scores are made of over parts of the calibration sequences. */
record ScoreWork(ModelPlace model, ScoreTask task) implements Work<ScorePart, ScoreSum[]> {

    @Override
    public List<ModelPlace> models() {
        return List.of(model);
    }

    @Override
    public Opened<ScorePart, ScoreSum[]> open(WorkPlace place) {
        return new OpenedModel<>(place, model) {
            @Override
            public ScoreSum[] compute(ScorePart part) {
                List<ScoreSum> sums = scores().sums(task, part);
                return sums.toArray(ScoreSum[]::new);
            }
        };
    }
}
