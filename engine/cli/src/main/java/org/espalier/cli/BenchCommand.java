package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import org.espalier.error.Printable;
import org.espalier.job.Destination;
import org.espalier.job.Engine;
import org.espalier.job.Footprint;
import org.espalier.job.LatencyJob;
import org.espalier.job.LatencySettings;
import org.espalier.job.SpeedJob;
import org.espalier.job.SpeedSettings;
import org.espalier.job.Unit;
import org.espalier.plan.LatencyTable;
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
            "With --widths, models in which all attentions or all MLPs are equally narrow take turns with the whole one, and",
            "what each layer saves is written as a table, by which 'engine plan --target latency=0.8x' chooses.",
            "",
            "Examples:",
            "  engine bench MODEL --widths --out latency.json",
            "  engine bench model.gguf --prompt 512 --generate 128",
            "  engine bench pruned --against original --repetitions 10 --json"
        })
final class BenchCommand extends EngineCommand {

    private SpeedSettings settings = SpeedSettings.defaults();
    private LatencySettings latency = LatencySettings.defaults();

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

    @Option(names = "--widths", description = "Measure what narrower attentions and MLPs save, and write it to --out.")
    private boolean widths;

    @Option(
            names = "--units",
            paramLabel = "U",
            split = ",",
            description =
                    "What --widths narrows, with commas: neurons, query_heads, kv_heads; with them mlp and attention "
                            + "to leave those out (default: neurons and query_heads, or kv_heads where there are none).")
    private void units(List<Unit> units) {
        latency = latency.units(units);
        narrowed = true;
    }

    @Option(
            names = "--levels",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Widths of each that --widths measures, the whole one included (default: "
                    + "${bundle:default.latency-levels}).")
    private void levels(int levels) {
        if (levels < 2) {
            throw wrongUsage("--levels 1 leaves nothing to measure: give 2 or more");
        }
        latency = latency.levels(levels);
        narrowed = true;
    }

    @Option(names = OutputOptions.OUT, paramLabel = "FILE", description = "Where the table of --widths goes.")
    private Path out;

    @Option(names = OutputOptions.FORCE, description = "Replace the table if it exists.")
    private boolean force;

    /** Whether something was said that only matters to {@code --widths}. */
    private boolean narrowed;

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
        if (widths || narrowed || out != null || force) {
            runWidths(engine);
            return;
        }
        List<Path> models = baseline == null ? List.of(model.path()) : List.of(model.path(), baseline);
        SpeedJob job = new SpeedJob(engine, settings);
        List<Footprint> footprints = job.footprints(models);
        report(new BenchTable(footprints, job.run(models), engine.compute().threads()));
    }

    private void runWidths(Engine engine) {
        if (!widths || out == null || baseline != null || output != null) {
            throw wrongUsage(
                    "--widths and --out FILE go together, with --units and --levels, without --against and --output");
        }
        LatencySettings all = latency.speed(settings);
        requireSound(all);
        LatencyJob.Result measured = new LatencyJob(engine, all).run(model.path(), new Destination(out, force));
        LatencyTable table = measured.table();
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", out.toString());
        result.put("sha256", measured.sha256());
        result.put("prefill_microseconds", table.whole().prefill());
        result.put("decode_microseconds", table.whole().decode());
        result.put("groups", table.groups());
        print(result, () -> LatencyText.of(table) + "wrote " + out);
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
