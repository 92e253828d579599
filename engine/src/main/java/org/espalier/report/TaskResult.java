package org.espalier.report;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a measure of a task is of. Of a task several things may be measured; one of them goes into the average of tasks.
 *
 * @param title     as the task is shown
 * @param measure   as the field's harness names it, such as {@code acc}
 * @param harness   whose prompts and tokens
 * @param questions that were asked
 * @param inAverage whether it goes into the average of tasks
 */
public record TaskResult(String title, String measure, String harness, int questions, boolean inAverage) {

    private static final String TASK = "task";
    private static final String MEASURE = "measure";
    private static final String HARNESS = "harness";
    private static final String QUESTIONS = "questions";
    private static final String IN_AVERAGE = "in_average";
    private static final String TASKS = "tasks";

    /** A share of questions with its standard error. */
    public Measure share(double value, double error) {
        return measured(value, error, Unit.SHARE, Direction.MORE);
    }

    /** A perplexity with its standard error. */
    public Measure perplexity(double value, double error) {
        return measured(value, error, Unit.PERPLEXITY, Direction.LESS);
    }

    private Measure measured(double value, double error, Unit unit, Direction direction) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put(TASK, title);
        settings.put(MEASURE, measure);
        settings.put(HARNESS, harness);
        settings.put(QUESTIONS, questions);
        settings.put(IN_AVERAGE, inAverage);
        String protocol = "lm-evaluation-harness, %s, %,d questions".formatted(harness, questions);
        return new Measure(title + ", " + measure, value, unit, direction, protocol)
                .withSettings(settings)
                .withError(error);
    }

    /** The average of so many tasks with its standard error. */
    public static Measure average(double value, double error, int tasks) {
        return new Measure(
                        "average of tasks",
                        value,
                        Unit.SHARE,
                        Direction.MORE,
                        "of each the measure that LLM-Pruner's table has")
                .withSettings(Map.of(TASKS, tasks))
                .withError(error);
    }

    /** What a measure is of; empty if it is of no task. */
    static Optional<TaskResult> of(Measure measure) {
        Map<String, Object> settings = measure.settings();
        if (settings.get(TASK) instanceof String title
                && settings.get(MEASURE) instanceof String name
                && settings.get(HARNESS) instanceof String harness
                && settings.get(QUESTIONS) instanceof Long questions
                && settings.get(IN_AVERAGE) instanceof Boolean inAverage) {
            return Optional.of(new TaskResult(title, name, harness, questions.intValue(), inAverage));
        }
        return Optional.empty();
    }

    /** Whether a measure is an average of tasks. */
    static boolean isAverage(Measure measure) {
        return measure.settings().get(TASKS) instanceof Long;
    }
}
