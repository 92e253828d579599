package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.text.ChatTemplate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts to learn from, in each of the forms that a file may have. */
class ExampleFileTest {

    private static final String TEMPLATE = "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{{ eos_token }}"
            + "{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";

    @TempDir
    private Path folder;

    @Test
    void alpacaHasItsTemplates() {
        List<Example> examples = read("x.json", """
                [{"instruction": "Add.", "input": "1 1", "output": "2"},
                 {"instruction": "Sing.", "input": "", "output": "La"}, {"instruction": "Wait.", "output": " "}]""");
        assertEquals(
                Example.answer(
                        "Below is an instruction that describes a task, paired with an input that provides "
                                + "further context. Write a response that appropriately completes the request.\n\n### Instruction:\nAdd.\n\n"
                                + "### Input:\n1 1\n\n### Response:\n",
                        "2"),
                examples.get(0));
        assertEquals(
                Example.answer(
                        "Below is an instruction that describes a task. Write a response that appropriately "
                                + "completes the request.\n\n### Instruction:\nSing.\n\n### Response:\n",
                        "La"),
                examples.get(1));
        assertTrue(examples.get(1).counts());
        assertFalse(examples.get(2).counts());
    }

    @Test
    void jsonLinesHaveOneOfThreeForms() {
        List<Example> examples = read("x.jsonl", """
                {"prompt": "1 + 1 =", "completion": " 2"}

                {"text": "Once."}
                {"instruction": "Sing.", "output": "La"}
                """);
        assertEquals(
                List.of(
                        Example.answer("1 + 1 =", " 2"),
                        Example.text("Once."),
                        Example.answer(AlpacaTemplate.prompt("Sing.", ""), "La")),
                examples);
    }

    @Test
    void ofAConversationTheAssistantsTurnsCountWithTheirEnds() {
        Examples examples = ExampleFile.read(
                write("x.jsonl", """
                {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}, \
                {"role": "assistant", "content": "A"}, {"role": "user", "content": "V"}, \
                {"role": "assistant", "content": "B"}, {"role": "user", "content": "W"}]}
                """),
                ExampleFormat.CHAT,
                RecordFields.AS_USUAL,
                () -> new ChatTemplate(TEMPLATE, "", "."),
                BrokenRecords.refused());
        Example example = examples.get(0);
        assertEquals("[system]S.[user]U.[assistant]A.[user]V.[assistant]B.[user]W.", example.whole());
        assertEquals(
                List.of("A.", "B."),
                example.parts().stream()
                        .filter(Example.Part::counts)
                        .map(Example.Part::text)
                        .toList());
        assertFalse(example.framed());
    }

    @Test
    void whatATemplateMarksAsGeneratedIsWhatCounts() {
        String template = "{% for m in messages %}[{{ m.role }}]{% if m.role == 'assistant' %}"
                + "{% generation %}{{ m.content }}.{% endgeneration %}{% else %}{{ m.content }}.{% endif %}{% endfor %}";
        Example example = ExampleFile.read(
                        write("x.jsonl", """
                {"messages": [{"role": "user", "content": "U"}, {"role": "assistant", "content": "A"}, \
                {"role": "user", "content": "V"}, {"role": "assistant", "content": "B"}]}
                """),
                        ExampleFormat.CHAT,
                        RecordFields.AS_USUAL,
                        () -> new ChatTemplate(template, "", ""),
                        BrokenRecords.refused())
                .get(0);
        assertEquals(
                List.of(
                        new Example.Part("[user]U.[assistant]", false),
                        new Example.Part("A.", true),
                        new Example.Part("[user]V.[assistant]", false),
                        new Example.Part("B.", true),
                        new Example.Part("", false)),
                example.parts());
    }

    @Test
    void fieldsMayHaveOtherNames() {
        Path file = write("x.jsonl", """
                {"question": "1 + 1 =", "answer": " 2"}
                {"body": "Once."}
                """);
        RecordFields fields = RecordFields.parse("prompt=question,completion=answer,text=body");
        assertEquals(
                List.of(Example.answer("1 + 1 =", " 2"), Example.text("Once.")),
                all(ExampleFile.read(file, fields, () -> null, BrokenRecords.refused())));
        Failure failure = assertThrows(
                Failure.class,
                () -> all(ExampleFile.read(
                        file, RecordFields.parse("prompt=question"), () -> null, BrokenRecords.refused())));
        assertTrue(failure.oneLine().contains("no text under 'completion'"), failure.oneLine());
        assertTrue(failure.oneLine().contains("--fields"), failure.oneLine());
    }

