package org.espalier.bench.gpu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.cuda.CudaDevices;
import org.espalier.backend.cuda.Precision;
import org.espalier.cli.Main;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.tune.LoraSettings;
import org.espalier.tune.LoraTraining;
import org.espalier.tune.Sample;
import org.espalier.tune.TrainingData;

/** What the engine's own commands say of their speed on the device. */
final class ModelSpeeds {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String GRAPHS = "espalier.cuda.graphs";
    private static final int SEQUENCES = 10;
    private static final int UPDATES = 3;
    private static final long ACTIVATION_BYTES = 4L << 30;
    private static final long SEED = 42;

    private final int tokens;
    private final CheckTable table;

    /** @param tokens of the prompt that is read and of each sequence that is scored */
    ModelSpeeds(int tokens, CheckTable table) {
        this.tokens = tokens;
        this.table = table;
    }

    /**
     * Reading, writing, scoring and training adapters with one model, in float32 and as PyTorch does with 16-bit weights;
     * {@code folder} is for what the commands write.
     */
    void run(Path model, Path folder) {
        for (Precision precision : List.of(Precision.FLOAT32, Precision.HALF)) {
            try {
                run(model, precision, folder);
            } catch (Failure | IllegalStateException e) {
                table.fail("model", model + " in " + precision, e.getMessage());
            }
        }
    }

    private void run(Path model, Precision precision, Path folder) {
        for (JsonNode result : engine(
                        precision,
                        "bench",
                        model.toString(),
                        "--prompt",
                        Integer.toString(tokens),
                        "--generate",
                        Integer.toString(tokens / 4))
                .get("results")) {
            row(
                    model,
                    result.get("test").asText(),
                    precision,
                    result.get("tokens_per_second").asDouble());
        }
        row(
                model,
                "tg" + tokens / 4 + ", kernels launched one by one",
                precision,
                writingWithoutGraphs(model, precision));
        JsonNode scored = engine(
                precision,
                "score",
                model.toString(),
                "--criterion",
                "param_first",
                "--ids-file",
                ids(model, folder).toString(),
                "--out",
                folder.resolve("scores.json").toString(),
                "--force");
        row(
                model,
                "scoring, " + SEQUENCES + " sequences of " + tokens,
                precision,
                SEQUENCES * tokens / scored.get("seconds").asDouble());
        row(
                model,
                "training adapters of rank 8, " + SEQUENCES + " sequences of " + tokens,
                precision,
                training(model, precision));
    }

    /** Tokens a second, to see what capturing the work of a token saves. */
    private double writingWithoutGraphs(Path model, Precision precision) {
        String before = System.setProperty(GRAPHS, "off");
        try {
            return engine(
                            precision,
                            "bench",
                            model.toString(),
                            "--prompt",
                            "0",
                            "--generate",
                            Integer.toString(tokens / 4))
                    .get("results")
                    .get(0)
                    .get("tokens_per_second")
                    .asDouble();
        } finally {
            if (before == null) {
                System.clearProperty(GRAPHS);
            } else {
                System.setProperty(GRAPHS, before);
            }
        }
    }

    private void row(Path model, String test, Precision precision, double tokensPerSecond) {
        table.add(
                "model",
                model.getFileName() + " " + test + " in " + precision,
                "%.1f tokens/s".formatted(tokensPerSecond));
    }

    /** Tokens a second of a few updates. */
    private double training(Path path, Precision precision) {
        try (Backend cuda = CudaDevices.open(precision);
                Checkpoint checkpoint = Checkpoints.open(path);
                Model model = Model.open(checkpoint, cuda)) {
            List<Sample> samples = random(model.config().vocab())
                    .map(ids -> new Sample(ids, ids))
                    .toList();
            LoraSettings settings = new LoraSettings(
                    new LoraConfig(8, 16, model.config().family().adapterTargets()),
                    UPDATES,
                    SEQUENCES,
                    1,
                    1e-4,
                    OptionalInt.empty(),
                    OptionalInt.of(UPDATES),
                    ACTIVATION_BYTES,
                    SEED);
            TrainingData data = new TrainingData(samples, samples.subList(0, 1), 0, 0);
            LoraTraining.Result result = new LoraTraining(model, data, settings).train(LoraTraining.Listener.NONE);
            result.adapter().close();
            return result.tokensPerSecond();
        }
    }

    private Stream<int[]> random(int vocabulary) {
        Random random = new Random(SEED);
        return IntStream.range(0, SEQUENCES)
                .mapToObj(s -> random.ints(tokens, 0, vocabulary).toArray());
    }

    private Path ids(Path model, Path folder) {
        try (Checkpoint checkpoint = Checkpoints.open(model)) {
            int vocabulary = checkpoint.config().get("vocab_size").asInt();
            return Files.writeString(
                    folder.resolve("ids.json"),
                    JSON.writeValueAsString(random(vocabulary).toArray(int[][]::new)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a command prints as JSON. */
    private static JsonNode engine(Precision precision, String... line) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        List<String> whole = new ArrayList<>(List.of(line));
        whole.addAll(List.of("--device", "cuda", "--precision", precision.name().toLowerCase(Locale.ROOT), "--json"));
        int status = Main.run(
                whole.toArray(String[]::new),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        if (status != 0) {
            throw new IllegalStateException(err.toString(StandardCharsets.UTF_8).strip());
        }
        try {
            return JSON.readTree(out.toString(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("no JSON: " + out.toString(StandardCharsets.UTF_8), e);
        }
    }
}
