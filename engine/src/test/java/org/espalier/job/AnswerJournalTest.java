package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.task.Answer;
import org.espalier.task.Harness;
import org.espalier.task.Question;
import org.espalier.task.Task;
import org.espalier.task.Tasks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is taken from a journal that is not as it was written. */
class AnswerJournalTest {

    private static final Task TASK = Tasks.named("boolq", Harness.CURRENT);
    private static final ObjectNode IDENTITY = Json.object().put("model_sha256", "0f");
    private static final Answer RIGHT = new Answer(List.of(-1.0, -2.5), 0, 0, 0, true);

    @TempDir
    private Path folder;

    private static List<Question> questions(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new Question(List.of("a"), List.of(" no", " yes"), List.of(2, 3), 0, "line " + i))
                .toList();
    }

    private static String line(int index) {
        return AnswerJournal.line(TASK, index, RIGHT).toString();
    }

    /** How many answers to the first of three questions there are in a journal of these lines. */
    private int answers(String... lines) throws IOException {
        Path samples = folder.resolve("samples.jsonl");
        Files.writeString(AnswerJournal.beside(samples), IDENTITY + "\n" + String.join("\n", lines) + "\n");
        return AnswerJournal.open(samples, true, IDENTITY)
                .answers(TASK, questions(3), 1)
                .size();
    }

    @Test
    void asManyAnswersAreThereAsQuestions() throws IOException {
        assertEquals(3, answers(line(0), line(1), line(2)));
        assertThrows(Failure.class, () -> answers(line(0), line(1), line(2), line(3)));
        assertEquals(2, answers(line(0), line(0), line(1)));
    }

    @Test
    void theLaterOfTwoAnswersToAQuestionCounts() throws IOException {
        Answer other = new Answer(List.of(-3.0, -2.0), 1, 1, 0, false);
        Path samples = folder.resolve("samples.jsonl");
        Files.writeString(
                AnswerJournal.beside(samples),
                IDENTITY + "\n" + AnswerJournal.line(TASK, 0, other) + "\n" + line(0) + "\n" + line(1) + "\n");
        assertEquals(
                List.of(RIGHT, RIGHT),
                AnswerJournal.open(samples, true, IDENTITY).answers(TASK, questions(3), 2));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "\"logprobs\":[-1.0,-2.5]; \"logprob\":[-1.0,-2.5]",
                "\"logprobs\":[-1.0,-2.5]; \"logprobs\":[-1.0]",
                "\"logprobs\":[-1.0,-2.5]; \"logprobs\":[-1.0,-1e999]",
                "\"logprobs\":[-1.0,-2.5]; \"logprobs\":[-1.0,\"-2.5\"]",
                "\"chosen\":0; \"chosen\":2",
                "\"chosen\":0; \"chosen\":-1",
                "\"chosen_norm\":0; \"chosen_norm\":1",
                "\"target\":0; \"target\":1",
                "\"greedy\":true; \"greedy\":1",
                "\"index\":1; \"index\":1.0",
            })
    void aLineThatIsNoAnswerIsNamed(String right, String wrong) {
        String changed = line(1).replace(right, wrong);
        Failure failure = assertThrows(Failure.class, () -> answers(line(0), changed, line(2)), changed);
        assertTrue(failure.place().endsWith(", line 3"), failure::getMessage);
    }

    @Test
    void theLastLineMayEndWithinACharacter() throws IOException {
        Path samples = folder.resolve("samples.jsonl");
        byte[] text = (IDENTITY + "\n" + line(0) + "\n{\"task\":\"ä").getBytes(StandardCharsets.UTF_8);
        Files.write(AnswerJournal.beside(samples), Arrays.copyOf(text, text.length - 1));
        assertEquals(List.of(RIGHT), AnswerJournal.open(samples, true, IDENTITY).answers(TASK, questions(3), 1));
    }
}
