package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.espalier.ThinModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server as a process. */
class ServeCommandTest {

    private static final String STREAM = "{\"prompt\": \"the\", \"max_tokens\": 400, \"n\": 100, \"stream\": true}";

    @TempDir
    private Path folder;

    private Path model;

    @BeforeEach
    void write() throws IOException {
        model = ThinModel.writeTo(folder.resolve("m"));
    }

    /** Whoever is being answered gets an end, and the exit status is that of work that is done. */
    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM"})
    void signalEndsItWithStatusZero(String signal) throws Exception {
        Path said = folder.resolve("stderr");
        Process process = start(said);
        try (BufferedReader out = process.inputReader();
                HttpClient client = HttpClient.newHttpClient()) {
            String line = out.readLine();
            assertTrue(line != null && line.matches("listening on http://127\\.0\\.0\\.1:\\d+"), line);
            URI url = URI.create(line.substring("listening on ".length()));
            try (Stream<String> lines =
                    client.send(completion(url), BodyHandlers.ofLines()).body()) {
                Iterator<String> events = lines.iterator();
                assertTrue(events.next().startsWith("data: {"));
                new ProcessBuilder("/bin/kill", "-" + signal, String.valueOf(process.pid()))
                        .start()
                        .waitFor();
                String last = "";
                while (events.hasNext()) {
                    String event = events.next();
                    last = event.isEmpty() ? last : event;
                }
                assertTrue(last.contains("shutting_down"), last);
            }
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it goes on");
            assertEquals(0, process.exitValue(), Files.readString(said));
            assertFalse(Files.readString(said).contains("xception"), Files.readString(said));
        } finally {
            process.destroyForcibly();
        }
    }

    private static HttpRequest completion(URI url) {
        return HttpRequest.newBuilder(url.resolve("/v1/completions"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(STREAM))
                .build();
    }

    /** A process that was started in the background would ignore SIGINT. */
    private Process start(Path err) throws IOException {
        return new ProcessBuilder(List.of(
                        "/usr/bin/env",
                        "--default-signal=INT,TERM",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        // What lives for a second is not worth optimising.
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "org.espalier.cli.Main",
                        "serve",
                        model.toString(),
                        "--port",
                        "0"))
                .redirectError(err.toFile())
                .start();
    }

    @Test
    void portThatIsInUseIsAFailure() throws IOException {
        try (ServerSocket other = new ServerSocket(0)) {
            String line = Ran.engine(
                            "serve",
                            model.toString(),
                            "--host",
                            "0.0.0.0",
                            "--port",
                            String.valueOf(other.getLocalPort()))
                    .failure(1);
            assertTrue(line.contains("cannot listen") && line.contains("--port"), line);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"--port 65536", "--port x", "--parallel 0", "--parallel 1000", "--max-body 2g", "--context 0"})
    void impossibleOptionsAreWrongUsage(String options) {
        Ran.engine(("serve " + model + " " + options).split(" ")).failure(2);
    }

    @Test
    void hostThatNobodyKnowsIsAFailure() {
        String line = Ran.engine("serve", model.toString(), "--host", "no.such.host.invalid", "--port", "0")
                .failure(1);
        assertTrue(line.contains("no.such.host.invalid"), line);
    }

    /** Other commands start without it. */
    @Test
    void httpLibraryIsNotLoadedByOtherCommands() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xlog:class+load",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "org.espalier.cli.Main",
                        "info",
                        model.toString())
                .redirectErrorStream(true)
                .start();
        try (BufferedReader out = process.inputReader()) {
            List<String> lines = out.lines().toList();
            assertTrue(
                    lines.stream().anyMatch(line -> line.contains("org.espalier.cli.ServeCommand ")), "not looked at");
            assertEquals(
                    List.of(),
                    lines.stream().filter(line -> line.contains(" io.netty.")).toList());
        }
    }
}
