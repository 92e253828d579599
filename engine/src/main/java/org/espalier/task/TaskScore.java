package org.espalier.task;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What a model reaches in a task.
 *
 * @param questions how many were asked
 * @param measures  those of the task, in its order
 */
public record TaskScore(Task task, int questions, Map<TaskMeasure, Estimate> measures) {

    /**
     * A mean over questions.
     *
     * @param error its standard error: the sample's standard deviation by the square root of its size; NaN of one question
     */
    public record Estimate(double mean, double error) {}

    /** Of all answers, in the order of the questions; at least one. */
    public static TaskScore of(Task task, List<Answer> answers) {
        Map<TaskMeasure, Estimate> measures = new EnumMap<>(TaskMeasure.class);
        for (TaskMeasure measure : task.measures()) {
            measures.put(measure, estimate(measure, answers));
        }
        return new TaskScore(task, answers.size(), measures);
    }

    private static Estimate estimate(TaskMeasure measure, List<Answer> answers) {
        double[] values =
                answers.stream().mapToDouble(answer -> answer.value(measure)).toArray();
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        double mean = sum / values.length;
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        double error = Math.sqrt(squares / (values.length - 1)) / Math.sqrt(values.length);
        if (measure == TaskMeasure.PERPLEXITY) {
            // By the derivative of exp: to first order, the error of a function of a mean.
            return new Estimate(Math.exp(-mean), Math.exp(-mean) * error);
        }
        return new Estimate(mean, error);
    }

    /** The measure that goes into the average. */
    public double inAverage() {
        return measures.get(task.inAverage()).mean();
    }
}
