package org.espalier.job;

import java.util.List;
import java.util.function.Consumer;
import org.espalier.score.GradientSum;
import org.espalier.score.JoinedSums;
import org.espalier.score.ScorePart;
import org.espalier.score.ScoreSum;
import org.espalier.score.ScoreTask;
import org.espalier.score.ScoreWorkers;

/** Workers that look at calibration sequences to score a model. */
record SharedScores(Shared shared, Listener listener) implements ScoreWorkers {

    @Override
    public int parts() {
        return shared.workers().parts();
    }

    @Override
    public void sums(ScoreTask task, List<ScorePart> parts, Consumer<List<ScoreSum>> sink) {
        listener.note("scoring %,d sequences in %,d parts".formatted(task.sequences(), parts.size()));
        try (Progress progress = listener.begin("scoring", "parts", parts.size())) {
            shared.compute("scores", place -> new ScoreWork(place, task), parts, sums -> {
                sink.accept(List.of(sums));
                progress.advance(1);
            });
        }
    }

    @Override
    public void gradients(ScoreTask task, List<ScorePart> parts, long bytes, Consumer<JoinedSums> sink) {
        listener.note("scoring %,d sequences in %,d parts, each of which moves %s of gradients"
                .formatted(task.sequences(), parts.size(), Machine.size(bytes)));
        shared.workers()
                .<ScorePart, GradientSum, JoinedSums>join(
                        "scores",
                        new GradientWork(shared.place(), task),
                        parts,
                        GradientSum::weight,
                        new GradientJoinWork(shared.place(), task),
                        sink);
    }
}
