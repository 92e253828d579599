package org.espalier.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.espalier.report.Comparison;

/**
 * The main job on the small story model that comes with the library: prunes half of it, trains it back on generated
 * stories, and measures what that took and gave.
 */
public final class DemoJob {

    /** What each model continues. */
    public static final List<String> PROMPTS = List.of(
            "Once upon a time, there was a kind fox named Ada.",
            "Once there lived a brave rabbit named Tom. Tom lived");

    /** A fifth costs this model nothing: of half of it one sees the loss, and what training gives back. */
    private static final double RATIO = 0.5;

    private static final int TEXT_TOKENS = 220;
    /** Each takes milliseconds, so that it takes many to be sure. */
    private static final int REPETITIONS = 41;
    /** Seeds of stories that the model was not made from; different seeds give different stories. */
    private static final long CALIBRATION_SEED = 2024;

    private static final long TRAINING_SEED = 2025;
    private static final long UNSEEN_SEED = 2026;
    private static final int CALIBRATION_STORIES = 100;
    private static final int UNSEEN_STORIES = 200;
    private static final double LEARNING_RATE = 3e-3;
    private static final int BATCH_SIZE = 16;

    private final Engine engine;
    private final DemoSettings settings;

    /** Runs on the devices of {@code engine}, as {@code settings} say. */
    public DemoJob(Engine engine, DemoSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Does it all.
     *
     * @param out folder for the three models, the stories and the record
     */
    public Comparison run(Destination out) {
        out.requireFree();
        AtomicReference<Comparison> done = new AtomicReference<>();
        out.writeFolder(folder -> done.set(run(folder, out.path())));
        return done.get();
    }

    private Comparison run(Path folder, Path out) throws IOException {
        Path model = folder.resolve("espalier-stories");
        DemoModel.writeTo(model);
        Path calibration = Files.write(
                folder.resolve("calibration.txt"), DemoModel.stories(CALIBRATION_SEED, CALIBRATION_STORIES));
        Path training =
                Files.write(folder.resolve("training.txt"), DemoModel.stories(TRAINING_SEED, settings.stories()));
        List<String> unseen = DemoModel.stories(UNSEEN_SEED, UNSEEN_STORIES);
        Path unseenFile = Files.write(folder.resolve("unseen.txt"), unseen);
        PipelineSettings pipeline = PipelineSettings.defaults()
                .prune(PruneSettings.defaults().ratio(RATIO).calibrateOn(calibration))
                .tune(TuneSettings.defaults()
                        .texts(training)
                        .learningRate(LEARNING_RATE)
                        .batchSize(BATCH_SIZE))
                .compare(CompareSettings.defaults()
                        .evaluation(new StoryEvaluation("unseen stories", unseenFile, unseen))
                        .prompts(PROMPTS)
                        .maxTokens(TEXT_TOKENS)
                        .repetitions(REPETITIONS))
                .seed(settings.seed())
                .command(settings.command());
        return new Pipeline(engine, pipeline, model, folder, out).run();
    }
}
