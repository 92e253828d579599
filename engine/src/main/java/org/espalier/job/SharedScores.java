package org.espalier.job;

import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.espalier.score.GradientSum;
import org.espalier.score.JoinedSums;
import org.espalier.score.ScorePart;
import org.espalier.score.ScoreSum;
import org.espalier.score.ScoreTask;
import org.espalier.score.ScoreWorkers;

/** Workers that look at calibration sequences to score a model. */
record SharedScores(Shared shared, OpenModel open, Listener listener) implements ScoreWorkers {

    @Override
    public int parts() {
        return shared.workers().parts();
    }

    @Override
    public void sums(ScoreTask task, List<ScorePart> parts, Consumer<List<ScoreSum>> sink) {
        announce(task, parts, "");
        try (Progress progress = listener.begin("scoring", "parts", parts.size())) {
            shared.compute("scores", place -> new ScoreWork(place, task), parts, sums -> {
                sink.accept(List.of(sums));
                progress.advance(1);
            });
        }
    }

    private void announce(ScoreTask task, List<ScorePart> parts, String moved) {
        ScorePart largest = parts.stream()
                .max(Comparator.comparingInt(part -> part.sequences().length))
                .orElseThrow();
        long bytes = OpenedModel.scores(open, MemorySettings.defaults())
                .cost(task, largest)
                .most();
        listener.note("scoring %,d sequences in %,d parts; each takes about %s of a worker's memory%s"
                .formatted(task.sequences(), parts.size(), Machine.size(bytes), moved));
    }

    @Override
    public void gradients(ScoreTask task, List<ScorePart> parts, long bytes, Consumer<JoinedSums> sink) {
        announce(task, parts, ", and about %s of gradients is moved".formatted(Machine.size(bytes)));
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
