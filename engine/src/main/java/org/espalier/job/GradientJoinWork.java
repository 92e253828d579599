package org.espalier.job;

import java.util.List;
import org.espalier.score.GradientSum;
import org.espalier.score.JoinedSums;
import org.espalier.score.ScoreTask;

/** Scores weights by the sums of their gradients over all parts. */
record GradientJoinWork(ModelPlace model, ScoreTask task) implements Work<List<GradientSum>, JoinedSums> {

    @Override
    public List<ModelPlace> models() {
        return List.of(model);
    }

    @Override
    public Opened<List<GradientSum>, JoinedSums> open(WorkPlace place) {
        return new OpenedModel<>(place, model) {
            @Override
            public JoinedSums compute(List<GradientSum> parts) {
                return scores().join(task, parts);
            }
        };
    }
}
