package org.espalier.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.espalier.Shared;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Published chat templates give byte for byte what transformers renders with Jinja2, and fail where it fails. */
class PublishedTemplatesTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TestFactory
    Stream<DynamicTest> everyConversationOfEveryTemplate() throws IOException {
        Path folder = Shared.path("cases/templates");
        JsonNode cases = read(folder.resolve("conversations.json"));
        List<Path> templates;
        try (Stream<Path> files = Files.list(folder)) {
            templates = files.filter(Files::isDirectory).sorted().toList();
        }
        assertEquals(63, templates.size());
        return templates.stream()
                .map(template ->
                        DynamicTest.dynamicTest(template.getFileName().toString(), () -> requireAll(template, cases)));
    }

    private static void requireAll(Path folder, JsonNode cases) throws IOException {
        Template template = Template.parse(Files.readString(folder.resolve("chat_template.jinja")));
        LocalDateTime now = LocalDateTime.parse(cases.get("now").textValue());
        JsonNode expected = read(folder.resolve("expected.json"));
        assertEquals(13, expected.size());
        for (var conversation : expected.properties()) {
            Map<String, Object> variables = new HashMap<>(map(cases.get("special_tokens")));
            variables.put("tools", null);
            variables.put("documents", null);
            variables.putAll(map(cases.get("conversations").get(conversation.getKey())));
            require(conversation.getValue(), template, variables, now, conversation.getKey());
        }
    }

    private static void require(
            JsonNode expected, Template template, Map<String, Object> variables, LocalDateTime now, String name) {
        if (expected.has("text")) {
            assertEquals(
                    expected.get("text").textValue(),
                    template.render(variables, now).text(),
                    name);
            return;
        }
        TemplateError error = assertThrows(TemplateError.class, () -> template.render(variables, now), name);
        boolean refusal = expected.get("error").textValue().equals("TemplateError");
        assertEquals(refusal, error.isRefusal(), name);
        assertTrue(error.line() > 0, name);
        if (refusal) {
            assertEquals(expected.get("message").textValue(), error.getMessage(), name);
        }
    }

    private static JsonNode read(Path file) throws IOException {
        return JSON.readTree(Files.readString(file));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(JsonNode node) {
        return JSON.convertValue(node, Map.class);
    }
}
