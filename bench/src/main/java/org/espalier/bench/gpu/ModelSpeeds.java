package org.espalier.bench.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Precision;
import org.espalier.backend.cuda.CudaDevices;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.importance.Criterion;
import org.espalier.job.CalibrationSettings;
import org.espalier.job.ComputeSettings;
import org.espalier.job.ComputeSettings.Device;
import org.espalier.job.Destination;
import org.espalier.job.Engine;
import org.espalier.job.ImportanceSettings;
import org.espalier.job.Listener;
import org.espalier.job.ScoreJob;
import org.espalier.job.ScoreSettings;
import org.espalier.job.SpeedJob;
import org.espalier.job.SpeedSettings;
import org.espalier.job.Speeds;
import org.espalier.model.Architectures;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.tune.LearnedAdapter;
import org.espalier.tune.Sample;
import org.espalier.tune.TrainingData;
import org.espalier.tune.TrainingSettings;
import org.espalier.tune.Tuning;
import org.espalier.tune.TuningSettings;

/** How fast the engine's own jobs are on the device. */
final class ModelSpeeds {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String GRAPHS = "espalier.cuda.graphs";
    private static final int SEQUENCES = 10;
    /** Of so many tokens that are read one is written. */
    private static final int WRITTEN = 4;

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
     * {@code folder} is for what the jobs write.
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
        Engine engine =
                new Engine(ComputeSettings.defaults().device(Device.CUDA).precision(precision), Listener.NONE);
        SpeedSettings speed = SpeedSettings.defaults().prompt(tokens).generate(tokens / WRITTEN);
        for (Speeds speeds : new SpeedJob(engine, speed).run(List.of(model))) {
            row(model, speeds.test(), precision, speeds.mean());
        }
        row(
                model,
                "tg" + tokens / WRITTEN + ", kernels launched one by one",
                precision,
                writingWithoutGraphs(engine, model, speed.prompt(0)));
        row(model, "scoring, " + SEQUENCES + " sequences of " + tokens, precision, scoring(engine, model, folder));
        row(
                model,
                "training adapters of rank 8, " + SEQUENCES + " sequences of " + tokens,
                precision,
                training(model, precision));
    }

    /** Tokens a second, to see what capturing the work of a token saves. */
    private static double writingWithoutGraphs(Engine engine, Path model, SpeedSettings writing) {
        String before = System.setProperty(GRAPHS, "off");
        try {
            return new SpeedJob(engine, writing).run(List.of(model)).getFirst().mean();
        } finally {
            if (before == null) {
                System.clearProperty(GRAPHS);
            } else {
                System.setProperty(GRAPHS, before);
            }
        }
    }

    /** Tokens a second of all heads and neurons. */
    private double scoring(Engine engine, Path model, Path folder) {
        ImportanceSettings importance = ImportanceSettings.defaults()
                .criterion(Criterion.PARAM_FIRST)
                .calibration(CalibrationSettings.defaults().idsFile(ids(model, folder)));
        ScoreJob.Result scored = new ScoreJob(engine, ScoreSettings.defaults().importance(importance))
                .run(model, new Destination(folder.resolve("scores.json"), true));
        return SEQUENCES * tokens / scored.use().seconds();
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
            LoraConfig lora =
                    new LoraConfig(8, 16, Architectures.of(model.config()).adapterTargets());
            TuningSettings settings = new TuningSettings(
                    UPDATES,
                    SEQUENCES,
                    1,
                    new TuningSettings.Rate(1e-4, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                    TrainingSettings.plain(),
                    OptionalInt.of(UPDATES),
                    ACTIVATION_BYTES,
                    SEED);
            TrainingData data = TrainingData.of(samples, samples.subList(0, 1));
            try (LearnedAdapter adapter = new LearnedAdapter(model, lora, SEED)) {
                return new Tuning(adapter, Optional.empty(), data, settings)
                        .train(Tuning.Listener.NONE)
                        .tokensPerSecond();
            }
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
}
