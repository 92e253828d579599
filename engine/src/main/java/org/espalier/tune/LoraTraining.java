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
import org.espalier.model.Adapter;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.Scorer;

/**
 * Trains a model back by low-rank adapters beside its projections (Hu et al. 2021); the model's own weights stay as they
 * are, and no gradient of any of them is computed. Same model, samples and settings: same adapter to the bit, at any number
 * of threads.
 */
public final class LoraTraining {

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

        /** What has come of it so far; its adapter is not the listener's to close. */
        Result result();

        /** Writes what {@link LoraTraining#resume} needs besides the adapter into a folder that exists. */
        void writeOptimizer(Path folder) throws IOException;
    }

    /**
     * What came of it.
     *
     * @param adapter       trained; the caller closes it
     * @param losses        of each update, before it was made
     * @param heldOutLosses by the number of updates made; empty if nothing was held out
     * @param tokens        trained on
     * @param seconds       spent on updates, without looks at held-out samples
     * @param recomputed    whether activations were computed again in the backward pass
     */
    public record Result(
            Adapter adapter,
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

        /** Entries of all matrices of the adapter. */
        public long trainableParameters() {
            return adapter.tensors().values().stream()
                    .mapToLong(t -> t.shape().elements())
                    .sum();
        }
    }

    private final Model model;
    private final Optional<Teacher> teacher;
    private final TrainingData data;
    private final LoraSettings settings;
    private final EpochBatches batches;
    private final List<Packed> heldOut;
    private final List<Double> losses = new ArrayList<>();
    private final TreeMap<Integer, Double> heldOutLosses = new TreeMap<>();
    private Listener listener = Listener.NONE;
    private Path begun;
    private long tokens;
    private long nanos;

    /** @param model without an adapter; it stays open and unchanged */
    public LoraTraining(Model model, TrainingData data, LoraSettings settings) {
        this(model, Optional.empty(), data, settings);
    }

    /**
     * As above, where the model learns from the predictions of a teacher, which stays open.
     *
     * @throws Failure if the two know different numbers of tokens
     */
    public LoraTraining(Model model, Optional<Teacher> teacher, TrainingData data, LoraSettings settings) {
        teacher.ifPresent(t -> t.requireFor(model.config(), data));
        data.training().forEach(s -> Scorer.check(model.config(), s.ids()));
        data.heldOut().forEach(s -> Scorer.check(model.config(), s.ids()));
        this.model = model;
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
     * @param folder           with the adapter and the optimiser as they were
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
     * Trains a new adapter, once.
     *
     * @throws Failure if a loss is no longer a number
     */
    public Result train(Listener listener) {
        this.listener = listener;
        try (LoraTrainer trainer = new LoraTrainer(
                model, teacher, settings.lora(), largest(), settings.activationBytes(), settings.seed())) {
            LearningRate rate = LearningRate.linear(settings.learningRate(), settings.warmUp(steps()), steps());
            if (begun == null) {
                evaluate(trainer);
            } else {
                trainer.resume(begun, losses.size());
            }
            while (trainer.steps() < steps()) {
                update(trainer, rate.at(trainer.steps()));
                boolean last = trainer.steps() == steps();
                if (last || trainer.steps() % settings.evaluateEvery(steps()) == 0) {
                    evaluate(trainer);
                }
                if (!last) {
                    listener.reached(halfway(trainer));
                }
            }
            return result(trainer, trainer.take());
        }
    }

    private Result result(LoraTrainer trainer, Adapter adapter) {
        return new Result(adapter, losses, heldOutLosses, tokens, nanos / 1e9, trainer.recomputes());
    }

    private Halfway halfway(LoraTrainer trainer) {
        return new Halfway() {
            @Override
            public Result result() {
                return LoraTraining.this.result(trainer, trainer.adapter());
            }

            @Override
            public void writeOptimizer(Path folder) throws IOException {
                trainer.writeOptimizer(folder);
            }
        };
    }

    private void update(LoraTrainer trainer, double rate) {
        long start = System.nanoTime();
        Trainer.StepResult result = trainer.step(microBatches(trainer.steps()), rate, listener::advanced);
        nanos += System.nanoTime() - start;
        tokens += result.tokens();
        losses.add(result.loss());
        listener.updated(trainer.steps(), steps(), result);
    }

    private void evaluate(LoraTrainer trainer) {
        if (!heldOut.isEmpty()) {
            double loss = trainer.evaluate(heldOut, listener::advanced);
            heldOutLosses.put(trainer.steps(), loss);
            listener.evaluated(trainer.steps(), loss);
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
