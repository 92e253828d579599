package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.Function;
import org.espalier.error.Failure;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanDifference;
import org.espalier.plan.PlanDifference.Overlap;
import org.espalier.plan.PlanFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code engine plan diff}: what two plans keep differently. */
@Command(
        name = "diff",
        description = "Compare two plans for the same model.",
        footer = {"", "Example:", "  engine plan diff pruned/plan.json other/plan.json"})
final class PlanDiffCommand extends EngineCommand {

    @Parameters(index = "0", paramLabel = "A", description = "A plan.")
    private Path first;

    @Parameters(index = "1", paramLabel = "B", description = "Another for the same model.")
    private Path second;

    @Override
    void run() {
        Plan a = PlanFile.read(first);
        Plan b = PlanFile.read(second);
        if (!a.source().sha256().equals(b.source().sha256())) {
            throw new Failure(
                    "the plans are for different weights (" + a.source().path() + " and "
                            + b.source().path() + ")",
                    first + ", " + second,
                    "compare plans for the same model");
        }
        PlanDifference difference = PlanDifference.of(a, b);
        SequencedMap<String, Object> settings = settings(a, b);
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("settings", settings);
        if (difference.channels() != null) {
            result.put("channels", describe(difference.channels()));
        }
        result.put(
                "layers",
                difference.layers().stream().map(PlanDiffCommand::describe).toList());
        if (!difference.matrices().isEmpty()) {
            result.put(
                    "matrices",
                    difference.matrices().stream()
                            .map(PlanDiffCommand::describe)
                            .toList());
        }
        print(result, () -> text(difference, settings));
    }

    /** What the plans say of themselves, where they differ: the one's and the other's. */
    private static SequencedMap<String, Object> settings(Plan a, Plan b) {
        SequencedMap<String, Function<Plan, Object>> all = new LinkedHashMap<>();
        all.put("criterion", plan -> plan.choice().criterion());
        all.put("aggregate", plan -> plan.choice().aggregate());
        all.put("selected_by", plan -> plan.kept().gates() == null ? "scores" : "gates");
        all.put("mode", plan -> plan.choice().mode());
        all.put("scope", plan -> plan.choice().scope());
        all.put("dependency", plan -> plan.keptAlone() == null ? "on" : "off");
        all.put("ratio_requested", plan -> plan.choice().ratioRequested());
        all.put("round", plan -> plan.choice().rounded());
        all.put("uniform", plan -> plan.choice().equalLayers());
        all.put(
                "kept_channels",
                plan -> plan.kept().channels() == null ? "all" : plan.kept().channels().length);
        all.put(
                "kept_tokens",
                plan -> plan.kept()
                        .tokens()
                        .<Object>map(group -> group.kept().length)
                        .orElse("all"));
        all.put("parameters_after", plan -> plan.parameters().after());
        all.put(
                "calibration",
                plan -> plan.calibration() == null ? "none" : plan.calibration().sha256());
        all.put("seed", Plan::seed);
        SequencedMap<String, Object> differing = new LinkedHashMap<>();
        all.forEach((name, of) -> {
            if (!Objects.equals(of.apply(a), of.apply(b))) {
                differing.put(name, List.of(of.apply(a), of.apply(b)));
            }
        });
        return differing;
    }

    private static SequencedMap<String, Object> describe(PlanDifference.Layer layer) {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("layer", layer.layer());
        json.put("heads", describe(layer.heads()));
        json.put("kv_heads", describe(layer.kvHeads()));
        json.put("neurons", describe(layer.neurons()));
        return json;
    }

    private static SequencedMap<String, Object> describe(PlanDifference.Matrix matrix) {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("tensor", matrix.tensor());
        json.put("axis", matrix.axis());
        json.put("role", matrix.role());
        json.put("kept", describe(matrix.kept()));
        return json;
    }

    private static SequencedMap<String, Object> describe(Overlap overlap) {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("both", overlap.both());
        json.put("only_first", overlap.first());
        json.put("only_second", overlap.second());
        return json;
    }

    private static String text(PlanDifference difference, SequencedMap<String, Object> settings) {
        List<String> lines = new ArrayList<>();
        settings.forEach((name, both) -> lines.add(
                "%s: %s and %s".formatted(name.replace('_', ' '), ((List<?>) both).get(0), ((List<?>) both).get(1))));
        if (difference.channels() != null && !difference.channels().same()) {
            lines.add("channels: " + text(difference.channels()));
        }
        Columns columns = new Columns();
        columns.row("layer", "query heads", "key/value heads", "neurons");
        boolean any = false;
        for (PlanDifference.Layer layer : difference.layers()) {
            if (!layer.heads().same()
                    || !layer.kvHeads().same()
                    || !layer.neurons().same()) {
                columns.row(
                        Integer.toString(layer.layer()),
                        text(layer.heads()),
                        text(layer.kvHeads()),
                        text(layer.neurons()));
                any = true;
            }
        }
        long others = difference.matrices().stream()
                .filter(matrix -> !matrix.kept().same())
                .count();
        if (others > 0) {
            lines.add("%d of %d matrices keep other units"
                    .formatted(others, difference.matrices().size()));
        }
        if (any || others == 0) {
            lines.add(any ? columns.toString() : "both keep the same of every layer");
        }
        return String.join(System.lineSeparator(), lines);
    }

    private static String text(Overlap overlap) {
        return overlap.same()
                ? "same " + overlap.both()
                : "%d in both, %d only here, %d only there"
                        .formatted(overlap.both(), overlap.first(), overlap.second());
    }
}