    @Test
    void whatIsNoFieldOfExamplesIsSaid() {
        for (String given : List.of("prompt", "prompt=", "=a", "", "answer=a", "text=a,text=b", "text=a,")) {
            assertThrows(IllegalArgumentException.class, () -> RecordFields.parse(given), given);
        }
    }

    /** ShareGPT's form, under its own name and, as some files have it, under that of the other form. */
    @Test
    void conversationsAreMessages() {
        for (String name : List.of("conversations", "messages")) {
            Example example = ExampleFile.read(
                            write("x.json", """
                [{"%s": [{"from": "system", "value": "S"}, {"from": "human", "value": "U"}, \
                {"from": "gpt", "value": "A"}]}]
                """.formatted(name)),
                            ExampleFormat.CHAT,
                            RecordFields.AS_USUAL,
                            () -> new ChatTemplate(TEMPLATE, "", "."),
                            BrokenRecords.refused())
                    .get(0);
            assertEquals("[system]S.[user]U.[assistant]A.", example.whole());
            assertEquals(
                    List.of("A."),
                    example.parts().stream()
                            .filter(Example.Part::counts)
                            .map(Example.Part::text)
                            .toList());
        }
    }

    @Test
    void aSpeakerThatNobodyKnowsIsNamed() {
        Examples examples = ExampleFile.read(
                write("x.jsonl", """
                {"conversations": [{"from": "observation", "value": "S"}]}
                """),
                ExampleFormat.CHAT,
                RecordFields.AS_USUAL,
                () -> new ChatTemplate(TEMPLATE, "", "."),
                BrokenRecords.refused());
        String line = assertThrows(Failure.class, () -> examples.get(0)).oneLine();
        assertTrue(line.contains("a message is from 'observation'"), line);
        assertTrue(line.contains("line 1"), line);
    }

    /** A common idiom of published templates; read in the wrong order, it drops the header of every answer. */
    @Test
    void theHeaderOfAnAnswerDoesNotCount() {
        String template =
                "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
                        + "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}"
                        + "{% if add_generation_prompt %}[assistant]{% endif %}";
        Example example = ExampleFile.read(
                        write("x.jsonl", """
                {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Once."}]}
                """),
                        ExampleFormat.CHAT,
                        RecordFields.AS_USUAL,
                        () -> new ChatTemplate(template, "", ""),
                        BrokenRecords.refused())
                .get(0);
        assertEquals(
                List.of(
                        new Example.Part("[user] Hi\n[assistant]", false),
                        new Example.Part(" Once.\n", true),
                        new Example.Part("", false)),
                example.parts());
    }

    /** Some templates leave earlier answers out, so that it cannot be told which tokens are whose. */
    @Test
    void aTemplateThatTakesWordsBackIsRefused() {
        Examples examples = ExampleFile.read(
                write("x.json", """
                [{"messages": [{"role": "assistant", "content": "A"}, {"role": "user", "content": "B"}]}]"""),
                ExampleFormat.CHAT,
                RecordFields.AS_USUAL,
                () -> new ChatTemplate("{{ messages | length }}", "", ""),
                BrokenRecords.refused());
        assertTrue(assertThrows(Failure.class, () -> examples.get(0)).oneLine().contains("line 1"));
    }

