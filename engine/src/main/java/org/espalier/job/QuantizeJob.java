package org.espalier.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.eval.Divergence;
import org.espalier.format.Conversion;
import org.espalier.format.Int8Rows;
import org.espalier.format.ModelContent;
import org.espalier.format.NumberTypes;
import org.espalier.format.Quantization;
import org.espalier.format.QuantizationLoss;
import org.espalier.importance.Calibration;
import org.espalier.job.QuantizeSettings.Form;
import org.espalier.model.Architectures;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.Transformer;
import org.espalier.score.InputSquares;
import org.espalier.tape.Segment;
import org.espalier.tape.Tape;
import org.espalier.tape.WeightUse;
import org.espalier.tensor.DType;

/**
 * Quantises a model. With calibration texts, what an error of a weight costs is told from the inputs that it meets there, and how
 * far predictions of these texts are from the model's is measured of the file that was written.
 */
public final class QuantizeJob {

    /** What a column counts at least, as a share of the mean: other texts have other inputs. */
    private static final double LEAST_IMPORTANCE = 0.01;

    /**
     * What was written.
     *
     * @param bytesBefore of all weights as they were stored
     * @param bytesAfter  the same of what was written
     * @param weights     what they lost
     * @param measured    of predictions, on the calibration texts; empty without these
     */
    public record Result(long bytesBefore, long bytesAfter, WeightLoss weights, Optional<Divergence.Result> measured) {}

    /**
     * What weights lost: errors' root mean squares, divided by those of the numbers.
     *
     * @param tensors    that were quantised
     * @param error      of all of them
     * @param worst      the name of the one that lost most; empty if there is none
     * @param worstError of that one
     */
    public record WeightLoss(int tensors, double error, String worst, double worstError) {

        static WeightLoss of(QuantizationLoss loss) {
            Optional<QuantizationLoss.OfTensor> worst = loss.worst();
            return new WeightLoss(
                    loss.count(),
                    loss.relative(),
                    worst.map(QuantizationLoss.OfTensor::name).orElse(""),
                    worst.map(QuantizationLoss.OfTensor::relative).orElse(0.0));
        }
    }

    private final Engine engine;
    private final QuantizeSettings settings;

    /** Quantises on the devices of {@code engine}, as {@code settings} say. */
    public QuantizeJob(Engine engine, QuantizeSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Quantises.
     *
     * @param model a checkpoint folder or a GGUF file; it stays as it is
     * @throws Failure if the model or a text cannot be read, or the result cannot be written
     */
    public Result run(Path model, Destination out) {
        settings.requireSound();
        settings.complaint(out).ifPresent(complaint -> {
            throw new Failure(complaint, out.path().toString(), "name another place");
        });
        out.requireFree(model);
        Optional<Calibration> texts = settings.calibration().read(model, settings.seed(), false);
        QuantizationLoss loss = new QuantizationLoss();
        Quantization wanted = new Quantization(
                settings.form().type(), texts.map(t -> importance(model, t)).orElse(Map.of()), loss);
        long bytesBefore = ModelHeader.read(model).weightBytes();
        AtomicReference<Result> result = new AtomicReference<>();
        write(
                model,
                wanted,
                out,
                written -> result.set(new Result(
                        bytesBefore,
                        ModelHeader.read(written).weightBytes(),
                        WeightLoss.of(loss),
                        texts.map(t -> measured(model, written, t)))));
        return result.get();
    }

    private Map<String, float[]> importance(Path model, Calibration texts) {
        try (OpenModel open = engine.open(model);
                ScoreWatch watch = new ScoreWatch(settings.memory(), engine.listener())) {
            Map<String, float[]> importance = new HashMap<>();
            InputSquares.of(open.model(), watch.walking(open), texts.sequences())
                    .forEach((name, squares) -> importance.put(name, importance(squares)));
            return importance;
        }
    }

    private static float[] importance(double[] squares) {
        OptionalDouble mean = DoubleStream.of(squares).average();
        float[] importance = new float[squares.length];
        for (int k = 0; k < squares.length; k++) {
            boolean known = mean.orElse(0) > 0;
            importance[k] = (float) (LEAST_IMPORTANCE + (known ? squares[k] / mean.getAsDouble() : 1));
        }
        return importance;
    }

    /** @param looking sees what was written before it is put in its place */
    private void write(Path model, Quantization wanted, Destination out, Consumer<Path> looking) {
        try (ModelCheckpoint checkpoint = ModelCheckpoint.open(model);
                ForkJoinPool pool = new ForkJoinPool(engine.compute().threads())) {
            ModelContent whole = settings.form() == Form.INT8_ROW
                    ? rows(checkpoint, model, wanted)
                    : blocks(checkpoint, model).withQuantization(wanted);
            pool.submit(() -> out.writeModel("quantizing", whole, engine.listener(), place -> lookAt(place, looking)))
                    .join();
        }
    }

    /** A file is known by its name, which it does not have yet. */
    private static void lookAt(Path place, Consumer<Path> looking) {
        if (Files.isDirectory(place)) {
            looking.accept(place);
            return;
        }
        try {
            Path folder = Files.createTempDirectory("espalier");
            Path link = folder.resolve("written.gguf");
            try {
                looking.accept(Files.createSymbolicLink(link, place.toAbsolutePath()));
            } finally {
                Files.deleteIfExists(link);
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new Failure(
                    "what was written cannot be looked at: " + e.getMessage(),
                    place.toString(),
                    "check the temporary folder",
                    e);
        }
    }

    private static ModelContent blocks(ModelCheckpoint checkpoint, Path model) {
        return Companions.with(Conversion.of(checkpoint, Optional.of(DType.F32)), model, checkpoint);
    }

    private static ModelContent rows(ModelCheckpoint checkpoint, Path model, Quantization wanted) {
        Tape tape = new Transformer(checkpoint.model()).shape();
        Set<String> routers = Routers.of(tape);
        Set<String> weights = products(tape, true);
        weights.removeAll(routers);
        NumberTypes types =
                (name, _, stored) -> weights.contains(name) ? DType.F32 : Conversion.target(stored, Optional.empty());
        Set<String> tables = weights(tape, segment -> true, WeightUse.Kind.LOOKUP);
        String tied = Architectures.of(checkpoint.model()).tiedHead().orElse("");
        List<String> left = Stream.concat(products(tape, false).stream(), routers.stream())
                .map(name -> tables.contains(name) ? tied : name.replaceFirst("\\.weight$", ""))
                .toList();
        ModelContent plain = Companions.with(Conversion.of(checkpoint, types), model, checkpoint);
        return Int8Rows.of(plain, weights, left, wanted);
    }

    /** Matrices that are multiplied with, those of layers or the others. */
    private static Set<String> products(Tape tape, boolean ofLayers) {
        return weights(tape, segment -> segment.layer() >= 0 == ofLayers, WeightUse.Kind.PRODUCT);
    }

    private static Set<String> weights(Tape tape, Predicate<Segment> some, WeightUse.Kind kind) {
        return tape.segments().stream()
                .filter(some)
                .flatMap(segment -> segment.ops().stream())
                .flatMap(op -> op.weights().stream())
                .filter(use -> use.kind() == kind)
                .map(use -> use.weight().root().name())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private Divergence.Result measured(Path model, Path written, Calibration texts) {
        try (OpenModel expected = engine.open(model);
                OpenModel given = engine.open(written);
                DivergenceMeter meter = new DivergenceMeter(
                        expected, given, settings.memory(), engine.compute().threads(), engine.listener())) {
            return meter.measure(texts.sequences(), "what predictions lose");
        }
    }
}
