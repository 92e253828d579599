package org.espalier.fuzz;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.file.Json;
import org.espalier.job.ResumedAnswers;
import org.espalier.model.Continuation.Likelihood;
import org.espalier.task.Answer;
import org.espalier.task.Harness;
import org.espalier.task.Question;
import org.espalier.task.Task;
import org.espalier.task.TaskScore;
import org.espalier.task.Tasks;

/** The answers of an evaluation that was interrupted, which another goes on with to its end, and finds again. */
final class AnswersTarget implements Target {

    private static final String SAMPLES = "answers.jsonl";
    private static final String FILE =
            ResumedAnswers.beside(Path.of(SAMPLES)).getFileName().toString();
    private static final int TOGETHER = 2;
    private static final List<Task> TASKS = Tasks.named(List.of("boolq", "copa"), Harness.CURRENT);
    private static final List<Question> QUESTIONS =
            IntStream.range(0, 5).mapToObj(AnswersTarget::question).toList();
    private static final ObjectNode IDENTITY =
            Json.object().put("model_sha256", "0f").put("device", "cpu");

    /** What is written while answers are gone on with must not lie beside the input. */
    private Scratch scratch;

    private static Question question(int index) {
        return new Question(List.of("a"), List.of(" no", " yes"), List.of(2, 3), index % 2, "line " + index);
    }

    @Override
    public String name() {
        return "answers";
    }

    @Override
    public List<Input> seeds() throws IOException {
        List<Input> seeds = new ArrayList<>();
        try (Scratch place = new Scratch()) {
            Path samples = place.folder().resolve(SAMPLES);
            for (int questions : new int[] {2, 5}) {
                ResumedAnswers begun = ResumedAnswers.of(samples, IDENTITY);
                for (Task task : TASKS) {
                    complete(begun, task, QUESTIONS.subList(0, questions));
                }
                seeds.add(Input.read(place.folder()));
            }
        }
        return seeds;
    }

    /** Whether it begins with a whole line that says of what the answers are. */
    @Override
    public boolean passesFirstCheck(Input input) {
        return input.text(FILE).startsWith(IDENTITY + "\n");
    }

    @Override
    public void read(Path folder, Input input) throws IOException, FoundElsewhere {
        if (scratch == null) {
            scratch = new Scratch();
        }
        Path samples = scratch.folder().resolve(SAMPLES);
        Files.copy(folder.resolve(FILE), ResumedAnswers.beside(samples), StandardCopyOption.REPLACE_EXISTING);
        List<List<Answer>> all = resumed(samples);
        if (!all.equals(resumed(samples))) {
            throw new FoundElsewhere(
                    "answers that are not found again", Files.readString(ResumedAnswers.beside(samples)));
        }
        for (int task = 0; task < all.size(); task++) {
            TaskScore.of(TASKS.get(task), all.get(task)).inAverage();
        }
    }

    private static List<List<Answer>> resumed(Path samples) {
        ResumedAnswers begun = ResumedAnswers.of(samples, IDENTITY);
        return TASKS.stream().map(task -> complete(begun, task, QUESTIONS)).toList();
    }

    /** The answers there are, and those that are missing. */
    private static List<Answer> complete(ResumedAnswers begun, Task task, List<Question> questions) {
        List<Answer> answers = new ArrayList<>(begun.answers(task, questions, TOGETHER));
        while (answers.size() < questions.size()) {
            int end = Math.min(questions.size(), answers.size() + TOGETHER);
            List<Answer> more = questions.subList(answers.size(), end).stream()
                    .map(question ->
                            Answer.of(task, question, List.of(new Likelihood(-1.5, true), new Likelihood(-2, false))))
                    .toList();
            begun.add(task, more);
            answers.addAll(more);
        }
        return answers;
    }

    @Override
    public void close() {
        if (scratch != null) {
            try {
                scratch.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
