package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.Shared;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatTemplateTest {

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
            String text = ChatTemplate.of(tokenizer, "model")
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
                "{{ messages[0].content.frobnicate() }};no method frobnicate 0",
                "{% for m in messages %}{{ m.content | nofilter }}{% endfor %};no filter 'nofilter'",
                "{% if messages is strange %}x{% endif %};strange",
                "{%- for m in messages if m.role == 'user' -%}{{ m.content }}{% endfor %};a loop with a condition",
                "{% include 'x' %};cannot be rendered",
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
    void aChoiceInALoopIsNoCondition() {
        assertEquals(
                "Hello",
                new ChatTemplate("{% for m in (messages if true else []) %}{{ m.content }}{% endfor %}", "", "")
                        .render(HELLO, true));
    }

    @Test
    void aModelWithoutTemplateIsNamed() {
        try (Tokenizer tokenizer = Tokenizer.fromJson(SmallTokenizer.json().toString(), TokenizerSettings.NONE)) {
            assertThrows(Failure.class, () -> ChatTemplate.of(tokenizer, "model"));
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
