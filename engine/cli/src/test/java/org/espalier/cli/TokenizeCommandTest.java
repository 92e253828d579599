package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.Shared;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizeCommandTest {

    @TempDir
    private Path folder;

    @Test
    void beginTokenIsThereUnlessRefused() throws IOException {
        String model = Shared.path("models/stories260K").toString();
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine("tokenize", model, "--text", "Once upon a time", "--json")
                        .output());
        assertEquals("[1,403,407,261,378]", json.get("ids").toString());
        assertEquals(
                "403 407 261 378",
                Ran.engine("tokenize", model, "--text", "Once upon a time", "--no-special")
                        .output()
                        .strip());
    }

    @Test
    void fileGivesWhatTheSameTextGives() throws IOException {
        String model = Shared.path("models/smollm2-135m").toString();
        String text = "Füße <|im_start|> @x\n";
        Path file = Files.writeString(folder.resolve("text"), text);
        String fromFile = Ran.engine("tokenize", model, "--file", file.toString(), "--json")
                .output();
        assertEquals(Ran.engine("tokenize", model, "--text", text, "--json").output(), fromFile);
        assertEquals(text, new ObjectMapper().readTree(fromFile).get("text").asText());
    }

    /** An argument that begins with an at sign is a text, not a file of arguments. */
    @Test
    void atSignsAreText() throws IOException {
        String model = Shared.path("models/smollm2-135m").toString();
        Path file = Files.writeString(folder.resolve("arguments"), "surprise");
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine("tokenize", model, "--text", "@" + file, "--json")
                        .output());
        assertEquals("@" + file, json.get("text").asText());
    }

    @Test
    void emptyTextHasNoTokensOfItsOwn() throws IOException {
        String model = Shared.path("models/smollm2-135m").toString();
        assertEquals(
                "{\"ids\":[],\"text\":\"\"}",
                Ran.engine("tokenize", model, "--text", "", "--json").output().strip());
    }

    /** The right number of ids is that of transformers, given in the case's notes: the header of the answer is there. */
    @Test
    void aConversationIsWrittenByTheModelsTemplate() throws IOException {
        String model = Shared.path("cases/field/01-jinja-not-is/model").toString();
        Path file = Files.writeString(folder.resolve("conversation.json"), """
                {"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": true}""");
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine("tokenize", model, "--messages", file.toString(), "--json")
                        .output());
        assertEquals("[user] Hi\n[assistant]", json.get("text").textValue());
        assertEquals(
                json.get("ids"),
                new ObjectMapper()
                        .readTree(Ran.engine(
                                        "tokenize", model, "--text", "[user] Hi\n[assistant]", "--no-special", "--json")
                                .output())
                        .get("ids"));
        assertEquals(
                json.get("ids"),
                new ObjectMapper()
                        .readTree(
                                Ran.engine("generate", model, "--chat", "--prompt", "Hi", "--max-tokens", "1", "--json")
                                        .output())
                        .get("prompt_ids"));
    }

    /** Whatever else the document holds is the template's as well. */
    @Test
    void theTemplateSeesTheWholeDocument() throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        Path original = Shared.path("cases/field/13-jinja-missing/model");
        Files.copy(original.resolve("tokenizer.json"), model.resolve("tokenizer.json"));
        Files.writeString(
                model.resolve("chat_template.jinja"),
                "{{ messages[-1].content }} {{ tools | tojson }} {{ enable_thinking }} {{ add_generation_prompt }}");
        Path file = Files.writeString(folder.resolve("conversation.json"), """
                {"messages": [{"role": "user", "content": "Hi"}], "tools": [{"b": 1.0, "a": "é"}], \
                "enable_thinking": false}""");
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine("tokenize", model.toString(), "--messages", file.toString(), "--json")
                        .output());
        assertEquals(
                "Hi [{\"b\": 1.0, \"a\": \"é\"}] False False", json.get("text").textValue());
    }

    @Test
    void aDocumentWithoutMessagesIsOneLine() throws IOException {
        String model = Shared.path("cases/field/13-jinja-missing/model").toString();
        Path file = Files.writeString(folder.resolve("conversation.json"), "{\"messages\": 1}");
        String line =
                Ran.engine("tokenize", model, "--messages", file.toString()).failure(1);
        assertTrue(line.startsWith("engine: there are no messages (" + file), line);
    }

    /** What published templates use that small interpreters of templates lack: each prints the message. */
    @Test
    void everyTemplateOfTheFieldPrintsTheMessage() throws IOException {
        Path original = Shared.path("cases/field/13-jinja-missing");
        Path model = Files.createDirectory(folder.resolve("model"));
        Files.copy(original.resolve("model/tokenizer.json"), model.resolve("tokenizer.json"));
        Path file = Files.writeString(folder.resolve("conversation.json"), """
                {"messages": [{"role": "user", "content": "Hi"}]}""");
        List<Path> templates;
        try (Stream<Path> files = Files.list(original)) {
            templates =
                    files.filter(f -> f.toString().endsWith(".jinja")).sorted().toList();
        }
        assertEquals(10, templates.size());
        for (Path template : templates) {
            Files.copy(template, model.resolve("chat_template.jinja"), StandardCopyOption.REPLACE_EXISTING);
            JsonNode json = new ObjectMapper()
                    .readTree(Ran.engine("tokenize", model.toString(), "--messages", file.toString(), "--json")
                            .output());
            String text = json.get("text").textValue().strip();
            String year = template.endsWith("strftime.jinja") ? "\\d{4}" : "";
            assertTrue(text.matches(year + "Hi"), template + ": " + text);
        }
    }

    /** Templates without end, and such as take long to read, end in one line. */
    @Test
    void hostileTemplatesEndInOneLine() throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        Files.copy(Shared.path("cases/field/13-jinja-missing/model/tokenizer.json"), model.resolve("tokenizer.json"));
        Path file = Files.writeString(folder.resolve("conversation.json"), "{\"messages\": []}");
        for (String name : List.of("chat-template-endless.jinja", "chat-template-redos-40k.jinja")) {
            Files.copy(
                    Shared.path("cases/hostile/" + name),
                    model.resolve("chat_template.jinja"),
                    StandardCopyOption.REPLACE_EXISTING);
            String line = Ran.engine("tokenize", model.toString(), "--messages", file.toString())
                    .failure(1);
            assertTrue(line.startsWith("engine: chat template cannot be rendered: "), line);
        }
    }
}
