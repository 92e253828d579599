package org.espalier.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * What models reach in tasks, in the form of LLM-Pruner's Table 1: of each task the measure that goes into the average, the
 * average, and which share of the first model's average a model has kept.
 */
final class TaskTable {

    /** A task, and its measure at every stage. */
    record Task(TaskResult result, MeasureSeries series) {}

    private final int stages;
    private final List<Task> tasks = new ArrayList<>();
    private MeasureSeries average;

    TaskTable(Comparison run) {
        this.stages = run.stages().size();
        for (MeasureSeries series : MeasureSeries.of(run)) {
            Measure measure = series.stages().stream()
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElseThrow();
            TaskResult.of(measure)
                    .filter(result -> result.inAverage() && series.unit() == Unit.SHARE)
                    .ifPresent(result -> tasks.add(new Task(result, series)));
            if (TaskResult.isAverage(measure)) {
                average = series;
            }
        }
    }

    boolean isEmpty() {
        return tasks.isEmpty();
    }

    /** In the order in which they were measured. */
    List<Task> tasks() {
        return tasks;
    }

    Optional<MeasureSeries> average() {
        return Optional.ofNullable(average);
    }

    /** Tasks, average and the share kept, in per cent. */
    List<ModelTable.Column> columns() {
        List<ModelTable.Column> columns = new ArrayList<>();
        for (Task task : tasks) {
            columns.add(column(task.result.title(), task.result.measure(), stage -> share(task.series, stage)));
        }
        if (average != null) {
            columns.add(column("Average", "", stage -> share(average, stage)));
            columns.add(column(
                    "Kept",
                    "of the average",
                    stage -> average.ratio(stage)
                            .map(ratio -> ModelTable.Cell.of(Figures.perCent(ratio)))
                            .orElse(ModelTable.Cell.EMPTY)));
        }
        return columns;
    }

    private ModelTable.Column column(String heading, String note, IntFunction<ModelTable.Cell> cell) {
        return new ModelTable.Column(
                heading, note, IntStream.range(0, stages).mapToObj(cell).toList());
    }

    private static ModelTable.Cell share(MeasureSeries series, int stage) {
        return series.number(stage)
                .map(value -> new ModelTable.Cell(
                        Figures.perCent(value),
                        series.error(stage)
                                .map(error -> "± " + Figures.perCent(error))
                                .orElse("")))
                .orElse(ModelTable.Cell.EMPTY);
    }

    /** How the numbers are to be read. */
    String note() {
        TreeSet<String> harnesses = new TreeSet<>();
        TreeSet<Integer> questions = new TreeSet<>();
        tasks.forEach(task -> {
            harnesses.add(task.result.harness());
            questions.add(task.result.questions());
        });
        return "Per cent of questions answered rightly, ± one standard error; lm-evaluation-harness, %s; %s questions a task."
                .formatted(
                        String.join(" and ", harnesses),
                        questions.size() == 1
                                ? Figures.count(questions.getFirst())
                                : Figures.count(questions.getFirst()) + " to " + Figures.count(questions.getLast()));
    }
}