    @Test
    void theNameSuggestsTheFormat() {
        assertEquals(ExampleFormat.ALPACA, ExampleFormat.of(Path.of("a.JSON")));
        assertEquals(ExampleFormat.JSONL, ExampleFormat.of(Path.of("b.json/a.jsonl")));
        assertEquals(ExampleFormat.TEXT, ExampleFormat.of(Path.of("json")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[1]",
                "[{\"instruction\": \"x\"}]",
                "[{\"instruction\": 1, \"output\": \"\"}]",
                "[",
                "[] x",
                "",
                "[]",
                "{\"text\": [1]}",
                "{\"prompt\": \"x\"}",
                "nonsense",
                "{\"text\": \"x\"}\n{\"text\":",
                "{\"text\": \"x\"} {}"
            })
    void whatHasNotTheFormIsRefusedInOneLine(String content) {
        String line =
                assertThrows(Failure.class, () -> read("x.jsonl", content)).oneLine();
        assertTrue(line.contains("x.jsonl") && line.lines().count() == 1, line);
    }

    @Test
    void theLineOrRecordAtFaultIsNamed() {
        String line = assertThrows(Failure.class, () -> read("x.jsonl", "{\"text\": \"x\"}\n{\"text\":"))
                .oneLine();
        assertTrue(line.contains("x.jsonl, line 2"), line);
        line = assertThrows(Failure.class, () -> read("y.json", "[{\"instruction\": \"a\", \"output\": \"\"}, {}]"))
                .oneLine();
        assertTrue(line.contains("y.json, line 1, entry 2") && line.contains("'instruction'"), line);
    }

    @Test
    void brokenRecordsAreLeftOutWhereAskedFor() {
        BrokenRecords broken = BrokenRecords.skipped();
        Path file = write(
                "x.jsonl",
                "\uFEFF{\"text\": \"a\"}\r\n{\"text\": 1}\n\n{\"text\"\n[2]\n{\"text\": \"b\"} {}\n"
                        + "{\"text\": \"c\", \"text\": \"d\"}\r{\"prompt\": \"e\", \"completion\": \"f\"}");
        Examples examples = ExampleFile.read(file, RecordFields.AS_USUAL, () -> null, broken);
        assertEquals(List.of(Example.text("a"), Example.answer("e", "f")), all(examples));
        assertEquals(5, broken.count());
        assertEquals(5, examples.broken());
        Path array = write("y.json", "[{\"instruction\": \"a\", \"output\": \"b\"},\n 7, {}]");
        assertEquals(
                2,
                ExampleFile.read(array, RecordFields.AS_USUAL, () -> null, BrokenRecords.skipped())
                        .broken());
        Path none = write("z.jsonl", "{}\n{}\n");
        Failure failure = assertThrows(
                Failure.class,
                () -> ExampleFile.read(none, RecordFields.AS_USUAL, () -> null, BrokenRecords.skipped()));
        assertEquals("none of the 2 records can be read", failure.problem());
    }

    @Test
    void aLineThatIsNotUtf8IsABrokenRecord() throws IOException {
        Path file = Files.write(
                folder.resolve("x.jsonl"),
                "{\"text\": \"\u00e4\"}\n{\"text\": \"a\"}\n".getBytes(StandardCharsets.ISO_8859_1));
        Failure failure = assertThrows(
                Failure.class,
                () -> ExampleFile.read(file, RecordFields.AS_USUAL, () -> null, BrokenRecords.refused()));
        assertEquals("not valid UTF-8", failure.problem());
        assertEquals(file + ", line 1", failure.place());
        assertEquals(
                List.of(Example.text("a")),
                all(ExampleFile.read(file, RecordFields.AS_USUAL, () -> null, BrokenRecords.skipped())));
    }

    @Test
    void aConversationThatTheTemplateRefusesIsABrokenRecord() {
        String template = "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
                + "[{{ m.role }}]{{ m.content }}{% endfor %}";
        Path file = write("x.jsonl", """
                {"messages": [{"role": "tool", "content": "A"}]}
                {"messages": [{"role": "assistant", "content": "A"}]}
                """);
        Examples refused = ExampleFile.read(
                file,
                ExampleFormat.CHAT,
                RecordFields.AS_USUAL,
                () -> new ChatTemplate(template, "", ""),
                BrokenRecords.refused());
        String line = assertThrows(Failure.class, () -> refused.get(0)).oneLine();
        assertTrue(line.contains("no tools") && line.contains("x.jsonl, line 1"), line);
        Examples skipped = ExampleFile.read(
                file,
                ExampleFormat.CHAT,
                RecordFields.AS_USUAL,
                () -> new ChatTemplate(template, "", ""),
                BrokenRecords.skipped());
        assertEquals(
                List.of("[assistant]A"),
                all(skipped).stream().map(Example::whole).toList());
    }

    private static List<Example> all(Examples examples) {
        return IntStream.range(0, examples.size()).mapToObj(examples::get).collect(Collectors.toList());
    }

    private List<Example> read(String name, String content) {
        Examples examples = ExampleFile.read(
                write(name, content),
                RecordFields.AS_USUAL,
                () -> {
                    throw new AssertionError("no template is needed");
                },
                BrokenRecords.refused());
        return all(examples);
    }

    private Path write(String name, String content) {
        try {
            return Files.writeString(folder.resolve(name), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
