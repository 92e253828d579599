package org.espalier.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.report.Measure.Kind;

/** What a run changed, in one sentence: from the first stage to the last. */
public final class Headline {

    private final List<String> stages;
    private final List<Measure> measures;

    private Headline(Comparison run) {
        this.stages = run.stages().stream().map(Comparison.Stage::name).toList();
        this.measures = Measure.of(run);
    }

    /** The sentence, or nothing if a run has nothing to compare. */
    public static Optional<String> of(Comparison run) {
        Headline headline = new Headline(run);
        List<String> parts = new ArrayList<>();
        headline.less("parameters", "fewer parameters", "more parameters").ifPresent(parts::add);
        headline.size().ifPresent(parts::add);
        headline.speed("reading", "reads").ifPresent(parts::add);
        headline.speed("writing", "writes").ifPresent(parts::add);
        List<String> clauses = new ArrayList<>();
        if (!parts.isEmpty()) {
            clauses.add(String.join(", ", parts));
        }
        headline.quality().ifPresent(clauses::add);
        return clauses.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", clauses) + ".");
    }

    /** The measure that tells most about memory: that in use, else the weights. */
    static Optional<Measure> memory(List<Measure> measures) {
        return Measure.first(measures, m -> m.label().equals("memory"))
                .or(() -> Measure.first(measures, m -> m.label().equals("weights")));
    }

    /** The measure that tells most about quality: perplexity, else the loss on held-out samples. */
    static Optional<Measure> quality(List<Measure> measures) {
        return Measure.first(measures, m -> m.kind() == Kind.PERPLEXITY)
                .or(() -> Measure.first(measures, m -> m.kind() == Kind.LOSS));
    }

    private Optional<String> size() {
        return memory(measures)
                .flatMap(m -> m.label().equals("memory")
                        ? less("memory", "less memory", "more memory")
                        : less("weights", "smaller weights", "larger weights"));
    }

    private Optional<String> less(String label, String less, String more) {
        return last(label)
                .map(ratio -> ratio <= 1
                        ? "%s %% %s".formatted(Figures.decimal(100 * (1 - ratio)), less)
                        : "%s %% %s".formatted(Figures.decimal(100 * (ratio - 1)), more));
    }

    private Optional<String> speed(String label, String verb) {
        return last(label).map(ratio -> verb + " " + Figures.times(ratio) + " as fast");
    }

    private Optional<String> quality() {
        return quality(measures)
                .map(m -> m.label() + ": "
                        + IntStream.range(0, stages.size())
                                .filter(s -> m.values().get(s) != null)
                                .mapToObj(s -> m.value(s) + " " + stages.get(s))
                                .collect(Collectors.joining(" → ")));
    }

    /** The last stage's ratio of what is labelled so. */
    private Optional<Double> last(String label) {
        return Measure.first(measures, m -> m.label().startsWith(label)).flatMap(m -> m.ratio(stages.size() - 1));
    }
}
