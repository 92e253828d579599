package org.espalier.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.report.Direction;
import org.espalier.report.Measure;
import org.espalier.report.Unit;
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
        double average =
                scores.stream().mapToDouble(TaskScore::inAverage).average().orElseThrow();
        measures.add(new Measure(
                "average of tasks",
                average,
                Unit.SHARE,
                Direction.MORE,
                "of each the measure that LLM-Pruner's table has"));
        return measures;
    }

    private static List<Answer> answers(AnswerMeter meter, Task task, List<Question> asked, Listener listener) {
        try (Progress progress = listener.begin(task.name(), "questions", asked.size())) {
            return meter.answers(task, asked, List.of(), more -> progress.advance(more.size()));
        }
    }

    private Measure measure(TaskScore score, TaskMeasure measure, Estimate estimate) {
        boolean share = measure != TaskMeasure.PERPLEXITY;
        String protocol = "lm-evaluation-harness, %s, %,d questions".formatted(settings.harness(), score.questions());
        return new Measure(
                        score.task().title() + ", " + measure,
                        estimate.mean(),
                        share ? Unit.SHARE : Unit.PERPLEXITY,
                        share ? Direction.MORE : Direction.LESS,
                        protocol)
                .withError(estimate.error());
    }
}
