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
import org.espalier.task.Answer;
import org.espalier.task.Task;

/**
 * The answers of a run so far, a line each, in a file beside the one they go to in the end. Its first line says of which model,
 * tasks and data they are, so that another run does not go on from them.
 */
final class AnswerJournal {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Path file;
    private final List<ObjectNode> lines = new ArrayList<>();
    /** Answers of each task that are taken from here or stand here. */
    private final Map<String, Integer> written = new HashMap<>();

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
     * @throws Failure if one is there that was not asked for, or is of something else
     */
    static AnswerJournal open(Path samples, boolean resume, ObjectNode identity) {
        AnswerJournal journal = new AnswerJournal(beside(samples));
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
        List<String> read =
                Files.readString(file, StandardCharsets.UTF_8).lines().toList();
        if (read.isEmpty() || !identity.equals(tree(read.getFirst()))) {
            throw new Failure(
                    "the answers there are of another model, of other tasks, data or settings",
                    file.toString(),
                    "ask the same again, or remove the file and begin anew");
        }
        for (String line : read.subList(1, read.size())) {
            // The last line may be a part of one.
            if (tree(line) instanceof ObjectNode answer) {
                lines.add(answer);
            } else {
                return;
            }
        }
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
        lines.forEach(line -> text.append(line).append('\n'));
        // Whole or not at all: a full disk must not cost the answers there are.
        Output.writeFile(file, true, path -> Files.writeString(path, text));
    }

    /**
     * The answers to a task's first questions that there are: as many whole parts of {@code together} questions as there are.
     *
     * @param questions of the task
     */
    List<Answer> answers(Task task, int questions, int together) {
        List<Answer> answers = new ArrayList<>();
        for (ObjectNode line : lines) {
            if (line.path("task").asText().equals(task.name())
                    && line.path("index").asInt() == answers.size()) {
                answers.add(answer(line));
            }
        }
        int whole = answers.size() >= questions ? questions : answers.size() / together * together;
        written.put(task.name(), whole);
        return answers.subList(0, whole);
    }

    private static Answer answer(ObjectNode line) {
        List<Double> logLikelihoods =
                line.get("logprobs").valueStream().map(JsonNode::asDouble).toList();
        return new Answer(
                logLikelihoods,
                line.path("chosen").asInt(),
                line.path("chosen_norm").asInt(),
                line.path("target").asInt(),
                line.path("greedy").asBoolean());
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
