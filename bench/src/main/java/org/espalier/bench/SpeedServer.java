package org.espalier.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.backend.Precision;
import org.espalier.backend.Sampling;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.model.DrawnTexts;
import org.espalier.model.Generator;
import org.espalier.model.Model;
import org.espalier.tensor.DType;

/**
 * Times one repetition of a test for each line of stdin that names one, and answers with a line of JSON. So a driver can take
 * turns with another program that does the same. Arguments: model, threads, precision.
 *
 * <p>{@code pp512} reads 512 tokens, {@code tg128} writes 128, {@code tg128x32} writes as many of 32 texts at once; {@code lora4x128}
 * and {@code taught-full4x128} are updates, {@code score10x64} and {@code prune10x64} what their names say. {@code product-f32},
 * {@code product-bf16} and {@code read} are what the processor can do at most, in operations and bytes a second.
 */
public final class SpeedServer implements AutoCloseable {

    private static final Pattern TEST = Pattern.compile("(pp|tg)([1-9][0-9]{0,6})");
    private static final Pattern SCORE = Pattern.compile("(score|prune)([1-9][0-9]{0,4})x([1-9][0-9]{0,4})");
    private static final Pattern TOGETHER = Pattern.compile("tg([1-9][0-9]{0,6})x([1-9][0-9]{0,2})");
    private static final int STRIDE = 7919;

    private final Checkpoint checkpoint;
    private final Model model;
    private final int threads;
    private final Precision precision;
    private final Map<String, Generator> generators = new HashMap<>();
    private final Map<String, UpdateSpeed> trainings = new HashMap<>();

    private SpeedServer(Checkpoint checkpoint, Model model, int threads, Precision precision) {
        this.checkpoint = checkpoint;
        this.model = model;
        this.threads = threads;
        this.precision = precision;
    }

    /** Serves until stdin ends. */
    public static void main(String[] args) throws IOException {
        if (args.length != 3) {
            System.err.println("usage: SpeedServer MODEL THREADS PRECISION");
            System.exit(2);
        }
        ObjectMapper json = new ObjectMapper();
        int threads = Integer.parseInt(args[1]);
        Precision precision = Precision.valueOf(args[2].toUpperCase(Locale.ROOT));
        try (Backend backend = new CpuBackend(threads, precision);
                Checkpoint checkpoint = Checkpoints.open(Path.of(args[0]));
                Model model = Model.open(checkpoint, backend);
                SpeedServer server = new SpeedServer(checkpoint, model, threads, precision)) {
            System.out.println(json.writeValueAsString(Map.of("ready", true, "peer", "espalier")));
            BufferedReader tests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String test = tests.readLine(); test != null; test = tests.readLine()) {
                System.out.println(json.writeValueAsString(server.sample(test.strip())));
            }
        }
    }

    /** Seconds and tokens a second of one repetition. */
    private Map<String, Object> sample(String test) {
        Matcher score = SCORE.matcher(test);
        if (score.matches()) {
            int sequences = Integer.parseInt(score.group(2));
            int length = Integer.parseInt(score.group(3));
            return score.group(1).equals("prune") ? prune(test, sequences, length) : score(test, sequences, length);
        }
        Matcher together = TOGETHER.matcher(test);
        if (together.matches()) {
            return writeTogether(test, Integer.parseInt(together.group(1)), Integer.parseInt(together.group(2)));
        }
        return switch (test) {
            case "product-f32" -> peak(test, Peaks.product(threads, precision, DType.F32));
            case "product-bf16" -> peak(test, Peaks.product(threads, precision, DType.BF16));
            case "read" -> peak(test, Peaks.read(threads));
            default -> UpdateSpeed.knows(test) ? update(test) : pass(test);
        };
    }

    private static Map<String, Object> peak(String test, double perSecond) {
        return Map.of("test", test, "per_second", perSecond);
    }

    private Map<String, Object> update(String test) {
        UpdateSpeed training = trainings.computeIfAbsent(test, t -> new UpdateSpeed(model, test, this::ids));
        long start = System.nanoTime();
        double loss = training.update();
        double seconds = (System.nanoTime() - start) / 1e9;
        return Map.of("test", test, "seconds", seconds, "tokens_per_second", training.tokens() / seconds, "loss", loss);
    }

    private Map<String, Object> score(String test, int sequences, int length) {
        ScoreSpeed scoring = new ScoreSpeed(model, sequences, length, ids(sequences * length));
        long start = System.nanoTime();
        double last = scoring.score();
        double seconds = (System.nanoTime() - start) / 1e9;
        return Map.of(
                "test", test, "seconds", seconds, "tokens_per_second", sequences * length / seconds, "last", last);
    }

    private Map<String, Object> prune(String test, int sequences, int length) {
        PruneSpeed pruning = new PruneSpeed(checkpoint, model, sequences, length, ids(sequences * length));
        long start = System.nanoTime();
        long left = pruning.prune();
        double seconds = (System.nanoTime() - start) / 1e9;
        return Map.of(
                "test", test, "seconds", seconds, "tokens_per_second", sequences * length / seconds, "last", left);
    }

    /** Reading or writing, from an empty cache. */
    private Map<String, Object> pass(String test) {
        Matcher parts = TEST.matcher(test);
        if (!parts.matches()) {
            throw new IllegalArgumentException("no such test: " + test);
        }
        int tokens = Integer.parseInt(parts.group(2));
        Generator generator = generators.computeIfAbsent(test, t -> new Generator(model, tokens));
        generator.rewind(0);
        long start = System.nanoTime();
        int token = parts.group(1).equals("pp") ? generator.next(ids(tokens)) : write(generator, tokens);
        double seconds = (System.nanoTime() - start) / 1e9;
        return Map.of("test", test, "seconds", seconds, "tokens_per_second", tokens / seconds, "last", token);
    }

    /** Draws several texts at once, each after a token of its own; tokens of all of them count. */
    private Map<String, Object> writeTogether(String test, int tokens, int texts) {
        List<int[]> beginnings = cut(ids(texts), texts, 1);
        DrawnTexts drawn = new DrawnTexts(model, Set.of(), new Sampling(1, 0, 1, 42), logits -> {});
        int[] last = new int[1];
        long start = System.nanoTime();
        drawn.write(beginnings, tokens, progress -> {}, text -> last[0] = text[tokens]);
        double seconds = (System.nanoTime() - start) / 1e9;
        return Map.of("test", test, "seconds", seconds, "tokens_per_second", texts * tokens / seconds, "last", last[0]);
    }

    private int write(Generator generator, int tokens) {
        int token = ids(1)[0];
        for (int i = 0; i < tokens; i++) {
            token = generator.next(token);
        }
        return token;
    }

    private int[] ids(int count) {
        return ids(count, model.config().vocab());
    }

    /** The ids that the peers use too: the multiples of a prime within the vocabulary. */
    static int[] ids(int count, int vocabulary) {
        return IntStream.rangeClosed(1, count)
                .map(i -> (int) ((long) STRIDE * i % vocabulary))
                .toArray();
    }

    /** Sequences of one length out of ids that lie end to end. */
    static List<int[]> cut(int[] ids, int sequences, int length) {
        return IntStream.range(0, sequences)
                .mapToObj(s -> Arrays.copyOfRange(ids, s * length, (s + 1) * length))
                .toList();
    }

    @Override
    public void close() {
        generators.values().forEach(Generator::close);
        trainings.values().forEach(UpdateSpeed::close);
    }
}
