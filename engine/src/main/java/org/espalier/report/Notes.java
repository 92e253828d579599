package org.espalier.report;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.plan.Plan;

/** How a run was made and measured, and on what: what stands at the end of a report, as terms and what they mean. */
final class Notes {

    private Notes() {}

    static SequencedMap<String, String> of(Comparison run) {
        SequencedMap<String, String> notes = new LinkedHashMap<>();
        put(notes, "command", run.circumstances().command());
        put(notes, "model", run.circumstances().model());
        if (run.plan() != null) {
            pruning(notes, run.plan());
        }
        if (run.training() != null) {
            put(notes, "training", training(run.training()));
        }
        run.circumstances().protocols().forEach((key, how) -> put(notes, key.replace('_', ' '), how));
        put(
                notes,
                "time",
                run.circumstances().seconds().entrySet().stream()
                        .map(Notes::time)
                        .collect(Collectors.joining(", ")));
        put(notes, "machine", machine(run));
        return notes;
    }

    private static void pruning(Map<String, String> notes, Plan plan) {
        put(
                notes,
                "pruning",
                ("%s, %s over each unit's parts, %s mode, %s scope, ratio %s asked for, %.2f %% removed, " + "seed %d")
                        .formatted(
                                plan.chosenBy(),
                                plan.choice().aggregate(),
                                plan.choice().mode(),
                                plan.choice().scope(),
                                plan.choice().ratioRequested(),
                                100 * plan.parameters().removed(),
                                plan.seed()));
        if (plan.calibration() != null) {
            put(
                    notes,
                    "calibration",
                    "%,d sequences of %,d ids, SHA-256 %s"
                            .formatted(
                                    plan.calibration().samples(),
                                    plan.calibration().seqLen(),
                                    plan.calibration().sha256()));
        }
        put(
                notes,
                "source",
                "%s, SHA-256 %s".formatted(plan.source().path(), plan.source().sha256()));
    }

    private static String training(Comparison.Training training) {
        StringBuilder text = new StringBuilder("%,d steps".formatted(training.steps()));
        if (training.keptStep() != null && training.keptStep() != training.steps()) {
            text.append(", kept as after step %,d, where the held-out loss was lowest".formatted(training.keptStep()));
        }
        if (training.samples() != null) {
            text.append(", %,d samples".formatted(training.samples()));
        }
        if (training.learningRate() != null) {
            text.append(String.format(Locale.ROOT, ", learning rate %.1e", training.learningRate()));
        }
        if (training.tokensPerSecond() != null) {
            text.append(", %,.0f tokens a second".formatted(training.tokensPerSecond()));
        }
        if (training.seconds() != null) {
            text.append(", ").append(Figures.seconds(training.seconds()));
        }
        return text.toString();
    }

    private static String time(Map.Entry<String, Double> step) {
        return step.getKey() + " " + Figures.seconds(step.getValue());
    }

    private static String machine(Comparison run) {
        Comparison.Circumstances known = run.circumstances();
        String threads =
                known.threads() == null ? null : known.threads() + (known.threads() == 1 ? " thread" : " threads");
        return Stream.of(known.device(), known.cpu(), threads)
                .filter(Objects::nonNull)
                .collect(Collectors.joining(", "));
    }

    private static void put(Map<String, String> notes, String term, String meaning) {
        if (meaning != null && !meaning.isBlank()) {
            notes.put(term, meaning);
        }
    }
}
