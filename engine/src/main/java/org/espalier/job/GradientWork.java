package org.espalier.job;

import java.util.List;
import org.espalier.score.GradientSum;
import org.espalier.score.ScorePart;
import org.espalier.score.ScoreTask;

/** Sums gradients of weights over parts of the calibration sequences. */
record GradientWork(ModelPlace model, ScoreTask task) implements Work<ScorePart, Workers.Parts<GradientSum>> {

    @Override
    public List<ModelPlace> models() {
        return List.of(model);
    }

    @Override
    public Opened<ScorePart, Workers.Parts<GradientSum>> open(WorkPlace place) {
        return new OpenedModel<>(place, model) {
            @Override
            public Workers.Parts<GradientSum> compute(ScorePart part) {
                return sink -> scores().gradients(task, part, sink);
            }
        };
    }
}
