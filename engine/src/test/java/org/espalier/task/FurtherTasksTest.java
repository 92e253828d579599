package org.espalier.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.espalier.Golden;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tasks that were added as files alone, on made-up records, against what lm-eval 0.4.13 made of the same; and what is wrong
 * with a task, its data or a record.
 */
class FurtherTasksTest {

    private static final JsonNode RECORDED =
            Golden.json(Golden.resource("").resolveSibling("tasks").resolve("more.json"));

    @TempDir
    private Path data;

    @ParameterizedTest
    @CsvSource({
        "mmlu, mmlu_abstract_algebra",
        "lambada_openai, lambada_openai",
        "copa, copa",
    })
    void promptsAreThoseOfTheHarness(String task, String recorded) throws IOException {
        write();
        List<JsonNode> expected = StreamSupport.stream(RECORDED.get("questions").spliterator(), false)
                .filter(q -> q.get("task").asText().equals(recorded))
                .toList();
        assertEquals(20, expected.size());
        List<Question> questions = Tasks.named(task, Harness.CURRENT).questions(data, 1000);
        assertEquals(20, questions.size());
        for (int i = 0; i < 20; i++) {
            JsonNode question = expected.get(i);
            Question own = questions.get(i);
            for (int choice = 0; choice < question.get("continuations").size(); choice++) {
                assertEquals(question.get("contexts").get(choice).asText(), own.context(choice), recorded + " " + i);
                assertEquals(
                        question.get("continuations").get(choice).asText(),
                        own.continuations().get(choice),
                        recorded + " " + i);
            }
            assertEquals(
                    question.get("continuations").size(), own.continuations().size());
            assertEquals(question.get("target").asInt(), own.right());
        }
    }

    /** The records as their official files hold them. */
    private void write() throws IOException {
        JsonNode records = RECORDED.get("records");
        csv("mmlu/test/abstract_algebra_test.csv", records.at("/cais~1mmlu/test"));
        csv("mmlu/dev/abstract_algebra_dev.csv", records.at("/cais~1mmlu/dev"));
        lines("lambada_openai/test.jsonl", records.at("/EleutherAI~1lambada_openai/test"));
        lines("copa/val.jsonl", records.at("/aps~1super_glue/validation"));
    }

    private void csv(String name, JsonNode records) throws IOException {
        write(
                name,
                records.valueStream()
                        .map(record -> Stream.of(
                                        Stream.of(record.get("question").asText()),
                                        record.get("choices").valueStream().map(JsonNode::asText),
                                        Stream.of("ABCD"
                                                .substring(
                                                        record.get("answer").asInt(),
                                                        record.get("answer").asInt() + 1)))
                                .flatMap(cells -> cells)
                                .map(cell -> '"' + cell.replace("\"", "\"\"") + '"')
                                .collect(Collectors.joining(",")))
                        .collect(Collectors.joining("\n")));
    }

    private void lines(String name, JsonNode records) throws IOException {
        write(name, records.valueStream().map(JsonNode::toString).collect(Collectors.joining("\n")));
    }

