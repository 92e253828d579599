package org.espalier.tune;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.espalier.error.Failure;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;
import org.espalier.model.Scorer;

/**
 * Trains a model back: adapters beside its weights, or these themselves. Same model, samples and settings: the same numbers to
 * the bit, at any number of threads.
 */
public final class Tuning {

    /** Told how training goes; losses are means over counted tokens, in nats. */
    public interface Listener {

        /** Hears nothing. */
        Listener NONE = new Listener() {};

        /** After so many more tokens, trained on or held out. */
        default void advanced(int tokens) {}

        /** After an update, counted from 1. */
        default void updated(int step, int steps, Trainer.StepResult result) {}

        /** After a look at the held-out samples; step 0 is before training. */
        default void evaluated(int step, double loss) {}

        /** After an update that is not the last, and the look at held-out samples that may follow it. */
        default void reached(Halfway now) {}
    }

    /** Training between two updates, while a listener is told of it. */
    public interface Halfway {

        /** What has come of it so far. */
        Result result();

        /** Writes what {@link Tuning#resume} needs besides what is learned into a folder that exists. */
        void writeOptimizer(Path folder) throws IOException;
    }

    /**
     * What came of it.
     *
     * @param losses        of each update, before it was made
     * @param heldOutLosses by the number of updates made; empty if nothing was held out
     * @param tokens        trained on
     * @param seconds       spent on updates, without looks at held-out samples
     * @param recomputed    whether activations were computed again in the backward pass
     */
    public record Result(
            List<Double> losses,
            SequencedMap<Integer, Double> heldOutLosses,
            long tokens,
            double seconds,
            boolean recomputed) {

        public Result {
            losses = List.copyOf(losses);
            heldOutLosses = Collections.unmodifiableSequencedMap(new TreeMap<>(heldOutLosses));
        }

        /** Updates made. */
        public int steps() {
            return losses.size();
        }

        /** Tokens trained on in a second of updates; looks at held-out samples do not count. */
        public double tokensPerSecond() {
            return tokens / seconds;
        }

        /** Mean over the last tenth of the updates. */
        public double trainLoss() {
            int tail = Math.max(1, losses.size() / 10);
            return losses.subList(losses.size() - tail, losses.size()).stream()
                    .mapToDouble(l -> l)
                    .average()
                    .orElseThrow();
        }
    }

    private final Learned learned;
    private final Optional<Teacher> teacher;
    private final TrainingData data;
    private final TuningSettings settings;
    private final EpochBatches batches;
    private final List<Packed> heldOut;
    private final List<Double> losses = new ArrayList<>();
    private final TreeMap<Integer, Double> heldOutLosses = new TreeMap<>();
    private Listener listener = Listener.NONE;
    private Path begun;
    private long tokens;
    private long nanos;

    /**
     * @param learned what is trained; it stays open
     * @param teacher whose predictions are learned, if there is one; it stays open
     * @throws Failure if a sample does not fit the model, or the teacher does not
     */
    public Tuning(Learned learned, Optional<Teacher> teacher, TrainingData data, TuningSettings settings) {
        ModelConfig config = learned.model().config();
        data.training().forEach(s -> Scorer.check(config, s.ids()));
        data.heldOut().forEach(s -> Scorer.check(config, s.ids()));
        teacher.ifPresent(t -> t.requireFor(config, data));
        this.learned = learned;
        this.teacher = teacher;
        this.data = data;
        this.settings = settings;
        this.batches = new EpochBatches(data.training(), settings.epochs(), settings.batch(), settings.seed());
        this.heldOut = HeldOutLoss.pack(data.heldOut());
    }

    /** Updates that will be made. */
    public int steps() {
        return batches.steps();
    }

    /** Tokens that the listener will hear of, trained on and held out. */
    public long totalTokens() {
        int interval = settings.evaluateEvery(steps());
        long looks = 1L + Math.ceilDiv(steps(), interval) - heldOutLosses.size();
        return settings.epochs() * data.tokens() - tokens + looks * data.heldOutTokens();
    }

    /**
     * Lets {@link #train} go on from where the same training was left, to the same end to the bit.
     *
     * @param folder           with what is learned and the optimiser as they were
     * @param lossesSoFar      of the updates made
     * @param heldOutLossesSoFar by the number of updates made
     * @param secondsSoFar     spent on updates
     */
    public void resume(
            Path folder,
            List<Double> lossesSoFar,
            SequencedMap<Integer, Double> heldOutLossesSoFar,
            double secondsSoFar) {
        begun = folder;
        losses.addAll(lossesSoFar);
        heldOutLosses.putAll(heldOutLossesSoFar);
        nanos = (long) (secondsSoFar * 1e9);
        for (int step = 0; step < losses.size(); step++) {
            tokens += batches.batch(step).stream().mapToInt(Sample::tokens).sum();
        }
    }

    /**
     * Trains, once.
     *
     * @throws Failure if a loss is no longer a number
     */
    public Result train(Listener listener) {
        this.listener = listener;
        try (Tuner tuner = new Tuner(learned, teacher, settings, largest())) {
            LearningRate rate = settings.rate().of(steps());
            if (begun == null) {
                evaluate(tuner);
            } else {
                tuner.resume(begun, losses.size());
            }
            while (tuner.steps() < steps()) {
                update(tuner, rate.at(tuner.steps()));
                boolean last = tuner.steps() == steps();
                if (last || tuner.steps() % settings.evaluateEvery(steps()) == 0) {
                    evaluate(tuner);
                }
                if (!last) {
                    listener.reached(halfway(tuner));
                }
            }
            return result(tuner);
        }
    }

    private Result result(Tuner tuner) {
        return new Result(losses, heldOutLosses, tokens, nanos / 1e9, tuner.recomputes());
    }

    private Halfway halfway(Tuner tuner) {
        return new Halfway() {
            @Override
            public Result result() {
                return Tuning.this.result(tuner);
            }

            @Override
            public void writeOptimizer(Path folder) throws IOException {
                tuner.writeOptimizer(folder);
            }
        };
    }

    private void update(Tuner tuner, double rate) {
        long start = System.nanoTime();
        Trainer.StepResult result = tuner.step(microBatches(tuner.steps()), rate, listener::advanced);
        nanos += System.nanoTime() - start;
        tokens += result.tokens();
        losses.add(result.loss());
        listener.updated(tuner.steps(), steps(), result);
    }

    private void evaluate(Tuner tuner) {
        if (!heldOut.isEmpty()) {
            double loss = tuner.evaluate(heldOut, listener::advanced);
            heldOutLosses.put(tuner.steps(), loss);
            listener.evaluated(tuner.steps(), loss);
        }
    }

    private List<Packed> microBatches(int step) {
        List<Sample> batch = batches.batch(step);
        List<Packed> parts = new ArrayList<>();
        for (int start = 0; start < batch.size(); start += settings.microBatch()) {
            parts.add(Sample.pack(batch.subList(start, Math.min(batch.size(), start + settings.microBatch()))));
        }
        return parts;
    }

    /** The longest samples together. */
    private Packed largest() {
        return Sample.pack(data.training().stream()
                .sorted(Comparator.comparingInt(s -> -s.tokens()))
                .limit(settings.microBatch())
                .toList());
    }
}
