package org.espalier.bench.gpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.Precision;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.couple.Group.Role;
import org.espalier.cut.Compactor;
import org.espalier.error.Failure;
import org.espalier.format.TensorEntry;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.job.Pruning;
import org.espalier.model.Architectures;
import org.espalier.model.Generator;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.score.ModelScores.Walking;
import org.espalier.tensor.DType;
import org.espalier.tune.LearnedAdapter;
import org.espalier.tune.Sample;
import org.espalier.tune.TrainingData;
import org.espalier.tune.TrainingSettings;
import org.espalier.tune.Tuning;
import org.espalier.tune.TuningSettings;

/**
 * How fast a synthetic model reads, writes, trains adapters, is scored and is cut, all in memory. Each work is done twice and
 * the second time counts, as the first compiles and plans; what fails or has no time left gets a row that says so.
 */
final class SyntheticSpeeds implements AutoCloseable {

    /** Tokens of everything that is measured. */
    record Tokens(int prompt, int written, int sequence, int sequences) {

        /** As papers and data sheets have them. */
        static Tokens usual() {
            return new Tokens(1920, 64, 512, 8);
        }

        /** To see that everything works. */
        static Tokens few() {
            return new Tokens(9, 3, 7, 2);
        }
    }

    private static final int RANK = 8;
    private static final int ALPHA = 16;
    private static final int UPDATES = 2;
    private static final double RATIO = 0.2;
    private static final int ROUND = 32;
    private static final long SEED = 42;
    /** Operations of a token and a parameter: a product and a sum. */
    private static final int FORWARD = 2;
    /** A frozen weight's part of a step: forwards, and the gradient of its input. */
    private static final int ADAPTERS = 4;

    private final SyntheticCheckpoint checkpoint;
    private final Model model;
    private final Tokens tokens;
    private final Optional<Limits> limits;
    private final CheckTable table;
    private final String name;
    /** Of matrices that every token is multiplied by. */
    private final long multiplied;

    /** Puts the model on the device of {@code cuda}, which gets a row; both stay the caller's. */
    SyntheticSpeeds(
            SyntheticCheckpoint checkpoint,
            CudaBackend cuda,
            Precision precision,
            Tokens tokens,
            Optional<Limits> limits,
            CheckTable table) {
        this.checkpoint = checkpoint;
        this.tokens = tokens;
        this.limits = limits;
        this.table = table;
        long parameters = checkpoint.weightBytes() / Short.BYTES;
        this.name = "synthetic %.1fB in %s: ".formatted(parameters / 1e9, precision);
        this.multiplied = parameters
                - (long) checkpoint.model().vocab() * checkpoint.model().hidden();
        long start = System.nanoTime();
        this.model = Model.open(checkpoint, cuda);
        model.parameter(checkpoint.tensors().lastEntry().getKey());
        double seconds = seconds(start);
        table.add("model", name + "weights", "on the device", seconds, checkpoint.weightBytes(), 0, copy(), 1);
    }

    /** Everything that there is time for, the most telling first. */
    void run(Deadline deadline) {
        step("writing " + tokens.written, deadline, this::writing);
        step("reading " + tokens.prompt, deadline, this::reading);
        step("LoRA of rank " + RANK + ", " + tokens.sequences + " x " + tokens.sequence, deadline, this::training);
        step("scoring and cutting " + Math.round(100 * RATIO) + " %", deadline, this::pruning);
    }

    private void step(String what, Deadline deadline, Runnable work) {
        if (deadline.over()) {
            table.add("model", name + what, "not run: no time");
            return;
        }
        try {
            work.run();
        } catch (Failure e) {
            table.fail("model", name + what, e.oneLine());
        } catch (RuntimeException e) {
            table.fail("model", name + what, e.toString());
        }
    }

    private void writing() {
        try (Generator generator = new Generator(model, tokens.prompt + tokens.written)) {
            generator.next(ids(tokens.prompt));
            double seconds = second(() -> {
                generator.rewind(tokens.prompt);
                long start = System.nanoTime();
                for (int id : ids(tokens.written)) {
                    generator.next(id);
                }
                return seconds(start);
            });
            long bytes = DType.BF16.bytes(multiplied) * tokens.written;
            row("writing " + tokens.written + " after " + tokens.prompt, tokens.written, seconds, bytes, 0);
        }
    }

