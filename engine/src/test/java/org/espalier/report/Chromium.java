package org.espalier.report;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A headless Chromium with one empty page, driven through its DevTools protocol. */
public final class Chromium implements AutoCloseable {

    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
    private static final String OWN = System.getenv("ESPALIER_CHROMIUM");
    private static final int SECONDS = 60;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** What a browser does of its own accord, such as asking for updates, is no part of a page. */
    private static final List<String> SETTINGS = List.of(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--disable-sync",
            "--disable-extensions",
            "--disable-component-update",
            "--disable-background-networking",
            "--no-first-run",
            "--hide-scrollbars",
            "--remote-debugging-port=0");

    private final Process process;
    private final WebSocket socket;
    private final AtomicInteger commands = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    private final BlockingQueue<JsonNode> events = new LinkedBlockingQueue<>();
    private String page;

    private Chromium(Process process, URI address) throws Exception {
        this.process = process;
        this.socket = HttpClient.newBuilder()
                .proxy(HttpClient.Builder.NO_PROXY)
                .build()
                .newWebSocketBuilder()
                .buildAsync(address, new Messages())
                .get(SECONDS, TimeUnit.SECONDS);
    }

    /**
     * Starts the browser that is installed; skips the test that asks if there is none.
     *
     * @param profile folder for what it remembers
     */
    public static Chromium start(Path profile) throws Exception {
        Optional<Path> program = installed();
        assumeTrue(
                program.isPresent(),
                () -> "skipped: no Chromium is installed (" + String.join(", ", NAMES)
                        + " in the PATH, or the one that ESPALIER_CHROMIUM names)");
        List<String> line = Stream.of(
                        Stream.of(program.get().toString()),
                        SETTINGS.stream(),
                        Stream.of("--user-data-dir=" + profile, "about:blank"))
                .flatMap(words -> words)
                .toList();
        Path log = Files.createTempFile(profile, "browser", ".log");
        Process process = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            Chromium browser = new Chromium(process, address(process, profile, log));
            browser.open();
            return browser;
        } catch (Exception | Error e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static Optional<Path> installed() {
        if (OWN != null) {
            return Optional.of(Path.of(OWN));
        }
        return NAMES.stream()
                .flatMap(name -> Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** The browser writes where it listens into a file of its profile: a port, and a path. */
    private static URI address(Process process, Path profile, Path log) throws IOException, InterruptedException {
        Path file = profile.resolve("DevToolsActivePort");
        for (int tenths = 0; tenths < 10 * SECONDS && process.isAlive(); tenths++) {
            List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
            if (lines.size() > 1) {
                return URI.create("ws://127.0.0.1:" + lines.get(0) + lines.get(1));
            }
            Thread.sleep(100);
        }
        throw new AssertionError("the browser does not listen: " + Files.readString(log));
    }

    private void open() {
        String target = browser("Target.createTarget", Map.of("url", "about:blank"))
                .get("targetId")
                .asText();
        page = browser("Target.attachToTarget", Map.of("targetId", target, "flatten", true))
                .get("sessionId")
                .asText();
        List.of("Page", "Runtime", "Network", "Log").forEach(part -> command(part + ".enable", Map.of()));
    }

    /** Goes to an address and waits until all of it is there. */
    void load(URI address) {
        events.clear();
        command("Page.navigate", Map.of("url", address.toString()));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (events.stream().noneMatch(event -> method(event).equals("Page.loadEventFired"))) {
            if (System.nanoTime() > end) {
                throw new AssertionError("the page is not there after " + SECONDS + " seconds: " + address);
            }
            command("Runtime.evaluate", Map.of("expression", "1"));
        }
        // What scripts and pictures set off comes a little later.
        evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))");
    }

    /** What happened since the page was asked for: messages of the protocol. */
    List<JsonNode> events() {
        return List.copyOf(events);
    }

    static String method(JsonNode event) {
        return event.path("method").asText();
    }

    /** The value of a JavaScript expression; of a promise that of what it promises. */
    JsonNode evaluate(String expression) {
        JsonNode answer = command(
                "Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (answer.has("exceptionDetails")) {
            throw new AssertionError(answer.get("exceptionDetails").toString());
        }
        return answer.path("result").path("value");
    }

    /** Does something with the page. */
    JsonNode command(String method, Map<String, ?> parameters) {
        return send(method, parameters, page);
    }

    private JsonNode browser(String method, Map<String, ?> parameters) {
        return send(method, parameters, null);
    }

    private JsonNode send(String method, Map<String, ?> parameters, String session) {
        int id = commands.incrementAndGet();
        ObjectNode message = MAPPER.createObjectNode().put("id", id).put("method", method);
        message.set("params", MAPPER.valueToTree(parameters));
        if (session != null) {
            message.put("sessionId", session);
        }
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        answers.put(id, answer);
        socket.sendText(message.toString(), true).join();
        try {
            JsonNode got = answer.get(SECONDS, TimeUnit.SECONDS);
            if (got.has("error")) {
                throw new AssertionError(method + ": " + got.get("error"));
            }
            return got.get("result");
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError("the browser does not answer: " + method, e);
        }
    }

    /** Answers and events as they come, in pieces. */
    private final class Messages implements WebSocket.Listener {

        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence piece, boolean last) {
            text.append(piece);
            if (last) {
                message(text.toString());
                text.setLength(0);
            }
            from.request(1);
            return null;
        }

        private void message(String json) {
            try {
                JsonNode message = MAPPER.readTree(json);
                if (message.has("id")) {
                    answers.remove(message.get("id").asInt()).complete(message);
                } else {
                    events.add(message);
                }
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public void close() throws InterruptedException {
        socket.abort();
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor(SECONDS, TimeUnit.SECONDS);
    }
}
