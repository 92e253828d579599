package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.espalier.job.Unit;
import org.espalier.job.WidthsJob;
import org.espalier.job.WidthsSettings;
import org.espalier.plan.WidthTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine widths}: what narrowing each branch of a model does to its predictions, as a table that plans are made by. */
@Command(
        name = "widths",
        description = "Measure what narrowing each attention and each MLP alone does to a model's predictions.",
        footer = {
            "",
            "Each branch is narrowed to a few widths, the least needed units by the scores going first, fitted as it would",
            "be, and its stream goes on through the layers above; what is written is how far the predictions then are from",
            "those of the whole model. Widths in between follow from the scores.",
            "",
            "Examples:",
            "  engine widths MODEL --scores scores.json --calibration books.txt --out widths.json",
            "  engine plan MODEL --scores scores.json --widths widths.json --ratio 0.3 --out plan.json"
        })
final class WidthsCommand extends EngineCommand {

    private WidthsSettings settings = WidthsSettings.defaults();

    @Mixin
    private ModelArgument model;

    @Option(
            names = "--scores",
            paramLabel = "FILE",
            required = true,
            description = "What units are worth, as 'engine score' writes it: those worth least go first.")
    private Path scores;

    @Mixin
    private OutputOptions output;

    @Mixin
    private CalibrationOptions calibration;

    @Mixin
    private CompensationOptions compensation;

    @Mixin
    private SeedOption seed;

    @Mixin
    private MemoryOptions memory;

    @Mixin
    private ComputeOptions compute;

    @Option(
            names = "--units",
            paramLabel = "U",
            split = ",",
            description =
                    "What is narrowed, with commas: neurons or experts, query_heads or kv_heads; attention and mlp: "
                            + "those left out whole (default: neurons and query_heads, or kv_heads where those are not scored).")
    private void units(List<Unit> units) {
        settings = settings.units(units);
    }

    @Option(
            names = "--levels",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Widths of each that are measured, evenly between whole and nothing (default: "
                    + "${bundle:default.levels}).")
    private void levels(int levels) {
        settings = settings.levels(levels);
    }

    @Override
    void run() {
        settings = settings.calibration(calibration.settings())
                .compensation(compensation.settings())
                .memory(memory.settings())
                .seed(seed.value());
        requireSound(settings);
        report(new WidthsJob(compute.engine(), settings).run(model.path(), scores, output.destination()));
    }

    private void report(WidthsJob.Result measured) {
        WidthTable table = measured.table();
        long widths = table.gone().size()
                + table.groups().stream()
                        .mapToLong(group -> group.widths().size())
                        .sum();
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("sha256", measured.sha256());
        result.put("groups", table.groups().size());
        result.put("widths", widths);
        result.put("tokens", table.tokens());
        UseReport.enter(measured.use(), result);
        print(
                result,
                () -> "measured %,d widths of %,d groups on %,d tokens %s; wrote %s"
                        .formatted(
                                widths,
                                table.groups().size(),
                                table.tokens(),
                                UseReport.text(measured.use()),
                                output.path()));
    }
}