    private void reading() {
        try (Generator generator = new Generator(model, tokens.prompt)) {
            int[] ids = ids(tokens.prompt);
            double seconds = second(() -> {
                generator.rewind(0);
                long start = System.nanoTime();
                generator.next(ids);
                return seconds(start);
            });
            row("reading " + tokens.prompt, tokens.prompt, seconds, 0, FORWARD * multiplied * tokens.prompt);
        }
    }

    private void training() {
        List<Sample> samples = sequences().map(ids -> new Sample(ids, ids)).toList();
        LoraConfig lora =
                new LoraConfig(RANK, ALPHA, Architectures.of(model.config()).adapterTargets());
        TuningSettings settings = new TuningSettings(
                UPDATES,
                tokens.sequences,
                tokens.sequences,
                new TuningSettings.Rate(1e-4, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                TrainingSettings.plain(),
                OptionalInt.of(UPDATES),
                OptionalInt.empty(),
                Long.MAX_VALUE,
                SEED);
        TrainingData data = TrainingData.of(samples, samples.subList(0, 1));
        try (LearnedAdapter adapter = new LearnedAdapter(model, lora, SEED)) {
            Tuning.Result result = new Tuning(adapter, Optional.empty(), data, settings).train(Tuning.Listener.NONE);
            row(
                    "LoRA of rank " + RANK + (result.recomputed() ? ", recomputed" : ""),
                    result.tokens(),
                    result.seconds(),
                    0,
                    ADAPTERS * multiplied * result.tokens());
        }
    }

    private void pruning() {
        Method method =
                new Method(Criterion.PARAM_FIRST, Criterion.PARAM_FIRST.defaultAggregate(), Alignment.BY_UNIT, SEED);
        Budget budget = new Budget(
                new Budget.Amount(RATIO, false, ROUND, 1),
                Scope.LOCAL,
                Normalise.NONE,
                Candidates.anywhere(List.of(Role.HEADS, Role.NEURONS), List.of(), BlockCriterion.POSITION));
        long start = System.nanoTime();
        Pruning.Result planned = new Pruning(checkpoint, model, Walking.inMemory(), scratch())
                .plan(method, budget, Optional.of(new Calibration(sequences().toList())));
        long read = (long) tokens.sequences * tokens.sequence;
        row("scoring heads and neurons", read, seconds(start), 0, 0);
        start = System.nanoTime();
        long written = 0;
        for (TensorEntry entry : new Compactor(checkpoint, model.config(), planned.selection(), Optional.empty())
                .content()
                .tensors()) {
            written += bytes(entry);
        }
        double seconds = seconds(start);
        table.add("model", name + "cutting to nowhere", "%.2f s".formatted(seconds), seconds, written, 0, copy(), 1);
    }

    private static Path scratch() {
        return Path.of(System.getProperty("java.io.tmpdir"), "gpu-check-steps");
    }

    private static long bytes(TensorEntry entry) {
        long[] bytes = new long[1];
        try {
            entry.content().writeTo(piece -> bytes[0] += piece.byteSize());
        } catch (IOException e) {
            throw new UncheckedIOException(entry.name(), e);
        }
        return bytes[0];
    }

    private static double second(DoubleSupplier work) {
        return DoubleStream.generate(work).limit(2).reduce(0, (first, second) -> second);
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private void row(String what, long count, double seconds, long bytes, long flops) {
        double peak = limits.map(l -> l.peak(DType.BF16)).orElse(Double.POSITIVE_INFINITY);
        String speed = "%.1f tokens/s".formatted(count / seconds);
        table.add("model", name + what, speed, seconds, bytes, flops, copy(), peak);
    }

    private double copy() {
        return limits.map(Limits::copy).orElse(Double.POSITIVE_INFINITY);
    }

    private int[] ids(int count) {
        return new Random(SEED).ints(count, 0, model.config().vocab()).toArray();
    }

    private Stream<int[]> sequences() {
        Random random = new Random(SEED);
        return IntStream.range(0, tokens.sequences)
                .mapToObj(s ->
                        random.ints(tokens.sequence, 0, model.config().vocab()).toArray());
    }

    @Override
    public void close() {
        model.close();
    }
}
