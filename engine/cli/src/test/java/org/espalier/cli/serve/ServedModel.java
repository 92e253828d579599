package org.espalier.cli.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.job.DemoModel;
import org.espalier.job.Engine;
import org.espalier.job.ServeSettings;
import org.espalier.job.serve.CompletionService;

/** The demonstration's model with a chat template, served on a free port of this machine, and a client of it. */
final class ServedModel implements AutoCloseable {

    static final String TEMPLATE =
            "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}the{% endif %}";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final Server server;

    ServedModel(Path model, ServeSettings settings, ApiKeys keys, int mostBody) {
        this(model, settings, keys, HttpServer.Limits.ofBody(mostBody));
    }

    ServedModel(Path model, ServeSettings settings, ApiKeys keys, HttpServer.Limits limits) {
        this(Engine.silent(), model, settings, keys, limits);
    }

    ServedModel(Engine engine, Path model, ServeSettings settings, ApiKeys keys, HttpServer.Limits limits) {
        CompletionService service = CompletionService.open(engine, model, Optional.empty(), settings);
        Server.Listening listening = new Server.Listening("127.0.0.1", 0, keys, limits.body(), 42);
        server = Server.start(model, service, listening, limits);
    }

    static ServedModel of(Path model) {
        return new ServedModel(model, ServeSettings.defaults(), ApiKeys.none(), 1 << 20);
    }

    static Path write(Path folder) throws IOException {
        DemoModel.writeTo(folder);
        Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
        return folder;
    }

    static JsonNode json(String text) throws IOException {
        return JSON.readTree(text.replace('\'', '"'));
    }

    Server server() {
        return server;
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(server.url() + path))
                .timeout(Duration.ofSeconds(60))
                .header("Content-Type", "application/json");
    }

    HttpResponse<String> send(HttpRequest request) throws IOException {
        try {
            return client.send(request, BodyHandlers.ofString());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** @param body JSON, with single quotes for double ones */
    HttpResponse<String> post(String path, String body) throws IOException {
        return send(request(path)
                .POST(HttpRequest.BodyPublishers.ofString(body.replace('\'', '"')))
                .build());
    }

    JsonNode answer(String path, String body) throws IOException {
        HttpResponse<String> response = post(path, body);
        assertEquals(200, response.statusCode(), response.body());
        return JSON.readTree(response.body());
    }

    /** The events of a stream, without the last, which must be {@code [DONE]}. */
    List<JsonNode> events(String path, String body) throws IOException {
        HttpResponse<String> response = post(path, body);
        assertEquals(200, response.statusCode(), response.body());
        assertEquals(
                "text/event-stream; charset=utf-8",
                response.headers().firstValue("content-type").orElse(""));
        List<String> lines =
                response.body().lines().filter(line -> !line.isEmpty()).toList();
        assertEquals("data: [DONE]", lines.getLast());
        List<JsonNode> events = new ArrayList<>();
        for (String line : lines.subList(0, lines.size() - 1)) {
            events.add(JSON.readTree(line.substring("data: ".length())));
        }
        return events;
    }

    /** The lines of a stream as they come; closing it closes the connection. */
    Stream<String> lines(String path, String body) throws Exception {
        return client.send(
                        request(path)
                                .POST(HttpRequest.BodyPublishers.ofString(body.replace('\'', '"')))
                                .build(),
                        BodyHandlers.ofLines())
                .body();
    }

    @Override
    public void close() {
        server.close();
        client.shutdownNow();
    }
}
