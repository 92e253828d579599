package org.espalier.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.report.Unit.Aspect;

/** What a run changed, in one sentence: from the first stage to the last. */
public final class Headline {

    private final List<String> stages;
    private final List<MeasureSeries> measures;

    private Headline(Comparison run) {
        this.stages = run.stages().stream().map(Comparison.Stage::name).toList();
        this.measures = MeasureSeries.of(run);
    }

    /** The sentence, or nothing if a run has nothing to compare. */
    public static Optional<String> of(Comparison run) {
        Headline headline = new Headline(run);
        List<String> parts = new ArrayList<>();
        headline.less(StandardMeasure.PARAMETERS, "fewer parameters", "more parameters")
                .ifPresent(parts::add);
        headline.size().ifPresent(parts::add);
        headline.speed(StandardMeasure.PREFILL, "reads").ifPresent(parts::add);
        headline.speed(StandardMeasure.DECODE, "writes").ifPresent(parts::add);
        List<String> clauses = new ArrayList<>();
        if (!parts.isEmpty()) {
            clauses.add(String.join(", ", parts));
        }
        headline.quality().ifPresent(clauses::add);
        headline.tasks().ifPresent(clauses::add);
        return clauses.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", clauses) + ".");
    }

    /** The measure that tells most about memory: that in use, else the weights. */
    static Optional<MeasureSeries> memory(List<MeasureSeries> measures) {
        return MeasureSeries.first(measures, StandardMeasure.MEMORY)
                .or(() -> MeasureSeries.first(measures, StandardMeasure.WEIGHTS));
    }

    /** The measure that tells most about quality: perplexity, else the first other one. */
    static Optional<MeasureSeries> quality(List<MeasureSeries> measures) {
        return MeasureSeries.first(measures, m -> m.unit() == Unit.PERPLEXITY)
                .or(() -> MeasureSeries.first(measures, m -> m.unit().aspect() == Aspect.QUALITY));
    }

    /** The average of tasks, if there is one. */
    static Optional<MeasureSeries> average(List<MeasureSeries> measures) {
        return MeasureSeries.first(
                measures,
                m -> m.stages().getFirst() != null
                        && TaskResult.isAverage(m.stages().getFirst()));
    }

    private Optional<String> size() {
        return memory(measures)
                .flatMap(m -> m.is(StandardMeasure.MEMORY)
                        ? less(StandardMeasure.MEMORY, "less memory", "more memory")
                        : less(StandardMeasure.WEIGHTS, "smaller weights", "larger weights"));
    }

    private Optional<String> less(StandardMeasure measure, String decrease, String increase) {
        return last(measure)
                .map(ratio -> ratio <= 1
                        ? "%s %% %s".formatted(Figures.decimal(100 * (1 - ratio)), decrease)
                        : "%s %% %s".formatted(Figures.decimal(100 * (ratio - 1)), increase));
    }

    private Optional<String> speed(StandardMeasure measure, String verb) {
        return last(measure).map(ratio -> verb + " " + Figures.times(ratio) + " as fast");
    }

    private Optional<String> quality() {
        return quality(measures).map(this::steps);
    }

    /** The average of tasks, where it was not named already. */
    private Optional<String> tasks() {
        return average(measures)
                .filter(average -> quality(measures).filter(average::equals).isEmpty())
                .map(this::steps);
    }

    private String steps(MeasureSeries series) {
        return series.label() + ": "
                + IntStream.range(0, stages.size())
                        .filter(s -> series.number(s).isPresent())
                        .mapToObj(s -> series.value(s) + " " + stages.get(s))
                        .collect(Collectors.joining(" → "));
    }

    /** The last stage's ratio. */
    private Optional<Double> last(StandardMeasure measure) {
        return MeasureSeries.first(measures, measure).flatMap(m -> m.ratio(stages.size() - 1));
    }
}
