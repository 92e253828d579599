package org.espalier.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.cli.serve.HeardReply.Answered;
import org.espalier.error.Failure;
import org.espalier.fuzz.FirstChecks;
import org.espalier.fuzz.FoundElsewhere;
import org.espalier.fuzz.Input;
import org.espalier.fuzz.Messages;
import org.espalier.fuzz.Target;

/** Requests to {@code engine serve}: the JSON of their bodies, which is answered, and whole ones as bytes of a connection. */
public final class RequestsTarget implements Target {

    private static final String COMPLETION = "completion.json";
    private static final String CHAT = "chat.json";
    private static final String HTTP = "request.http";

    private static final ObjectMapper JSON = new ObjectMapper();
    /** The message may hold what was sent. */
    private static final Pattern INTERNAL = Pattern.compile("internal error: ([\\w.$]+)");

    private static final int BAD_REQUEST = 400;
    private static final int INTERNAL_ERROR = 500;
    private static final int UNAVAILABLE = 503;

    private OfflineServer server;

    @Override
    public String name() {
        return "requests";
    }

    @Override
    public List<Input> seeds() {
        String completion = """
                {"model": "small", "prompt": "the fox", "max_tokens": 2, "temperature": 0.5, "top_p": 0.9, "top_k": 4, \
                "seed": 12, "stop": ["a", "b c"], "user": "me"}""";
        return List.of(
                Input.of(COMPLETION, completion),
                Input.of(COMPLETION, """
                        {"prompt": [[1, 2, 3], [40, 5]], "echo": true, "max_tokens": 0, "logprobs": 2, "n": 1, "best_of": 1}"""),
                Input.of(COMPLETION, """
                        {"prompt": ["x", "y"], "max_tokens": 1, "stream": true, "stream_options": {"include_usage": true}}"""),
                Input.of(CHAT, """
                        {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 2, "logprobs": true, "top_logprobs": 3, \
                        "tool_choice": "none", "response_format": {"type": "text"}, "modalities": ["text"]}"""),
                Input.of(CHAT, """
                        {"messages": [{"role": "system", "content": [{"type": "text", "text": "be"}]}, \
                        {"role": "user", "content": "a"}], "max_completion_tokens": 1, "n": 2, "stream": true}"""),
                Input.of(HTTP, post("1.1", "Content-Length: " + completion.length(), completion)),
                Input.of(HTTP, post("1.1", "Transfer-Encoding: chunked", chunked(completion))),
                Input.of(
                        HTTP,
                        post("1.0", "Expect: 100-continue\r\nContent-Length: " + completion.length(), completion)),
                Input.of(HTTP, get("/v1/models?limit=2") + get("/v1/models/sm%61ll")));
    }

    private static String post(String version, String length, String body) {
        return "POST /v1/completions HTTP/%s\r\nHost: localhost:8080\r\nAuthorization: Bearer %s\r\n"
                        .formatted(version, OfflineServer.KEY)
                + "Content-Type: application/json; charset=utf-8\r\n" + length + "\r\n\r\n" + body;
    }

    private static String chunked(String body) {
        int half = body.length() / 2;
        return "%x\r\n%s\r\n%x;a=b\r\n%s\r\n0\r\nX-Sum: 1\r\n\r\n"
                .formatted(half, body.substring(0, half), body.length() - half, body.substring(half));
    }

    private static String get(String path) {
        return "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: bearer %s\r\n\r\n"
                .formatted(path, OfflineServer.KEY);
    }

    private static String kind(Input input) {
        return input.names().getFirst();
    }

    /** Whether a body is a JSON object, or bytes begin with a line as HTTP has it. */
    @Override
    public boolean passesFirstCheck(Input input) {
        return kind(input).equals(HTTP)
                ? input.text(HTTP).lines().findFirst().orElse("").matches("[A-Z]+ /\\S* HTTP/1\\.[01]")
                : FirstChecks.isJsonObject(input, kind(input));
    }

    @Override
    public boolean keepsNativeMemory() {
        return true;
    }

    @Override
    public void read(Path folder, Input input) throws IOException, InterruptedException, FoundElsewhere {
        if (server == null) {
            server = new OfflineServer();
        }
        byte[] content = input.file(kind(input));
        switch (kind(input)) {
            case HTTP -> judge(server.connection(content));
            case CHAT -> judge(server.post("/v1/chat/completions", content));
            default -> judge(server.post("/v1/completions", content));
        }
    }

    /**
     * Whether answers are what a client may get.
     *
     * @throws Failure       the first of them that refuses
     * @throws FoundElsewhere for an error of the server's, a message that is not one line, or no answer to a connection that ends
     */
    static void judge(OfflineServer.Connection connection) throws IOException, FoundElsewhere {
        if (connection.answers().isEmpty() && !connection.open()) {
            throw new FoundElsewhere("no answer", "the connection was closed without one");
        }
        Failure refusal = null;
        for (Answered answer : connection.answers()) {
            Optional<Failure> refused = refusal(answer);
            refusal = refusal == null ? refused.orElse(null) : refusal;
        }
        if (refusal != null) {
            throw refusal;
        }
    }

    private static Optional<Failure> refusal(Answered answer) throws IOException, FoundElsewhere {
        if (answer.status() < BAD_REQUEST) {
            return Optional.empty();
        }
        JsonNode error = JSON.readTree(answer.body()).path("error");
        String code = error.path("code").asText();
        String message = error.path("message").asText();
        if (answer.status() >= INTERNAL_ERROR) {
            if (answer.status() == UNAVAILABLE && code.equals("shutting_down")) {
                return Optional.empty();
            }
            Matcher thrown = INTERNAL.matcher(message);
            throw new FoundElsewhere(answer.status() + (thrown.find() ? " " + thrown.group(1) : ""), message);
        }
        for (JsonNode text : error) {
            Optional<String> wrong = Messages.wrong(text.asText());
            if (wrong.isPresent()) {
                throw new FoundElsewhere(wrong.get(), text.asText());
            }
        }
        return Optional.of(new Failure(message, "status " + answer.status() + " " + code, "send another request"));
    }

    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
    }
}
