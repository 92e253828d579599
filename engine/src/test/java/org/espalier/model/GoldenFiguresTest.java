package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Figures of an independent float64 implementation that are kept with the tests, so that they are checked everywhere. */
class GoldenFiguresTest {

    private static final JsonNode FIGURES = Golden.json(Golden.resource("figures.json"));

    @ParameterizedTest
    @CsvSource({
        "mha, reference, 1e-9",
        "gqa, reference, 1e-9",
        "mha, cpu, 1e-4",
        "gqa, cpu, 1e-4",
        "mha, cuda, 1e-4",
        "gqa, cuda, 1e-4"
    })
    void logits(String name, String backendName, double tolerance) {
        Packed packed = Packed.of(List.of(Golden.ids(FIGURES.get("calib_ids"))[0]));
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = Checkpoints.open(Golden.resource(name));
                Model model = Model.open(checkpoint, backend)) {
            Recording recording = model.transformer().logits(packed.tokens());
            try (Executor executor = Executor.inference(backend, recording.tape(), model.leaves(Map.of()))) {
                packed.feed(executor, recording);
                executor.forward(packed.sequences());
                double[] logits = executor.read(recording.logits());
                FIGURES.get(name).get("logits").properties().forEach(row -> {
                    int start = Integer.parseInt(row.getKey()) * 256;
                    Golden.assertClose(
                            Golden.doubles(row.getValue()),
                            Arrays.copyOfRange(logits, start, start + 256),
                            tolerance,
                            "logits of token " + row.getKey());
                });
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "mha, reference, 1e-9",
        "gqa, reference, 1e-9",
        "mha, cpu, 1e-4",
        "gqa, cpu, 1e-4",
        "mha, cuda, 1e-4",
        "gqa, cuda, 1e-4"
    })
    void gradients(String name, String backendName, double tolerance) {
        Packed packed = Packed.of(List.of(Golden.ids(FIGURES.get("calib_ids"))));
        JsonNode expected = FIGURES.get(name);
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = Checkpoints.open(Golden.resource(name));
                Model model = Model.open(checkpoint, backend)) {
            Recording recording = model.transformer().loss(packed.tokens());
            try (GradientStore gradients = new GradientStore(backend, recording.tape(), n -> true);
                    Executor executor = new Executor(
                            backend,
                            recording.tape(),
                            model.leaves(Map.of()),
                            gradients,
                            Retention.RECOMPUTE,
                            Observer.NONE)) {
                packed.feed(executor, recording);
                executor.forward(packed.sequences());
                executor.backward(1.0 / packed.counted(), false);
                double[] losses = executor.read(recording.losses().getFirst());
                assertEquals(
                        expected.get("loss_batch").asDouble(),
                        Arrays.stream(losses).sum() / packed.counted(),
                        tolerance);
                for (Map.Entry<String, Tensor> gradient : gradients.tensors().entrySet()) {
                    compare(
                            expected.get("gradients").get(gradient.getKey()),
                            HostCopy.readDoubles(backend, executor.queue(), gradient.getValue()),
                            tolerance,
                            gradient.getKey());
                }
            }
        }
    }

    private static void compare(JsonNode expected, double[] actual, double tolerance, String weight) {
        double allowed = tolerance * expected.get("largest").asDouble();
        for (int i = 0; i < expected.get("at").size(); i++) {
            assertEquals(
                    expected.get("values").get(i).asDouble(),
                    actual[expected.get("at").get(i).asInt()],
                    allowed,
                    weight);
        }
        double norm = Math.sqrt(Arrays.stream(actual).map(x -> x * x).sum());
        assertEquals(
                expected.get("norm").asDouble(),
                norm,
                tolerance * expected.get("norm").asDouble(),
                weight);
    }

    /** LLM-Pruner computed these in float32. */
    @ParameterizedTest
    @CsvSource({"reference", "cpu", "cuda"})
    void perplexities(String backendName) {
        double[] ids = Golden.doubles(FIGURES.get("ppl").get("stream"));
        int[] stream = Arrays.stream(ids).mapToInt(id -> (int) id).toArray();
        for (JsonNode result : FIGURES.get("ppl").get("results")) {
            List<int[]> windows = new ArrayList<>();
            int width = result.get("seq_len").asInt();
            for (int w = 0; w < result.get("windows").asInt(); w++) {
                windows.add(Arrays.copyOfRange(stream, w * width, (w + 1) * width));
            }
            try (Backend backend = Backends.open(backendName);
                    Checkpoint checkpoint =
                            Checkpoints.open(Golden.resource(result.get("model").asText()));
                    Model model = Model.open(checkpoint, backend);
                    Scorer scorer = new Scorer(model)) {
                double mean = Arrays.stream(scorer.losses(windows))
                        .flatMapToDouble(Arrays::stream)
                        .average()
                        .orElseThrow();
                assertEquals(
                        result.get("ppl").asDouble(),
                        Math.exp(mean),
                        1e-4 * result.get("ppl").asDouble());
            }
        }
    }
}
