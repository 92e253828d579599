package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.espalier.Shared;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatTemplateTest {

    @TempDir
    private Path folder;

    private static final List<ChatTemplate.Message> HELLO = List.of(new ChatTemplate.Message("user", "Hello"));

    /**
     * Templates in the manner of several families: {@code [INST]}, header ids, {@code <|im_start|>}, namespaces. The
     * expected texts are those of Python's jinja2 with trim_blocks and lstrip_blocks; "!" begins a refusal.
     */
    @TestFactory
    Stream<DynamicTest> rendersAsPythonDoes() throws IOException {
        JsonNode recorded = new ObjectMapper().readTree(resource("rendered.json"));
        List<DynamicTest> tests = new ArrayList<>();
        for (var template : recorded.get("rendered").properties()) {
            ChatTemplate chat = new ChatTemplate(resource(template.getKey() + ".jinja"), "<s>", "</s>");
            for (var conversation : template.getValue().properties()) {
                List<ChatTemplate.Message> messages =
                        messages(recorded.get("conversations").get(conversation.getKey()));
                for (boolean prompt : new boolean[] {true, false}) {
                    String expected = conversation
                            .getValue()
                            .get(prompt ? "prompt" : "plain")
                            .textValue();
                    tests.add(DynamicTest.dynamicTest(
                            template.getKey() + " " + conversation.getKey() + " " + prompt,
                            () -> requireRendered(expected, chat, messages, prompt)));
                }
            }
        }
        assertEquals(40, tests.size());
        return tests.stream();
    }

    @Test
    void theModelsOwnTemplateGivesTheGoldenPrompt() {
        JsonNode prompts =
                Json.readObject(Shared.path("golden/smollm2/greedy.json")).get("prompts");
        List<String> golden = prompts.valueStream()
                .map(p -> p.get("prompt").textValue())
                .filter(p -> p.startsWith("<|im_start|>"))
                .toList();
        assertEquals(1, golden.size());
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path("models/smollm2-135m"))) {
            String text = ChatTemplate.of(tokenizer, Path.of("model"))
                    .render(List.of(new ChatTemplate.Message("user", "What is the capital of France?")), true);
            assertEquals(golden.getFirst(), text);
        }
    }

    @Test
    void messagesAreNeverTemplates() {
        String content = "{{ 1 + 1 }} {% if %} {# x #} \\n {{ messages }}";
        assertEquals(
                "<" + content + ">",
                new ChatTemplate("<{{ messages[0].content }}>", "", "")
                        .render(List.of(new ChatTemplate.Message("user", content)), true));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{% if x %};line 1",
                "{{ messages[0].content.frobnicate() }};has no attribute 'frobnicate'",
                "{% for m in messages %}{{ m.content | nofilter }}{% endfor %};no filter 'nofilter'",
                "{% if messages is strange %}x{% endif %};strange",
                "{{ messages.append(1) }};templates may not use 'append' of 'list'",
                "{% include 'x' %};would read another file (chat template, line 1)",
                "{{ messages.getClass().getClassLoader() }};cannot be rendered",
                "{{ raise_exception('no system role') }};refuses the conversation: no system role (chat template",
                "{% unknowntag %};unknowntag",
                "{{ 'a' ;cannot be rendered"
            })
    void whatDoesNotRenderIsOneLine(String template, String expected) {
        Failure failure = assertThrows(Failure.class, () -> new ChatTemplate(template, "", "").render(HELLO, true));
        assertTrue(failure.oneLine().contains(expected), failure.oneLine());
        assertTrue(
                failure.oneLine().length() < 500 && failure.getMessage().lines().count() == 1, failure.oneLine());
    }

    @Test
    void deepNestingIsOneLine() {
        String template = "{% if true %}".repeat(20_000) + "{% endif %}".repeat(20_000);
        assertThrows(Failure.class, () -> new ChatTemplate(template, "", "").render(HELLO, true));
        String expression = "{{ " + "(".repeat(20_000) + "1" + ")".repeat(20_000) + " }}";
        assertThrows(Failure.class, () -> new ChatTemplate(expression, "", "").render(HELLO, true));
    }

    @Test
    void whatIsNotSetIsNotDefined() {
        ChatTemplate chat = new ChatTemplate(
                "{{ bos_token is defined }} {{ pad_token }} {{ tools is none }} {{ strftime_now('%Y-%m-%d') }}",
                Map.of("pad_token", "<p>"), () -> LocalDateTime.of(2026, 1, 15, 12, 30, 5));
        assertEquals("False <p> True 2026-01-15", chat.render(HELLO, true));
    }

    @Test
    void whatTheTemplateMarksIsTheModelsOwn() {
        String template =
                "{% for m in messages %}[{{ m.role }}]{% generation %}{{ m.content }}.{% endgeneration %}{% endfor %}";
        ChatTemplate.Written written = new ChatTemplate(template, "", "").write(HELLO, false);
        assertEquals("[user]Hello.", written.text());
        assertEquals(List.of(new ChatTemplate.Span(6, 12)), written.answers());
        ChatTemplate byVariable = new ChatTemplate("{% set x %}" + template + "{% endset %}{{ x }}", "", "");
        assertEquals(new ChatTemplate.Written("[user]Hello.", List.of()), byVariable.write(HELLO, false));
    }

    @Test
    void theClockCanBeFixed() {
        assertEquals(LocalDateTime.of(2026, 1, 15, 12, 30, 5), Clock.at("1768480205"));
        for (String wrong : List.of("yesterday", "", "9223372036854775807")) {
            String line = assertThrows(Failure.class, () -> Clock.at(wrong)).oneLine();
            assertTrue(line.contains("SOURCE_DATE_EPOCH"), line);
        }
    }

    @Test
    void theModelsSpecialTokensAreSeen() throws IOException {
        Files.writeString(folder.resolve("special_tokens_map.json"), """
                {"pad_token": "<old>", "unk_token": {"content": "<u>"}, "additional_special_tokens": ["x"]}""");
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"pad_token": "<p>", "sep_token": null}""");
        assertEquals(Map.of("pad_token", "<p>", "unk_token", "<u>"), SpecialTokens.beside(folder));
        assertEquals(Map.of(), SpecialTokens.beside(folder.resolve("tokenizer_config.json")));
    }

    @Test
    void aModelWithoutTemplateIsNamed() {
        try (Tokenizer tokenizer = Tokenizer.fromJson(SmallTokenizer.json().toString(), TokenizerSettings.NONE)) {
            assertThrows(Failure.class, () -> ChatTemplate.of(tokenizer, Path.of("model")));
        }
    }

    private static void requireRendered(
            String expected, ChatTemplate chat, List<ChatTemplate.Message> messages, boolean prompt) {
        if (expected.startsWith("!")) {
            Failure failure = assertThrows(Failure.class, () -> chat.render(messages, prompt));
            assertTrue(failure.problem().endsWith(": " + expected.substring(1)), failure.problem());
        } else {
            assertEquals(expected, chat.render(messages, prompt));
        }
    }

    private static List<ChatTemplate.Message> messages(JsonNode conversation) {
        return conversation
                .valueStream()
                .map(m -> new ChatTemplate.Message(
                        m.get("role").textValue(), m.get("content").textValue()))
                .toList();
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = ChatTemplateTest.class.getResourceAsStream("chat/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
