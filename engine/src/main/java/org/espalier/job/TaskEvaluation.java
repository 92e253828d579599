package org.espalier.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.report.Measure;
import org.espalier.report.TaskResult;
import org.espalier.task.Answer;
import org.espalier.task.Question;
import org.espalier.task.Task;
import org.espalier.task.TaskMeasure;
import org.espalier.task.TaskScore;
import org.espalier.task.TaskScore.Estimate;
import org.espalier.task.Tasks;
import org.espalier.text.Tokenizer;

/** Accuracies in tasks, and their average, as {@link ZeroShotJob} has them. */
public final class TaskEvaluation implements Evaluation {

    private final ZeroShotSettings settings;
    private final Map<Task, List<Question>> questions = new LinkedHashMap<>();

    /**
     * Reads the tasks' questions.
     *
     * @throws org.espalier.error.Failure if a task or its data cannot be read
     */
    public TaskEvaluation(ZeroShotSettings settings) {
        settings.requireSound();
        this.settings = settings;
        for (Task task : Tasks.named(settings.tasks(), settings.harness())) {
            questions.put(task, task.questions(settings.data(), settings.limit()));
        }
    }

    @Override
    public List<Measure> measure(OpenModel model, Tokenizer tokenizer, Listener listener) {
        List<Measure> measures = new ArrayList<>();
        List<TaskScore> scores = new ArrayList<>();
        try (AnswerMeter meter = new AnswerMeter(model, tokenizer, settings.memory())) {
            for (Map.Entry<Task, List<Question>> task : questions.entrySet()) {
                TaskScore score = TaskScore.of(task.getKey(), answers(meter, task.getKey(), task.getValue(), listener));
                scores.add(score);
                score.measures().forEach((measure, estimate) -> measures.add(measure(score, measure, estimate)));
            }
        }
        measures.add(average(scores));
        return measures;
    }

    @Override
    public SequencedMap<String, String> hashes() {
        SequencedMap<String, String> hashes = new LinkedHashMap<>();
        questions.keySet().forEach(task -> hashes.put(task.title(), task.sha256(settings.data())));
        return hashes;
    }

    /** The error is that of a sum of independent numbers. */
    private static Measure average(List<TaskScore> scores) {
        double sum = scores.stream().mapToDouble(TaskScore::inAverage).sum();
        double squares = scores.stream()
                .map(score -> score.measures().get(score.task().inAverage()))
                .mapToDouble(estimate -> estimate.error() * estimate.error())
                .sum();
        return TaskResult.average(sum / scores.size(), Math.sqrt(squares) / scores.size(), scores.size());
    }

    private static List<Answer> answers(AnswerMeter meter, Task task, List<Question> asked, Listener listener) {
        try (Progress progress = listener.begin(task.name(), "questions", asked.size())) {
            return meter.answers(task, asked, List.of(), more -> progress.advance(more.size()));
        }
    }

    private Measure measure(TaskScore score, TaskMeasure measure, Estimate estimate) {
        Task task = score.task();
        TaskResult result = new TaskResult(
                task.title(),
                measure.toString(),
                settings.harness().toString(),
                score.questions(),
                measure == task.inAverage());
        return measure == TaskMeasure.PERPLEXITY
                ? result.perplexity(estimate.mean(), estimate.error())
                : result.share(estimate.mean(), estimate.error());
    }
}
