package org.espalier.cli.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.espalier.TestFiles;
import org.espalier.job.Engine;
import org.espalier.job.GenerateJob;
import org.espalier.job.GenerateSettings;
import org.espalier.job.ServeSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The openai client for Python, where it is installed for {@code python3} or the Python that ESPALIER_PYTHON names. */
class OpenAiClientTest {

    private static final String PYTHON = System.getenv().getOrDefault("ESPALIER_PYTHON", "python3");

    @TempDir
    private Path folder;

    @Test
    void clientUnderstandsWhatItGets() throws Exception {
        assumeTrue(
                installed(),
                () -> "the openai client is not installed for " + PYTHON + " (ESPALIER_PYTHON names another)");
        Path model = ServedModel.write(folder.resolve("small"));
        Path keys = Files.writeString(folder.resolve("keys"), "secret\n");
        JsonNode got;
        try (ServedModel served = new ServedModel(model, ServeSettings.defaults(), ApiKeys.read(keys), 1 << 20)) {
            got = ServedModel.json(
                    ran(script().toString(), served.server().url(), "secret").replace("'", "`"));
        }
        assertEquals("small", got.get("model").asText());
        String text = generated(model, false);
        assertEquals(text, got.get("text").asText());
        assertEquals(text, got.get("streamed").asText());
        String answer = generated(model, true);
        assertEquals(answer, got.get("chat").asText());
        assertEquals(answer, got.get("chat_streamed").asText());
        for (String agreeing : List.of("scored", "chat_scored", "usage")) {
            assertTrue(got.get(agreeing).asBoolean(), agreeing);
        }
        assertEquals("[\"NotFoundError\",404,\"model\"]", got.get("no_model").toString());
        assertEquals(
                "[\"BadRequestError\",400,\"min_p\"]",
                got.get("no_such_parameter").toString());
        assertEquals("[\"AuthenticationError\",401,null]", got.get("wrong_key").toString());
    }

    private static Path script() {
        return TestFiles.resource("org/espalier/cli/serve/openai_client.py");
    }

    private static String generated(Path model, boolean chat) {
        GenerateSettings settings = GenerateSettings.defaults().maxTokens(20).chat(chat);
        return new GenerateJob(Engine.silent(), settings)
                .run(model, Optional.empty(), "the fox", _ -> {})
                .text();
    }

    private static boolean installed() throws InterruptedException {
        try {
            return start(List.of("-c", "import openai")).waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static String ran(String... arguments) throws Exception {
        Process process = start(List.of(arguments));
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it does not end");
        assertEquals(0, process.exitValue(), said);
        return said;
    }

    private static Process start(List<String> arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(PYTHON));
        line.addAll(arguments);
        return new ProcessBuilder(line).redirectErrorStream(true).start();
    }
}
