package org.espalier.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.espalier.cli.serve.ApiKeys;
import org.espalier.cli.serve.Server;
import org.espalier.job.ServeSettings;
import org.espalier.job.serve.CompletionService;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine serve}: answers requests until it is stopped. */
@Command(
        name = "serve",
        description = "Serve a model over HTTP, with OpenAI's interface: /v1/models, /v1/completions and "
                + "/v1/chat/completions. Ends on Ctrl-C or SIGTERM.",
        footer = {
            "",
            "Examples:",
            "  engine serve models/pruned",
            "  engine serve model.gguf --host 0.0.0.0 --port 9000 --api-key-file keys.txt",
            "  curl http://127.0.0.1:8080/v1/completions -H 'Content-Type: application/json' \\",
            "      -d '{\"prompt\": \"Once upon a time\", \"max_tokens\": 50}'"
        })
final class ServeCommand extends EngineCommand {

    /** What is being answered when the server is stopped gets this much longer. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private ServeSettings settings = ServeSettings.defaults();

    @Mixin
    private ModelArgument model;

    @Mixin
    private AdapterOption adapter;

    @Option(
            names = "--host",
            paramLabel = "H",
            defaultValue = "127.0.0.1",
            description = "Address to listen on (default: ${DEFAULT-VALUE}, for programs of this machine alone).")
    private String host;

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "8080",
            converter = Converters.Port.class,
            description = "Port to listen on; 0 takes a free one (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = "--api-key-file",
            paramLabel = "F",
            description = "Answer only requests with one of the keys of this file, one a line.")
    private Path keys;

    @Option(
            names = "--parallel",
            paramLabel = "N",
            converter = Converters.Together.class,
            description = "Answers that are written at once at most (default: ${bundle:default.parallel}).")
    private void parallel(int sequences) {
        settings = settings.together(sequences);
    }

    @Option(
            names = "--queue",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Answers that may wait for their turn (default: ${bundle:default.queue}).")
    private void queue(int sequences) {
        settings = settings.queue(sequences);
    }

    @Option(
            names = "--context",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description =
                    "Most tokens of a prompt and its answer (default: ${bundle:default.context}, or the model's).")
    private void context(int tokens) {
        settings = settings.context(tokens);
    }

    @Option(
            names = "--cache-tokens",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Most tokens of all answers at once (default: what half of the free memory holds).")
    private void cacheTokens(int tokens) {
        settings = settings.cacheTokens(tokens);
    }

    @Option(
            names = "--max-body",
            paramLabel = "SIZE",
            defaultValue = "4m",
            converter = Converters.Body.class,
            description = "Largest request (default: ${DEFAULT-VALUE}).")
    private int mostBody;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        ApiKeys allowed = keys == null ? ApiKeys.none() : ApiKeys.read(keys);
        Server.Listening listening = new Server.Listening(host, port, allowed, mostBody, seed.value());
        CompletionService service = CompletionService.open(compute.engine(), model.path(), adapter.path(), settings);
        try (Server server = Server.start(model.path(), service, listening);
                Stopping _ = Stopping.by(() -> stop(server))) {
            if (allowed.open() && !listening.loopback()) {
                listener()
                        .note("everybody who can reach " + host
                                + " may use this server; --api-key-file asks for a key");
            }
            print(new LinkedHashMap<>(Map.of("url", server.url())), () -> "listening on " + server.url());
            out().flush();
            awaitEnd(server);
        }
    }

    private static void stop(Server server) {
        server.drain(GRACE);
        server.close();
    }

    private static void awaitEnd(Server server) {
        try {
            Throwable fault = server.await().orElse(null);
            if (fault instanceof Error error) {
                throw error;
            }
            if (fault instanceof RuntimeException exception) {
                throw exception;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
