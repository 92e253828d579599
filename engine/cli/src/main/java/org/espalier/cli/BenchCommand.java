package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.job.Engine;
import org.espalier.job.Machine;
import org.espalier.job.SpeedJob;
import org.espalier.job.SpeedSettings;
import org.espalier.job.Speeds;
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
            "count. With --against, repetitions of the two models take turns.",
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

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        settings = settings.seed(seed.value());
        requireSound(settings);
        Engine engine = compute.engine();
        List<Path> models = baseline == null ? List.of(model.path()) : List.of(model.path(), baseline);
        report(new SpeedJob(engine, settings).run(models), engine.compute().threads());
    }

    private void report(List<Speeds> speeds, int threads) {
        List<Map<String, Object>> results = new ArrayList<>();
        Columns columns = new Columns().row("model", "test", "tokens/s", "±");
        for (Speeds one : speeds) {
            SequencedMap<String, Object> result = new LinkedHashMap<>();
            result.put("model", one.model());
            result.put("test", one.test());
            result.put("tokens_per_second", one.mean());
            enterSamples(result, one);
            results.add(result);
            addRow(columns, one.model(), one);
        }
        List<Map<String, Object>> ratios = ratios(speeds, columns);
        SequencedMap<String, Object> whole = new LinkedHashMap<>();
        whole.put("cpu", Machine.cpu());
        whole.put("threads", threads);
        whole.put("results", results);
        whole.put("ratios", ratios);
        print(whole, () -> columns + System.lineSeparator() + Machine.cpu() + ", " + threads + " threads");
    }

    /** The first model's speed over the other's, test by test: the mean of the ratios of neighbouring repetitions. */
    private List<Map<String, Object>> ratios(List<Speeds> speeds, Columns columns) {
        List<Map<String, Object>> ratios = new ArrayList<>();
        if (baseline == null) {
            return ratios;
        }
        int tests = speeds.size() / 2;
        for (int test = 0; test < tests; test++) {
            Speeds quotient = speeds.get(test).over(speeds.get(test + tests));
            SequencedMap<String, Object> ratio = new LinkedHashMap<>();
            ratio.put("test", quotient.test());
            ratio.put("ratio", quotient.mean());
            enterSamples(ratio, quotient);
            ratios.add(ratio);
            addRow(columns, "first / second", quotient);
        }
        return ratios;
    }

    private static void enterSamples(SequencedMap<String, Object> json, Speeds speeds) {
        json.put("stddev", speeds.deviation());
        json.put("samples", speeds.samples());
    }

    private static void addRow(Columns columns, String name, Speeds speeds) {
        columns.row(name, speeds.test(), "%.2f".formatted(speeds.mean()), "%.2f".formatted(speeds.deviation()));
    }
}
