package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.RandomModel;
import org.espalier.Shared;
import org.espalier.error.Failure;
import org.espalier.eval.Divergence;
import org.espalier.eval.Protocol;
import org.espalier.eval.Windows;
import org.espalier.format.SafetensorsFile;
import org.espalier.job.DivergenceMeter.Bounds;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.model.Transformer;
import org.espalier.tape.Executor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Distances between tiny models against those of logits that an independent float64 implementation gave. */
class DivergenceMeterTest {

    private static final int VOCABULARY = 256;
    /** Several windows and pieces to a text, none of which end together. */
    private static final Bounds SMALL = new Bounds(40, 64 * 40, 7 * VOCABULARY);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "reference, false, 1e-6",
        "reference, true, 1e-6",
        "cpu, false, 1e-4",
        "cpu, true, 1e-4",
        "cuda, false, 1e-4",
        "cuda, true, 1e-4"
    })
    void asTheLogitsSay(String backend, boolean byLayers, double tolerance) {
        int[] ids = Golden.ids(Golden.json(Shared.path("golden/calib_ids.json")).get("calib_ids"))[0];
        Divergence.Result result =
                measure(backend, golden("gqa"), golden("mha"), ids, ids.length, byLayers, Bounds.USUAL);
        assertAsProbabilitiesSay(recorded("gqa"), recorded("mha"), ids, tolerance, result);
    }

    /** Models that mostly agree, so that some of the likeliest tokens are the same. */
    @ParameterizedTest
    @CsvSource({"reference, 1e-4", "cpu, 1e-3", "cuda, 1e-3"})
    void aPerturbedModelIsAsFarAsItsLogits(String backend, double tolerance) {
        ModelConfig config = RandomModel.config(24, 6, 2, new LayerConfig(4, 2, 20), false);
        RandomModel.write(config, 1, folder.resolve("dense"));
        RandomModel.write(config, 1, folder.resolve("perturbed"), (parameter, numbers) -> {
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] *= 1 + 0.2f * (float) Math.sin(i);
            }
        });
        int[] ids = IntStream.range(0, 60).map(i -> i * 7919 % 50).toArray();
        Divergence.Result result = measure(
                backend, folder.resolve("dense"), folder.resolve("perturbed"), ids, ids.length, false, Bounds.USUAL);
        assertAsProbabilitiesSay(
                computed(folder.resolve("dense"), ids),
                computed(folder.resolve("perturbed"), ids),
                ids,
                tolerance,
                result);
        assertTrue(result.sameTop().value() > 0 && result.sameTop().value() < 1, result::toString);
    }

    private static void assertAsProbabilitiesSay(
            double[][] p, double[][] q, int[] ids, double tolerance, Divergence.Result result) {
        double[] kl = IntStream.range(0, ids.length - 1)
                .mapToDouble(i -> IntStream.range(0, p[i].length)
                        .mapToDouble(v -> p[i][v] * Math.log(p[i][v] / q[i][v]))
                        .sum())
                .toArray();
        double[] same = IntStream.range(0, kl.length)
                .mapToDouble(i -> top(p[i]) == top(q[i]) ? 1 : 0)
                .toArray();
        double[] ratios = IntStream.range(0, kl.length)
                .mapToDouble(i -> Math.log(p[i][ids[i + 1]] / q[i][ids[i + 1]]))
                .toArray();
        double ppl = perplexity(q, ids);
        double referencePpl = perplexity(p, ids);

        assertEquals(ids.length - 1, result.tokens());
        assertClose(mean(kl), result.kl().value(), tolerance);
        assertClose(error(kl), result.kl().stderr(), tolerance);
        assertEquals(mean(same), result.sameTop().value(), 1e-12);
        assertEquals(error(same), result.sameTop().stderr(), 1e-12);
        assertClose(ppl, result.ppl().value(), tolerance);
        assertClose(referencePpl, result.referencePpl().value(), tolerance);
        assertClose(ppl / referencePpl, result.pplRatio().value(), tolerance);
        assertClose(ppl / referencePpl * error(ratios), result.pplRatio().stderr(), tolerance);
        Arrays.sort(kl);
        assertClose(between(kl, 0.5), result.median(), tolerance);
        assertClose(between(kl, 0.9), result.p90(), tolerance);
        assertClose(between(kl, 0.99), result.p99(), tolerance);
    }

    @ParameterizedTest
    @CsvSource({"reference, false", "cpu, false", "cpu, true", "cuda, false"})
    void aModelIsNotFarFromItself(String backend, boolean byLayers) {
        int[] ids = IntStream.range(0, 100).map(i -> i * 7919 % VOCABULARY).toArray();
        Divergence.Result result = measure(backend, golden("gqa"), golden("gqa"), ids, 16, byLayers, Bounds.USUAL);
        assertEquals(6 * 15, result.tokens());
        assertEquals(new Divergence.Mean(0, 0), result.kl());
        assertEquals(0, result.p99());
        assertEquals(new Divergence.Mean(1, 0), result.sameTop());
        assertEquals(new Divergence.Mean(1, 0), result.pplRatio());
        assertEquals(result.referencePpl(), result.ppl());
    }

    /** However much is computed at once. Products on the CPU depend on how many rows they have. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void inPiecesTheSame(boolean byLayers) {
        int[] ids = IntStream.range(0, 200).map(i -> i * 7919 % VOCABULARY).toArray();
        Divergence.Result whole = measure("reference", golden("gqa"), golden("mha"), ids, 16, false, Bounds.USUAL);
        assertEquals(whole, measure("reference", golden("gqa"), golden("mha"), ids, 16, byLayers, SMALL));
    }

    @Test
    void layerByLayerTheSame() {
        int[] ids = IntStream.range(0, 200).map(i -> i * 7919 % VOCABULARY).toArray();
        Divergence.Result whole = measure("cpu", golden("gqa"), golden("mha"), ids, 16, false, Bounds.USUAL);
        assertEquals(whole, measure("cpu", golden("gqa"), golden("mha"), ids, 16, true, Bounds.USUAL));
    }

    /** Perplexities are those that {@link PerplexityMeter} measures. */
    @Test
    void perplexitiesAreTheUsualOnes() {
        int[] ids = IntStream.range(0, 200).map(i -> i * 7919 % VOCABULARY).toArray();
        Divergence.Result result = measure("reference", golden("gqa"), golden("mha"), ids, 16, false, SMALL);
        try (OpenModel open = OpenModel.open(golden("mha"), Optional.empty(), Backends.open("reference"));
                PerplexityMeter meter = new PerplexityMeter(open, MemorySettings.defaults(), Listener.NONE)) {
            double ppl = meter.measure(ids, windows(16), "text").ppl();
            assertEquals(ppl, result.ppl().value(), 1e-6 * ppl);
        }
    }

    /** Each from its own beginning, whatever stands before it, and however many are computed at once. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void textsOfAnyLengthCountTokenByToken(boolean byLayers) {
        int[] ids = IntStream.range(0, 90).map(i -> i * 7919 % VOCABULARY).toArray();
        List<int[]> texts = List.of(
                Arrays.copyOfRange(ids, 0, 39), Arrays.copyOfRange(ids, 39, 40), Arrays.copyOfRange(ids, 40, 90));
        Divergence.Result first =
                measure("reference", golden("gqa"), golden("mha"), texts.getFirst(), 39, false, Bounds.USUAL);
        Divergence.Result last =
                measure("reference", golden("gqa"), golden("mha"), texts.getLast(), 50, false, Bounds.USUAL);
        Divergence.Result all = measured(
                "reference", golden("gqa"), golden("mha"), byLayers, SMALL, meter -> meter.measure(texts, "texts"));
        assertEquals(38 + 49, all.tokens());
        assertClose(
                (38 * first.kl().value() + 49 * last.kl().value()) / 87,
                all.kl().value(),
                1e-12);
        assertClose(
                (38 * first.sameTop().value() + 49 * last.sameTop().value()) / 87,
                all.sameTop().value(),
                1e-12);
    }

    @Test
    void anotherVocabularyIsRefused() {
        RandomModel.write(RandomModel.config(24, 6, 1, new LayerConfig(4, 2, 20), false), 1, folder.resolve("other"));
        Failure failure = assertThrows(
                Failure.class,
                () -> measure("cpu", golden("gqa"), folder.resolve("other"), new int[16], 16, false, Bounds.USUAL));
        assertTrue(failure.oneLine().contains("the model knows 50 tokens and the reference 256"), failure.oneLine());
    }

    private static Divergence.Result measure(
            String backend, Path reference, Path model, int[] ids, int seqLen, boolean byLayers, Bounds bounds) {
        return measured(
                backend, reference, model, byLayers, bounds, meter -> meter.measure(ids, windows(seqLen), "text"));
    }

    private static Divergence.Result measured(
            String backend,
            Path reference,
            Path model,
            boolean byLayers,
            Bounds bounds,
            Function<DivergenceMeter, Divergence.Result> measuring) {
        try (OpenModel expected = OpenModel.open(reference, Optional.empty(), Backends.open(backend));
                OpenModel given = OpenModel.open(model, Optional.empty(), Backends.open(backend));
                DivergenceMeter meter = new DivergenceMeter(
                        expected, given, MemorySettings.defaults(), 2, Listener.NONE, byLayers, bounds)) {
            return measuring.apply(meter);
        }
    }

    private static Windows windows(int seqLen) {
        return new Windows(Protocol.LLM_PRUNER, seqLen, seqLen, Integer.MAX_VALUE, OptionalInt.empty());
    }

    private static Path golden(String name) {
        return Shared.path("golden/" + name + "/model");
    }

    /** By an independent implementation, {@code [tokens, vocabulary]}. */
    private static double[][] recorded(String model) {
        try (SafetensorsFile forward = SafetensorsFile.open(Shared.path("golden/" + model + "/forward.safetensors"))) {
            return probabilities(Golden.doubles(forward, "logits_seq0_f64"), VOCABULARY);
        }
    }

    /** Of a pass over all tokens at once, in float64, {@code [tokens, vocabulary]}. */
    private static double[][] computed(Path folder, int[] ids) {
        try (OpenModel open = OpenModel.open(folder, Optional.empty(), Backends.open("reference"))) {
            Model model = open.model();
            Packed packed = Packed.of(List.of(ids));
            Transformer.Recording recording = model.transformer().logits(ids.length);
            try (Executor executor = Executor.inference(open.backend(), recording.tape(), model.leaves(Map.of()))) {
                packed.feed(executor, recording);
                executor.forward(packed.sequences());
                return probabilities(
                        executor.read(recording.logits()), model.config().vocab());
            }
        }
    }

    private static double[][] probabilities(double[] logits, int vocabulary) {
        return IntStream.range(0, logits.length / vocabulary)
                .mapToObj(i -> softmax(Arrays.copyOfRange(logits, i * vocabulary, (i + 1) * vocabulary)))
                .toArray(double[][]::new);
    }

    private static double[] softmax(double[] logits) {
        double[] powers = Arrays.stream(logits).map(Math::exp).toArray();
        double sum = Arrays.stream(powers).sum();
        return Arrays.stream(powers).map(power -> power / sum).toArray();
    }

    private static int top(double[] probabilities) {
        return IntStream.range(0, probabilities.length)
                .reduce((a, b) -> probabilities[b] > probabilities[a] ? b : a)
                .orElseThrow();
    }

    private static double perplexity(double[][] probabilities, int[] ids) {
        return Math.exp(-IntStream.range(0, ids.length - 1)
                .mapToDouble(i -> Math.log(probabilities[i][ids[i + 1]]))
                .average()
                .orElseThrow());
    }

    private static double mean(double[] numbers) {
        return Arrays.stream(numbers).average().orElseThrow();
    }

    private static double error(double[] numbers) {
        double mean = mean(numbers);
        double squares = Arrays.stream(numbers).map(x -> Math.pow(x - mean, 2)).sum();
        return Math.sqrt(squares / (numbers.length - 1)) / Math.sqrt(numbers.length);
    }

    /** As numpy's {@code quantile}. */
    private static double between(double[] ascending, double share) {
        double rank = share * (ascending.length - 1);
        int below = (int) Math.floor(rank);
        return ascending[below] * (1 - (rank - below)) + ascending[below + 1] * (rank - below);
    }

    private static void assertClose(double expected, double actual, double tolerance) {
        assertEquals(expected, actual, tolerance * Math.abs(expected));
    }
}
