package org.espalier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.espalier.error.Printable;
import org.espalier.job.Engine;
import org.espalier.job.Footprint;
import org.espalier.job.SpeedJob;
import org.espalier.job.SpeedSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine bench}: how fast a model reads and writes, alone or beside another. */
@Command(
        name = "bench",
        description = "Measure how many tokens a second a model reads (pp) and writes (tg).",
        footer = {
            "",
            "Each repetition starts from an empty cache; tokenising, sampling and warming up do not",
            "count. With --against, repetitions of the two models take turns, and a ratio is the mean of the turns'.",
            "Before that each model is opened by itself: load time is from opening its files to its first token, memory",
            "is weights as stored with the most that caches, activations and scratch space took at once.",
            "",
            "Examples:",
            "  engine bench model.gguf --prompt 512 --generate 128",
            "  engine bench pruned --against original --repetitions 10 --json"
        })
final class BenchCommand extends EngineCommand {

    private SpeedSettings settings = SpeedSettings.defaults();

    @Mixin
    private ModelArgument model;

    @Option(
            names = "--prompt",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Tokens to read; 0 for none (default: ${bundle:default.bench-prompt}).")
    private void prompt(int tokens) {
        settings = settings.prompt(tokens);
    }

    @Option(
            names = "--generate",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Tokens to write; 0 for none (default: ${bundle:default.bench-generate}).")
    private void generate(int tokens) {
        settings = settings.generate(tokens);
    }

    @Option(
            names = "--repetitions",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Measurements of each (default: ${bundle:default.bench-repetitions}).")
    private void repetitions(int repetitions) {
        settings = settings.repetitions(repetitions);
    }

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            converter = Converters.NotNegative.class,
            description =
                    "How long each test runs, at least once, before it counts (default: ${bundle:default.bench-warm-up}).")
    private void warmUp(int seconds) {
        settings = settings.warmUpSeconds(seconds);
    }

    @Option(
            names = "--against",
            paramLabel = "MODEL",
            description = "Another model to measure in turns with the first.")
    private Path baseline;

    @Option(
            names = "--output",
            paramLabel = "F",
            description = "${COMPLETION-CANDIDATES}: a table for pages, for programs, or what --json prints.")
    private Output output;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    /** How the result is written, where not as text for people. */
    private enum Output {
        MD,
        CSV,
        JSON;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Override
    void run() {
        settings = settings.seed(seed.value());
        requireSound(settings);
        if (json() && output != null && output != Output.JSON) {
            throw wrongUsage("--json does not go with --output " + output);
        }
        Engine engine = compute.engine();
        List<Path> models = baseline == null ? List.of(model.path()) : List.of(model.path(), baseline);
        SpeedJob job = new SpeedJob(engine, settings);
        List<Footprint> footprints = job.footprints(models);
        report(new BenchTable(footprints, job.run(models), engine.compute().threads()));
    }

    private void report(BenchTable table) {
        switch (output) {
            case null -> print(table.json(), table::text);
            case MD -> out().println(Printable.lines(table.markdown()));
            case CSV -> out().println(Printable.lines(table.csv()));
            case JSON -> printJson(table.json());
        }
    }
}
