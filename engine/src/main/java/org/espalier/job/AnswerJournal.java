package org.espalier.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.espalier.error.Failure;
import org.espalier.file.Output;
import org.espalier.file.WriteFailure;
import org.espalier.model.Continuation.Likelihood;
import org.espalier.task.Answer;
import org.espalier.task.Question;
import org.espalier.task.Task;

/**
 * The answers of a run so far, a line each, in a file beside the one they go to in the end. Its first line says of which model,
 * tasks and data they are, so that another run does not go on from them.
 */
final class AnswerJournal {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Path file;
    private final List<Kept> lines = new ArrayList<>();
    /** Answers of each task that are taken from here or stand here. */
    private final Map<String, Integer> written = new HashMap<>();

    /** An answer as it stood there, and the number of its line. */
    private record Kept(int number, ObjectNode line) {}

    private AnswerJournal(Path file) {
        this.file = file;
    }

    /** Where the answers of a run stand until it is over. */
    static Path beside(Path samples) {
        return samples.resolveSibling(samples.getFileName() + ".part");
    }

    /**
     * Begins a journal, or goes on with the one there is.
     *
     * @param identity what the answers are of
     * @throws Failure if one is there that was not asked for, is of something else, or was changed
     */
    static AnswerJournal open(Path samples, boolean resume, ObjectNode identity) {
        AnswerJournal journal = new AnswerJournal(beside(samples));
        if (Files.exists(journal.file) && !Files.isRegularFile(journal.file)) {
            throw new Failure(
                    "no file, but the answers so far are kept there",
                    journal.file.toString(),
                    "move it away, or name another file with --samples");
        }
        try {
            if (resume) {
                journal.read(identity);
            } else if (Files.exists(journal.file)) {
                throw new Failure(
                        "the answers of a run that was interrupted are there",
                        journal.file.toString(),
                        "add --resume to go on from them, or remove the file");
            }
            journal.rewrite(identity);
        } catch (IOException e) {
            throw WriteFailure.of(e, journal.file);
        }
        return journal;
    }

    private void read(ObjectNode identity) throws IOException {
        if (!Files.isRegularFile(file)) {
            return;
        }
        List<String> read = new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .toList();
        if (read.isEmpty() || !identity.equals(tree(read.getFirst()))) {
            throw new Failure(
                    "the answers there are of another model or tokenizer, of other tasks, data or settings",
                    file.toString(),
                    "ask the same again, or remove the file and begin anew");
        }
        for (int i = 1; i < read.size(); i++) {
            if (tree(read.get(i)) instanceof ObjectNode answer) {
                lines.add(new Kept(i + 1, answer));
            } else if (i + 1 < read.size()) {
                // The last line may be a part of one.
                throw changed(i + 1);
            }
        }
    }

    private Failure changed(int line) {
        return new Failure(
                "an answer there is not as this program wrote it",
                file + ", line " + line,
                "remove that line and those that follow, or the file to begin anew");
    }

    private static JsonNode tree(String line) {
        try {
            return MAPPER.readTree(line);
        } catch (JsonProcessingException e) {
            return MAPPER.nullNode();
        }
    }

    private void rewrite(ObjectNode identity) throws IOException {
        StringBuilder text = new StringBuilder(identity.toString()).append('\n');
        lines.forEach(kept -> text.append(kept.line).append('\n'));
        // Whole or not at all: a full disk must not cost the answers there are.
        Output.writeFile(file, true, path -> Files.writeString(path, text));
    }

    /**
     * The answers to a task's first questions that there are: as many whole parts of {@code together} questions as there are.
     *
     * @param questions of the task
     * @throws Failure if one of them was changed
     */
    List<Answer> answers(Task task, List<Question> questions, int together) {
        List<Answer> answers = new ArrayList<>();
        for (Kept kept : lines) {
            int index = kept.line.path("index").asInt();
            if (kept.line.path("task").asText().equals(task.name()) && index >= 0 && index <= answers.size()) {
                put(answers, index, answer(kept, task, index, questions));
            }
        }
        int whole = answers.size() == questions.size() ? questions.size() : answers.size() / together * together;
        written.put(task.name(), whole);
        return answers.subList(0, whole);
    }

    /** What was no whole part was asked again: the later answer went into the run that followed. */
    private static void put(List<Answer> answers, int index, Answer answer) {
        if (index < answers.size()) {
            answers.set(index, answer);
        } else {
            answers.add(answer);
        }
    }

    /** Made again of its likelihoods: so nothing else can stand there. */
    private Answer answer(Kept kept, Task task, int index, List<Question> questions) {
        List<Double> logLikelihoods =
                kept.line.path("logprobs").valueStream().map(JsonNode::asDouble).toList();
        boolean greedy = kept.line.path("greedy").asBoolean();
        if (index < questions.size()
                && logLikelihoods.size() == questions.get(index).continuations().size()
                && logLikelihoods.stream().allMatch(Double::isFinite)) {
            Answer answer = Answer.of(
                    task,
                    questions.get(index),
                    logLikelihoods.stream()
                            .map(sum -> new Likelihood(sum, greedy))
                            .toList());
            if (line(task, index, answer).equals(kept.line)) {
                return answer;
            }
        }
        throw changed(kept.number);
    }

    /** Adds the next answers of a task. */
    void add(Task task, List<Answer> answers) {
        int first = written.getOrDefault(task.name(), 0);
        written.put(task.name(), first + answers.size());
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < answers.size(); i++) {
            text.append(line(task, first + i, answers.get(i))).append('\n');
        }
        try {
            Files.writeString(file, text, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw WriteFailure.of(e, file);
        }
    }

    /** An answer as it stands in a file of samples. */
    static ObjectNode line(Task task, int index, Answer answer) {
        ObjectNode line = MAPPER.createObjectNode();
        line.put("task", task.name()).put("index", index);
        answer.logLikelihoods().forEach(line.putArray("logprobs")::add);
        return line.put("chosen", answer.chosen())
                .put("chosen_norm", answer.chosenNorm())
                .put("target", answer.right())
                .put("greedy", answer.greedy());
    }

    /** Removes the journal of a run that is over. */
    void remove() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw WriteFailure.of(e, file);
        }
    }
}
