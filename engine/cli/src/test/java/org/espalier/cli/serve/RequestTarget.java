package org.espalier.cli.serve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.fuzz.Input;
import org.espalier.fuzz.Target;
import org.espalier.job.Engine;
import org.espalier.job.ServeSettings;
import org.espalier.job.serve.CompletionService;

/** The body of a request to complete a text or a conversation, as it is understood before a model reads the prompt. */
public final class RequestTarget implements Target {

    private static final String FILE = "request.json";
    private static final int CONTEXT = 64;

    private CompletionService service;
    private List<String> kept = List.of();
    private Path folder;

    @Override
    public String name() {
        return "http-request";
    }

    @Override
    public List<Input> seeds() throws IOException {
        open();
        return Stream.concat(NoiseTest.COMPLETIONS.stream(), NoiseTest.CHATS.stream())
                .map(body -> Input.of(FILE, body.replace('\'', '"')))
                .toList();
    }

    private void open() throws IOException {
        if (service == null) {
            folder = Files.createTempDirectory("espalier-served-");
            Path model = ServedModel.write(folder.resolve("model"));
            ServeSettings settings = ServeSettings.defaults().context(CONTEXT).queue(1);
            service = CompletionService.open(Engine.silent(), model, Optional.empty(), settings);
            kept = NativeMemory.outstanding();
        }
    }

    @Override
    public List<String> kept() {
        return kept;
    }

    @Override
    public void read(Path files, Input input) {
        try {
            Parameters parameters = Parameters.parse(input.file(FILE));
            parameters.text("model");
            if (parameters.value("messages").isPresent()) {
                new ChatCall(service, () -> 1).read(parameters);
            } else {
                new CompletionCall(service, () -> 1).read(parameters);
            }
        } catch (ApiError e) {
            if (e.status() >= 500) {
                throw e;
            }
            throw new Failure(e.getMessage(), FILE, "correct the request", e);
        }
    }

    @Override
    public void close() {
        if (service != null) {
            service.close();
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