    private void write(String name, String text) throws IOException {
        Path file = data.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void whatIsWrongWithARecordIsSaidWithItsLine() throws IOException {
        String right = "{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\", \"label\": 0}\n";
        refused(right + "{\"goal\": \"g\"", "line 2");
        refused(right + right + "{\"goal\": \"g\", \"sol1\": \"a\", \"label\": 0}", "no field 'sol2'", "line 3");
        refused(
                right + "{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\", \"label\": 2}",
                "the right answer '2'",
                "line 2");
        refused(
                "{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\", \"label\": \"x\"}",
                "the right answer 'x'",
                "line 1");
        refused("[1]", "line 1");
        refused("", "no question of the task piqa");
        refused("[]", "no question of the task piqa");
    }

    private void refused(String text, String... said) throws IOException {
        write("piqa/validation.jsonl", text);
        Task task = Tasks.named("piqa", Harness.CURRENT);
        Failure failure = assertThrows(Failure.class, () -> task.questions(data, 1000));
        for (String part : said) {
            assertTrue(failure.getMessage().contains(part), failure::getMessage);
        }
        assertEquals(1, failure.getMessage().lines().count(), failure::getMessage);
    }

    @Test
    void aRowOfTooFewCellsIsNamed() throws IOException {
        write("mmlu/dev/law_dev.csv", "q,a,b,c,d,A\n".repeat(5));
        write("mmlu/test/law_test.csv", "q,a,b,c,d,A\nq,a,b,A\n");
        Task task = Tasks.named("mmlu", Harness.CURRENT);
        Failure failure = assertThrows(Failure.class, () -> task.questions(data, 1000));
        assertTrue(failure.getMessage().contains("4 cells, not 6"), failure::getMessage);
        assertTrue(failure.getMessage().contains("law_test.csv, line 2"), failure::getMessage);
    }

    @Test
    void aMissingFileAndAnUnknownTaskSayWhatToDo() {
        Task task = Tasks.named("piqa", Harness.CURRENT);
        Failure missing = assertThrows(Failure.class, () -> task.questions(data, 1));
        assertTrue(missing.getMessage().contains("validation.jsonl or valid.jsonl"), missing::getMessage);
        assertTrue(missing.getMessage().contains("--data-dir"), missing::getMessage);
        Failure unknown = assertThrows(Failure.class, () -> Tasks.named("arc", Harness.CURRENT));
        assertTrue(unknown.getMessage().contains("arc_easy, arc_challenge"), unknown::getMessage);
    }

    /** What is wrong with a task's file whose name, files, and prompt are these. */
    private String refusedFile(String name, String files, String prompt) throws IOException {
        write("own/questions.jsonl", "{\"q\": \"a (b) a\"}");
        write("own.json", """
                {"name": "%s", "title": "Own", "data": {"files": ["%s"]}, "prompt": {%s, "answer": "0"},
                 "measures": {"reported": ["acc"], "average": "acc"}}""".formatted(name, files, prompt));
        String file = data.resolve("own.json").toString();
        Failure failure = assertThrows(
                Failure.class, () -> Tasks.named(file, Harness.CURRENT).questions(data, 10));
        assertEquals(1, failure.getMessage().lines().count(), failure::getMessage);
        return failure.getMessage();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            value = {
                "..; questions.jsonl; 'context': '', 'choices': ['x']; needs a name of letters",
                "a/own; questions.jsonl; 'context': '', 'choices': ['x']; needs a name of letters",
                "own; a\\u0000b; 'context': '', 'choices': ['x']; files that a system can name",
                "own; a\\ud800b; 'context': '', 'choices': ['x']; files that a system can name",
                "own; *.json*; 'context': '', 'choices': ['x']; no more than one '*'",
                "own; [q*; 'context': '', 'choices': ['x']; no data of the task own",
                "own; questions.jsonl; 'context': '', 'choices': [null, 'x']; needs lists without null",
                "own; questions.jsonl; 'context': '', 'choices': ['x'], 'edits': ['x', null]; needs lists without null",
                "own; questions.jsonl; 'contexts': '[]', 'choices': ['x']; the record makes 0 contexts of 1 choices",
                "own; questions.jsonl; 'contexts': '[1, 2]', 'choices': ['x']; makes 2 contexts of 1 choices",
                "own; questions.jsonl; 'context': '{{ q }}', 'choices': ['x'], 'edits': ['a', '$7']; by '$7': No group 7",
                "own; questions.jsonl; 'context': '{{ q * 2000 }}', 'choices': ['x'], 'edits': ['(a|.)*c', '']; as long as",
                "own; questions.jsonl; 'context': '{{ q * 20 }}', 'choices': ['x'], 'edits': ['(.*)(.*)(.*)(.*)(.*)(.*)@', '']; steps back",
                "own; questions.jsonl; 'context': '{{ q }}', 'choices': ['x'], 'edits': ['a((x{0}){999}){999}', '']; repeat",
                "own; questions.jsonl; 'context': '{{ q * 9999 }}', 'choices': ['x'], 'edits': ['.', 'a 20 character text.', '.', 'a 20 character text.']; too long",
                "own; questions.jsonl; 'context': '{{ q }}', 'choices': ['x'], 'edits': ['(a', '']; no expression: Unclosed group",
                "own; questions.jsonl; 'context': '{% for i in range(9999) %}{% for j in range(9999) %}{{ j }}{% endfor %}{% endfor %}', 'choices': ['x']; too m",
            })
    void whatIsWrongWithATaskOfOnesOwnIsSaid(String name, String files, String prompt, String said) throws IOException {
        String message = refusedFile(name, files, prompt.replace('\'', '"'));
        assertTrue(message.contains(said), message);
    }

    @Test
    void aStarStandsForASubjectWhereverTheFilesLie() throws IOException {
        write("own/of {a,b}_rain.jsonl", "{\"q\": \"1\"}");
        write("own/sub/of snow.jsonl", "{\"q\": \"1\"}");
        assertEquals("rain", subject(data, "of {a,b}_*.jsonl"));
        Path relative = Path.of("").toAbsolutePath().relativize(data.toRealPath());
        assertEquals("snow", subject(relative, "sub/../sub/of *.jsonl"));
        assertEquals(
                "snow", subject(relative, data.resolve("own/sub/of *.jsonl").toString()));
    }

    /** What the star of a pattern stands for. */
    private String subject(Path folder, String pattern) throws IOException {
        write("own.json", """
                {"name": "own", "title": "Own", "data": {"files": ["%s"]},
                 "prompt": {"context": "{{ subject }}", "choices": ["x"], "answer": "0"},
                 "measures": {"reported": ["acc"], "average": "acc"}}""".formatted(pattern));
        return Tasks.named(data.resolve("own.json").toString(), Harness.CURRENT)
                .questions(folder, 1)
                .getFirst()
                .context(0);
    }

    @Test
    void aQuoteThatDoesNotEndIsNamed() throws IOException {
        write("mmlu/dev/law_dev.csv", "q,a,b,c,d,A\n".repeat(5));
        write("mmlu/test/law_test.csv", "q,a,b,c,d,\"A");
        Task task = Tasks.named("mmlu", Harness.CURRENT);
        Failure failure = assertThrows(Failure.class, () -> task.questions(data, 1000));
        assertTrue(failure.getMessage().contains("not valid CSV"), failure::getMessage);
        assertTrue(failure.getMessage().contains("law_test.csv"), failure::getMessage);
    }

    @Test
    void everyTaskIsAskedOnce() throws IOException {
        Failure twice =
                assertThrows(Failure.class, () -> Tasks.named(List.of("piqa", "copa", "piqa"), Harness.CURRENT));
        assertTrue(twice.getMessage().contains("two tasks have the name 'piqa'"), twice::getMessage);
        assertEquals(2, Tasks.named(List.of("piqa", "copa"), Harness.CURRENT).size());
    }

    @Test
    void aTaskOfOnesOwnIsAFile() throws IOException {
        write("own/questions.jsonl", "{\"q\": \"1 + 1\", \"right\": \"2\"}");
        write("own.json", """
                {"name": "own", "title": "Own", "data": {"files": ["questions.jsonl"], "fields": ["q", "right"]},
                 "prompt": {"context": "{{ q }} =", "choices": ["2", "3"], "labels": "[\\"2\\", \\"3\\"]",
                            "answer": "{{ right }}"},
                 "measures": {"reported": ["acc"], "average": "acc"}}""");
        Task task = Tasks.named(data.resolve("own.json").toString(), Harness.CURRENT);
        Question question = task.questions(data, 10).getFirst();
        assertEquals("1 + 1 =", question.context(1));
        assertEquals(List.of(" 2", " 3"), question.continuations());
        write("own.json", "{\"name\": \"own\"}");
        Failure failure = assertThrows(
                Failure.class, () -> Tasks.named(data.resolve("own.json").toString(), Harness.CURRENT));
        assertTrue(failure.getMessage().contains("declares no task: it needs name, title"), failure::getMessage);
        write("own.json", "{\"nmae\": \"own\"}");
        failure = assertThrows(
                Failure.class, () -> Tasks.named(data.resolve("own.json").toString(), Harness.CURRENT));
        assertTrue(failure.getMessage().contains("nmae"), failure::getMessage);
    }
}
