package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.error.Failure;
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

    @Mixin
    private ModelArgument model;

    @Option(
            names = "--prompt",
            paramLabel = "N",
            defaultValue = "512",
            converter = Converters.NotNegative.class,
            description = "Tokens to read; 0 for none (default: ${DEFAULT-VALUE}).")
    private int prompt;

    @Option(
            names = "--generate",
            paramLabel = "N",
            defaultValue = "128",
            converter = Converters.NotNegative.class,
            description = "Tokens to write; 0 for none (default: ${DEFAULT-VALUE}).")
    private int generate;

    @Option(
            names = "--repetitions",
            paramLabel = "N",
            defaultValue = "5",
            converter = Converters.Positive.class,
            description = "Measurements of each (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            defaultValue = "2",
            converter = Converters.NotNegative.class,
            description = "How long each test runs, at least once, before it counts (default: ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(
            names = "--against",
            paramLabel = "MODEL",
            description = "Another model to measure in turns with the first.")
    private Path against;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        if (prompt == 0 && generate == 0) {
            throw wrongUsage("--prompt 0 with --generate 0 leaves nothing to measure");
        }
        try (OpenModel first = compute.model(model.path());
                OpenModel second = against == null ? null : compute.model(against);
                SpeedTurns turns = new SpeedTurns()) {
            add(turns, first, model.path());
            if (second != null) {
                add(turns, second, against);
            }
            try (Progress progress =
                    progress("bench", "runs", (long) turns.series().size() * repetitions)) {
                turns.measure(warmUp, repetitions, progress);
            }
            report(turns.series());
        }
    }

    private void add(SpeedTurns turns, OpenModel open, Path path) {
        int context = open.model().config().maxPositions();
        if (Math.max(prompt, generate) > context) {
            throw new Failure(
                    "%d tokens do not fit the model's context of %d".formatted(Math.max(prompt, generate), context),
                    path.toString(),
                    "use a smaller --prompt and --generate");
        }
        if (prompt > 0) {
            turns.add(path.toString(), "pp" + prompt, Speed.reading(open.model(), prompt, seed.value()));
        }
        if (generate > 0) {
            turns.add(path.toString(), "tg" + generate, Speed.writing(open.model(), generate, seed.value()));
        }
    }

    private void report(List<SpeedTurns.Series> series) {
        List<Map<String, Object>> results = new ArrayList<>();
        Columns columns = new Columns().row("model", "test", "tokens/s", "±");
        for (SpeedTurns.Series one : series) {
            SequencedMap<String, Object> result = new LinkedHashMap<>();
            result.put("model", one.model());
            result.put("test", one.test());
            result.put("tokens_per_second", Speed.mean(one.samples()));
            result.put("stddev", Speed.deviation(one.samples()));
            result.put("samples", one.samples());
            results.add(result);
            columns.row(
                    one.model(),
                    one.test(),
                    "%.2f".formatted(Speed.mean(one.samples())),
                    "%.2f".formatted(Speed.deviation(one.samples())));
        }
        List<Map<String, Object>> ratios = ratios(series, columns);
        SequencedMap<String, Object> whole = new LinkedHashMap<>();
        whole.put("cpu", Machine.cpu());
        whole.put("threads", compute.threads());
        whole.put("results", results);
        whole.put("ratios", ratios);
        print(whole, () -> columns + System.lineSeparator() + Machine.cpu() + ", " + compute.threads() + " threads");
    }

    /** The first model's speed over the other's, test by test: the mean of the ratios of neighbouring repetitions. */
    private List<Map<String, Object>> ratios(List<SpeedTurns.Series> series, Columns columns) {
        List<Map<String, Object>> ratios = new ArrayList<>();
        if (against == null) {
            return ratios;
        }
        int tests = series.size() / 2;
        for (int test = 0; test < tests; test++) {
            List<Double> samples = series.get(test).over(series.get(test + tests));
            Map<String, Object> ratio = new LinkedHashMap<>();
            ratio.put("test", series.get(test).test());
            ratio.put("ratio", Speed.mean(samples));
            ratio.put("stddev", Speed.deviation(samples));
            ratio.put("samples", samples);
            ratios.add(ratio);
            columns.row(
                    "first / second",
                    series.get(test).test(),
                    "%.2f".formatted(Speed.mean(samples)),
                    "%.2f".formatted(Speed.deviation(samples)));
        }
        return ratios;
    }
}
