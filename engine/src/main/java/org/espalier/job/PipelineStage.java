package org.espalier.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.espalier.importance.Calibration;
import org.espalier.report.Comparison;
import org.espalier.report.TrainingFile;
import org.espalier.tune.TrainingData;

/** A part of the main job: a model is made smaller and trained back, in a folder that gets what comes of each step. */
final class PipelineStage {

    static final String PRUNED = "pruned";
    static final String RECOVERED = "recovered";
    private static final String ADAPTER = "adapter";

    private final Engine engine;
    private final PruneSettings prune;
    private final TuneSettings tune;
    private final Path source;
    private final Path folder;
    private final UnaryOperator<Path> shown;

    /**
     * @param source the model
     * @param folder that exists
     * @param shown  where readers will find what lies somewhere now
     */
    PipelineStage(
            Engine engine,
            PruneSettings prune,
            TuneSettings tune,
            Path source,
            Path folder,
            UnaryOperator<Path> shown) {
        this.engine = engine;
        this.prune = prune;
        this.tune = tune;
        this.source = source;
        this.folder = folder;
        this.shown = shown;
    }

    /** The samples to train on, as the model reads them. */
    TrainingData samples() {
        return recovery().samples(source);
    }

    /**
     * Makes the model smaller.
     *
     * @param calibration if empty, the model writes its own where it needs it
     */
    Pruning.Result prune(Optional<Calibration> calibration) throws IOException {
        Path pruned = Files.createDirectory(folder.resolve(PRUNED));
        try (OpenModel open = engine.open(source)) {
            return new Pruner(prune, engine)
                    .writeInto(pruned, open, calibration)
                    .result();
        }
    }

    /** Trains what is left. */
    Comparison.Training train(TrainingData samples) throws IOException {
        Path learned = Files.createDirectory(learned());
        try (OpenModel open = engine.training().open(folder.resolve(PRUNED))) {
            recovery().writeInto(learned, shown.apply(folder.resolve(PRUNED)).toString(), open, samples);
        }
        return record().training();
    }

    /** How the training went. */
    TrainingFile record() {
        return TrainingFile.read(learned());
    }

    /** Whether {@link #merge} has something to do; all weights that were trained are what they should be already. */
    boolean merges() {
        return !tune.full();
    }

    /** Adds what was learned to the weights. */
    void merge() {
        new MergeJob(engine.listener(), Optional.empty())
                .run(folder.resolve(PRUNED), folder.resolve(ADAPTER), Destination.at(recovered()));
    }

    /** The model at the end. */
    Path recovered() {
        return folder.resolve(RECOVERED);
    }

    private Recovery recovery() {
        return new Recovery(tune, learned(), engine.training());
    }

    /** Where training leaves what it learns, and its record. */
    private Path learned() {
        return folder.resolve(tune.full() ? RECOVERED : ADAPTER);
    }
}
