package org.espalier.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.espalier.file.Output;
import org.espalier.report.Comparison;
import org.espalier.tune.StoryGrammar;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine demo}: the main job on the model that comes with the program. */
@Command(
        name = "demo",
        description = "The main job on the small story model that comes with the program: prune a fifth of "
                + "it, train it back on generated stories, show what that took and gave. Needs no download.",
        footer = {
            "",
            "The folder gets the three models, the stories, and the page report.html.",
            "",
            "Examples:",
            "  engine demo",
            "  engine demo --out my-demo --json"
        })
final class DemoCommand extends EngineCommand {

    static final String PROMPT = "Once upon a time, there was a kind fox named Ada.";

    private static final String FOLDER = "espalier-demo";
    private static final int TEXT_TOKENS = 220;
    /** Each takes milliseconds, so that it takes many to be sure. */
    private static final int REPETITIONS = 41;
    /** Seeds of stories that the model was not made from; different seeds give different stories. */
    private static final long CALIBRATION_SEED = 2024;

    private static final long TRAINING_SEED = 2025;
    private static final long UNSEEN_SEED = 2026;
    private static final int CALIBRATION_STORIES = 100;
    private static final int UNSEEN_STORIES = 200;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where all goes (default: " + FOLDER + ", or " + FOLDER + "-2 and so on if that is there).")
    private Path out;

    @Option(
            names = "--stories",
            paramLabel = "N",
            defaultValue = "800",
            converter = Converters.Positive.class,
            description = "Stories to train back on (default: ${DEFAULT-VALUE}).")
    private int stories;

    @Option(names = "--force", description = "Replace the output if it exists.")
    private boolean force;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private SeedOption seed;

    @Override
    void run() {
        Path folder = out == null ? unused() : out;
        AtomicReference<Comparison> done = new AtomicReference<>();
        Output.writeFolder(
                folder, force, aside -> done.set(new Pipeline(this, compute, job(aside), aside, folder).run()));
        Summary summary = new Summary(done.get(), folder);
        print(summary.json(), summary::text);
    }

    private static Path unused() {
        Path folder = Path.of(FOLDER);
        for (int number = 2; Files.exists(folder); number++) {
            folder = Path.of(FOLDER + "-" + number);
        }
        return folder;
    }

    /** What 'engine run' would be asked for, with the model and the stories written first. */
    private Pipeline.Job job(Path folder) throws IOException {
        Path model = folder.resolve("espalier-stories");
        DemoModel.writeTo(model);
        Path calibration = write(folder.resolve("calibration.txt"), stories(CALIBRATION_SEED, CALIBRATION_STORIES));
        Path training = write(folder.resolve("training.txt"), stories(TRAINING_SEED, stories));
        List<String> unseen = stories(UNSEEN_SEED, UNSEEN_STORIES);
        write(folder.resolve("unseen.txt"), unseen);
        PruneOptions prune = options(new PruneOptions(), "--calibration", calibration.toString(), "--ratio", "0.2");
        DataOptions data = options(new DataOptions(), "--data", training.toString());
        TuneOptions tune = options(new TuneOptions(), "--lr", "3e-3", "--batch-size", "16");
        return new Pipeline.Job(
                model,
                prune,
                new Recovery(this, data, tune, seed.value()),
                new StoryEvaluation("unseen stories", unseen),
                PROMPT,
                TEXT_TOKENS,
                REPETITIONS,
                seed.value());
    }

    static List<String> stories(long seed, int count) {
        StoryGrammar grammar = new StoryGrammar();
        return LongStream.range(0, count).mapToObj(i -> grammar.story(seed, i)).toList();
    }

    private static Path write(Path file, List<String> lines) throws IOException {
        return Files.write(file, lines);
    }

    /** Options as if they had been typed, those not named at their defaults. */
    private static <T> T options(T options, String... typed) {
        new CommandLine(options).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(typed);
        return options;
    }
}
