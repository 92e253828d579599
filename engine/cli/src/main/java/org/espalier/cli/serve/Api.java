package org.espalier.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.Json;
import org.espalier.job.serve.CompletionService;

/** OpenAI's interface: finds out what a request wants, and has it answered. */
final class Api {

    static final String PATHS = "/v1/models, /v1/completions and /v1/chat/completions";

    /** Of scores and alternatives that an answer may hold: some hundred megabytes while it is written. */
    private static final long MOST_SCORES = 1L << 22;

    private static final String MODELS = "/v1/models";
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    private final CompletionService service;
    private final Served served;
    private final SplittableRandom seeds;
    private final long created = System.currentTimeMillis() / 1000;

    /**
     * What is served, and to whom.
     *
     * @param name     of the model
     * @param path     of the model, by which it can be asked for too
     * @param keys     of which one is asked for
     * @param loopback whether only programs of this machine are meant
     */
    record Served(String name, Path path, ApiKeys keys, boolean loopback) {}

    /** @param seed begins the seeds of requests that have none */
    Api(CompletionService service, Served served, long seed) {
        this.service = service;
        this.served = served;
        this.seeds = new SplittableRandom(seed);
    }

    /** Answers a request, at once or when its turn has come. */
    void answer(ApiRequest request, Reply reply) {
        try {
            requireAllowed(request);
            route(request, reply);
        } catch (RuntimeException e) {
            ApiError error = e instanceof Failure failure ? ApiError.invalid(failure.oneLine()) : Responder.error(e);
            reply.json(error.status(), error.body());
        }
    }

    private void requireAllowed(ApiRequest request) {
        if (served.loopback()) {
            requireOwnName(request.host());
        }
        if (!served.keys().allow(request.authorization())) {
            throw ApiError.wrongKey();
        }
    }

    /** A web page whose name was made to lead to this machine cannot use the server. */
    private static void requireOwnName(Optional<String> host) {
        String name = host.orElse("localhost").toLowerCase(Locale.ROOT).replaceFirst(":\\d{0,5}$", "");
        if (!LOOPBACK.contains(name)) {
            throw ApiError.wrongHost(Printable.cell(name));
        }
    }

    private void route(ApiRequest request, Reply reply) {
        String path = request.path();
        if (path.equals(MODELS) || path.startsWith(MODELS + "/")) {
            requireMethod(request, "GET");
            reply.json(200, path.equals(MODELS) ? models() : model(path.substring(MODELS.length() + 1)));
        } else if (path.equals("/v1/completions")) {
            submit(new CompletionCall(service, this::seed).read(parameters(request)), reply);
        } else if (path.equals("/v1/chat/completions")) {
            submit(new ChatCall(service, this::seed).read(parameters(request)), reply);
        } else {
            throw ApiError.noSuchPath(Printable.cell(path));
        }
    }

    private Parameters parameters(ApiRequest request) {
        requireMethod(request, "POST");
        // Web pages of strangers may send other types without asking.
        if (!request.contentType().orElse("").toLowerCase(Locale.ROOT).matches("application/json\\s*(;.*)?")) {
            throw ApiError.wrongMediaType();
        }
        Parameters parameters = Parameters.parse(request.body());
        parameters.text("model").ifPresent(this::requireServed);
        return parameters;
    }

    private static void requireMethod(ApiRequest request, String method) {
        if (!request.method().equals(method)) {
            throw ApiError.wrongMethod(Printable.cell(request.method()), method);
        }
    }

    private void requireServed(String name) {
        if (!name.equals(served.name()) && !name.equals(served.path().toString())) {
            throw ApiError.noSuchModel(Printable.cell(Printable.shortened(name)), served.name());
        }
    }

    private void submit(Call call, Reply reply) {
        if (call.scores() > MOST_SCORES) {
            throw ApiError.invalid(
                    "logprobs", "the answer would hold more than " + MOST_SCORES + " scores: ask for less at once");
        }
        Responder responder = Responder.of(call, served.name(), reply);
        service.submit(call.questions(), responder::listener, responder::over);
    }

    private synchronized long seed() {
        return seeds.nextLong();
    }

    private ObjectNode models() {
        ObjectNode list = Json.object().put("object", "list");
        list.putArray("data").addAll(List.of(described()));
        return list;
    }

    private ObjectNode model(String name) {
        requireServed(name);
        return described();
    }

    private ObjectNode described() {
        return Json.object()
                .put("id", served.name())
                .put("object", "model")
                .put("created", created)
                .put("owned_by", "espalier")
                .put("max_model_len", service.context());
    }
}
