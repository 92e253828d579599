package org.espalier.cli.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.job.ServeSettings;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What clients get that ask for what there is not, and how those fare who come when there is too much. */
@SuppressWarnings("AddressSelection") // 127.0.0.1 is one address
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusedRequestsTest {

    private static final String COMPLETIONS = "/v1/completions";
    private static final String CHAT = "/v1/chat/completions";
    private static final String LONG =
            "{'prompt': 'the', 'max_tokens': 200, 'n': 100, 'stream': true, 'temperature': 1}";

    private Path folder;
    private Path model;
    private ServedModel served;

    @BeforeAll
    void serve(@TempDir Path forAll) throws IOException {
        folder = forAll;
        model = ServedModel.write(folder.resolve("small"));
        served = new ServedModel(model, ServeSettings.defaults(), ApiKeys.none(), 10_000);
    }

    @AfterAll
    void close() {
        served.close();
    }

    /** One of its own for tests that let it decode: what it keeps for the next time would be a leak of the test's. */
    private ServedModel another(ServeSettings settings) {
        return new ServedModel(model, settings, ApiKeys.none(), 10_000);
    }

    private static JsonNode error(int status, HttpResponse<String> response) throws IOException {
        assertEquals(status, response.statusCode(), response.body());
        JsonNode error = ServedModel.json(response.body().replace("'", "`")).get("error");
        assertEquals(
                List.of("message", "type", "param", "code"),
                error.properties().stream().map(e -> e.getKey()).toList());
        assertFalse(error.get("message").asText().isEmpty());
        return error;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "prompt           | {'max_tokens': 1}",
                "prompt           | {'prompt': []}",
                "prompt           | {'prompt': {}}",
                "prompt           | {'prompt': [[]]}",
                "prompt           | {'prompt': [1, 1000000]}",
                "prompt           | {'prompt': [1, -1]}",
                "prompt           | {'prompt': [1, 2.5]}",
                "prompt           | {'prompt': [1, 'a']}",
                "prompt           | {'prompt': 'a', 'max_tokens': 1000000}",
                "max_tokens       | {'prompt': 'a', 'max_tokens': -1}",
                "max_tokens       | {'prompt': 'a', 'max_tokens': 0}",
                "max_tokens       | {'prompt': 'a', 'max_tokens': 2.5}",
                "max_tokens       | {'prompt': 'a', 'max_tokens': '2'}",
                "temperature      | {'prompt': 'a', 'temperature': -0.1}",
                "temperature      | {'prompt': 'a', 'temperature': 'hot'}",
                "top_p            | {'prompt': 'a', 'top_p': 0}",
                "top_p            | {'prompt': 'a', 'top_p': 1.1}",
                "n                | {'prompt': 'a', 'n': 0}",
                "n                | {'prompt': 'a', 'n': 1000}",
                "best_of          | {'prompt': 'a', 'best_of': 3}",
                "seed             | {'prompt': 'a', 'seed': 1.5}",
                "stop             | {'prompt': 'a', 'stop': ''}",
                "stop             | {'prompt': 'a', 'stop': [1]}",
                "stream           | {'prompt': 'a', 'stream': 'yes'}",
                "stream_options   | {'prompt': 'a', 'stream_options': {'include_usage': true}}",
                "logprobs         | {'prompt': 'a', 'logprobs': 21}",
                "echo             | {'prompt': 'a', 'echo': 1}",
                "suffix           | {'prompt': 'a', 'suffix': 'b'}",
                "logit_bias       | {'prompt': 'a', 'logit_bias': {'5': 1}}",
                "presence_penalty | {'prompt': 'a', 'presence_penalty': 0.5}",
                "min_p            | {'prompt': 'a', 'min_p': 0.1}",
            })
    void completionNamesTheParameterToBlame(String parameter, String body) throws IOException {
        assertEquals(
                parameter,
                error(400, served.post(COMPLETIONS, body)).get("param").asText());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "messages        | {}",
                "messages        | {'messages': []}",
                "messages        | {'messages': 'hello'}",
                "messages        | {'messages': [{'content': 'a'}]}",
                "messages        | {'messages': [{'role': 'user'}]}",
                "messages        | {'messages': [{'role': 'user', 'content': [{'type': 'image_url'}]}]}",
                "tools           | {'messages': [{'role': 'user', 'content': 'a'}], 'tools': [{'type': 'function'}]}",
                "type            | {'messages': [{'role': 'user', 'content': 'a'}], 'response_format': {'type': 'json_object'}}",
                "top_logprobs    | {'messages': [{'role': 'user', 'content': 'a'}], 'top_logprobs': 1}",
                "max_tokens      | {'messages': [{'role': 'user', 'content': 'a'}], 'max_tokens': 1, 'max_completion_tokens': 2}",
                "messages        | {'messages': [{'role': 'user', 'content': 'a'}], 'max_tokens': 100000}",
                "prompt          | {'messages': [{'role': 'user', 'content': 'a'}], 'prompt': 'a'}",
            })
    void conversationNamesTheParameterToBlame(String parameter, String body) throws IOException {
        assertEquals(parameter, error(400, served.post(CHAT, body)).get("param").asText());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {"no JSON", "{", "[]", "{'prompt': 'a', 'prompt': 'b'}", "{'prompt': 'a'} more", "\"\""})
    void whatIsNoObjectIsRefused(String body) throws IOException {
        error(400, served.post(COMPLETIONS, body));
    }

    @Test
    void emptyValuesOfWhatIsNotSupportedPass() throws IOException {
        try (ServedModel own = another(ServeSettings.defaults())) {
            own.answer(
                    COMPLETIONS,
                    "{'model': 'small', 'prompt': 'a', 'max_tokens': 1, 'suffix': null, 'presence_penalty': 0, "
                            + "'frequency_penalty': 0.0, 'logit_bias': {}, 'best_of': 1, 'user': 'me', 'stop': null}");
        }
    }

    @Test
    void otherPathsModelsAndMethodsAreRefused() throws IOException {
        assertEquals(
                "model",
                error(404, served.post(COMPLETIONS, "{'model': 'gpt', 'prompt': 'a'}"))
                        .get("param")
                        .asText());
        error(404, served.post("/v1/embeddings", "{}"));
        error(405, served.send(served.request(COMPLETIONS).GET().build()));
        error(405, served.post("/v1/models", "{}"));
        error(
                415,
                served.send(HttpRequest.newBuilder(URI.create(served.server().url() + COMPLETIONS))
                        .header("Content-Type", "text/plain")
                        .POST(HttpRequest.BodyPublishers.ofString("{}"))
                        .build()));
    }

    @Test
    void bodyThatIsTooLargeIsRefusedAndTheNextRequestIsAnswered() throws IOException {
        String body = "{'prompt': '" + "a".repeat(1 << 20) + "'}";
        assertEquals(
                "request_too_large",
                error(413, served.post(COMPLETIONS, body)).get("code").asText());
        error(404, served.post(CHAT, "{'model': 'gpt'}"));
    }

    @Test
    void namesOfOtherMachinesAreRefused() throws Exception {
        assertTrue(raw(served, "GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
                .startsWith("HTTP/1.1 403"));
        assertTrue(raw(served, "GET /v1/models HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n")
                .startsWith("HTTP/1.1 200"));
    }

    @ParameterizedTest
    @CsvSource({"nonsense", "GET", "GET /v1/models HTTP/9.9", "POST /v1/completions HTTP/1.1\\nContent-Length: -1"})
    void whatIsNoHttpIsRefused(String head) throws Exception {
        String said = raw(served, head.replace("\\n", "\r\n") + "\r\nHost: localhost\r\n\r\n");
        assertTrue(said.startsWith("HTTP/1.1 4") || said.isEmpty(), said);
        error(404, served.post(CHAT, "{'model': 'gpt'}"));
    }

    /** An answer of HTTP/1.0 has no chunks and ends with the connection. */
    @Test
    void olderClientsAreAnswered() throws Exception {
        String body = "{\"prompt\": \"the\", \"max_tokens\": 3, \"stream\": true}";
        String head = "POST /v1/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: ";
        try (ServedModel own = another(ServeSettings.defaults())) {
            String said = raw(own, head + body.length() + "\r\n\r\n" + body);
            assertTrue(said.contains("\r\n\r\ndata: {") && said.endsWith("data: [DONE]\n\n"), said);
        }
    }

    /** Everything that the server says until it ends the connection. */
    private static String raw(ServedModel asked, String request) throws Exception {
        URI url = URI.create(asked.server().url());
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void requestsWithoutOneOfTheKeysAreRefused() throws IOException {
        Path keys = Files.writeString(folder.resolve("keys"), "first-key\n\nsecond-key\n");
        try (ServedModel guarded = new ServedModel(model, ServeSettings.defaults(), ApiKeys.read(keys), 10_000)) {
            for (String header : List.of("Bearer wrong", "Bearer ", "Basic first-key", "first-key")) {
                error(
                        401,
                        guarded.send(guarded.request("/v1/models")
                                .header("Authorization", header)
                                .GET()
                                .build()));
            }
            error(401, guarded.send(guarded.request("/v1/models").GET().build()));
            assertEquals(
                    200,
                    guarded.send(guarded.request("/v1/models")
                                    .header("Authorization", "Bearer second-key")
                                    .GET()
                                    .build())
                            .statusCode());
        }
    }

    @Test
    void fileWithoutKeysIsAFailure() throws IOException {
        Path keys = Files.writeString(folder.resolve("none"), "\n \n");
        assertThrows(Failure.class, () -> ApiKeys.read(keys));
    }

    @Test
    void halfARequestIsNotWaitedForWithoutEnd() throws Exception {
        HttpServer.Limits hasty = new HttpServer.Limits(10_000, 1, 60, 10);
        try (ServedModel own = new ServedModel(model, ServeSettings.defaults(), ApiKeys.none(), hasty)) {
            assertEquals("", raw(own, "POST /v1/completions HTTP/1.1\r\nContent-Length: 100\r\n\r\n{"));
        }
    }

    /** A client that asks for more than lies between it and the server, and reads nothing of it. */
    @Test
    void clientThatDoesNotReadIsLetGo() throws Exception {
        HttpServer.Limits hasty = new HttpServer.Limits(10_000, 60, 1, 10);
        try (ServedModel own = new ServedModel(model, ServeSettings.defaults(), ApiKeys.none(), hasty);
                Socket socket = new Socket()) {
            socket.setReceiveBufferSize(1 << 12);
            socket.connect(new InetSocketAddress(
                    "127.0.0.1", URI.create(own.server().url()).getPort()));
            String body =
                    "{\"prompt\": %s, \"echo\": true, \"max_tokens\": 0, \"n\": 64, \"logprobs\": 20, \"stream\": true}"
                            .formatted(IntStream.range(10, 410).boxed().toList());
            String head = "POST /v1/completions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ";
            OutputStream out = socket.getOutputStream();
            out.write((head + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.UTF_8));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(100);
            assertThrows(IOException.class, () -> {
                while (System.nanoTime() < deadline) {
                    TimeUnit.MILLISECONDS.sleep(50);
                    // Line ends between requests mean nothing; whether they can be sent shows whether the server is
                    // there.
                    out.write("\r\n".getBytes(StandardCharsets.UTF_8));
                }
            });
        }
    }

    private static void awaitStatus(int expected, ServedModel asked) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        int status = 0;
        while (status != expected && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(20);
            status = asked.post(COMPLETIONS, "{'prompt': 'a', 'max_tokens': 1}").statusCode();
        }
        assertEquals(expected, status);
    }

    @Test
    void answersOfTooManyScoresAreRefused() throws IOException {
        String body =
                "{'prompt': %s, 'max_tokens': 500, 'n': 128, 'logprobs': 20}".formatted(Collections.nCopies(8, "'a'"));
        assertEquals(
                "logprobs",
                error(400, served.post(COMPLETIONS, body)).get("param").asText());
    }

    @Test
    void connectionsBeyondTheMostAreClosed() throws Exception {
        HttpServer.Limits narrow = new HttpServer.Limits(10_000, 60, 60, 1);
        try (ServedModel own = new ServedModel(model, ServeSettings.defaults(), ApiKeys.none(), narrow);
                Socket _ =
                        new Socket("127.0.0.1", URI.create(own.server().url()).getPort())) {
            assertEquals("", raw(own, ""));
        }
    }

    /** A long request fills the queue; when its client goes away, there is room again. */
    @Test
    void clientThatGoesAwayTakesItsWorkWithIt() throws Exception {
        ServeSettings narrow = ServeSettings.defaults().together(1).queue(1);
        try (ServedModel busy = another(narrow)) {
            try (Stream<String> lines = busy.lines(COMPLETIONS, LONG)) {
                assertTrue(lines.iterator().next().startsWith("data: {"));
                assertEquals(
                        "queue_full",
                        error(429, busy.post(COMPLETIONS, "{'prompt': 'a'}"))
                                .get("code")
                                .asText());
            }
            awaitStatus(200, busy);
        }
    }

    @Test
    void answersAreCutOffWhenTheServerEnds() throws Exception {
        ServedModel ending = another(ServeSettings.defaults());
        try (Stream<String> lines = ending.lines(COMPLETIONS, LONG)) {
            Iterator<String> said = lines.iterator();
            said.next();
            ending.server().drain(Duration.ofMillis(1));
            ending.server().close();
            String last = "";
            while (said.hasNext()) {
                String line = said.next();
                last = line.isEmpty() ? last : line;
            }
            assertTrue(last.contains("\"code\":\"shutting_down\""), last);
        }
    }
}
