package org.espalier.tune;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.espalier.error.Failure;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;

/**
 * Trains a model back: adapters beside its weights, or these themselves. Same model, samples and settings: the same numbers to
 * the bit, at any number of threads.
 */
public final class Tuning {

    /** Told how training goes; losses are means over counted tokens, in nats. */
    public interface Listener {

        /** Hears nothing. */
        Listener NONE = new Listener() {};

        /** Before the first update. */
        default void begins(TrainingMemory memory) {}

        /** After so many more tokens, trained on or held out. */
        default void advanced(int tokens) {}

        /** After an update of so many. */
        default void updated(Update update, int steps) {}

        /** After a look at the held-out samples; step 0 is before training. */
        default void evaluated(Look look) {}

        /** After such a look, if the losses of training fall while those of the last looks rise; told once. */
        default void learnsByHeart() {}

        /** After the update in which memory ran out: since then activations are computed again in the backward pass. */
        default void recomputes(int step) {}

        /** When the last looks brought nothing better and training ends early. */
        default void stopped(int step) {}

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
     * @param history    of updates and looks
     * @param recomputed whether activations were computed again in the backward pass
     */
    public record Result(History history, boolean recomputed) {

        /** Losses of the updates, each before it was made. */
        public List<Double> losses() {
            return history.updates().stream().map(Update::loss).toList();
        }

        /** By the number of updates made; empty if nothing was held out. */
        public SequencedMap<Integer, Double> heldOutLosses() {
            TreeMap<Integer, Double> losses = new TreeMap<>();
            history.looks().forEach(look -> losses.put(look.step(), look.loss()));
            return losses;
        }

        /** Updates made. */
        public int steps() {
            return history.updates().size();
        }

        /** Updates behind what is kept: those to the lowest held-out loss. */
        public int keptStep() {
            return history.best().map(Look::step).orElse(steps());
        }

        /** Trained on. */
        public long tokens() {
            return history.tokens();
        }

        /** Spent on updates, without looks at held-out samples. */
        public double seconds() {
            return history.seconds();
        }

        /** Tokens trained on in a second of updates; looks at held-out samples do not count. */
        public double tokensPerSecond() {
            return tokens() / seconds();
        }

        /** Mean over the last tenth of the updates. */
        public double trainLoss() {
            int tail = Math.max(1, steps() / 10);
            return losses().subList(steps() - tail, steps()).stream()
                    .mapToDouble(l -> l)
                    .average()
                    .orElseThrow();
        }
    }

    private final Trainable learned;
    private final Optional<Teacher> teacher;
    private final TrainingData data;
    private final TuningSettings settings;
    private final TrainingBatches batches;
    private final List<Packed> heldOut;
    private final List<Update> updates = new ArrayList<>();
    private final List<Look> looks = new ArrayList<>();
    private Listener listener = Listener.NONE;
    private Path begun;
    private boolean toldOfHeart;

    /**
     * @param learned what is trained; it stays open
     * @param teacher whose predictions are learned, if there is one; it stays open
     * @throws Failure if a sample does not fit the model, or the teacher does not
     */
    public Tuning(Trainable learned, Optional<Teacher> teacher, TrainingData data, TuningSettings settings) {
        ModelConfig config = learned.model().config();
        data.requireFor(config);
        teacher.ifPresent(t -> t.requireFor(config, data));
        this.learned = learned;
        this.teacher = teacher;
        this.data = data;
        this.settings = settings;
        this.batches = new TrainingBatches(data, settings);
        this.heldOut = HeldOutLoss.pack(data.heldOut());
    }

    /** Updates that will be made. */
    public int steps() {
        return batches.steps();
    }

    /** Tokens that the listener will hear of, trained on and held out. */
    public long totalTokens() {
        int interval = settings.evaluateEvery(steps());
        long more = 1L + Math.ceilDiv(steps(), interval) - looks.size();
        return batches.tokens() - history().tokens() + more * data.heldOutTokens();
    }

    /**
     * Lets {@link #train} go on from where the same training was left, to the same end to the bit. What is learned must be as it
     * was then.
     *
     * @param folder with the optimiser as it was
     * @param so     far
     */
    public void resume(Path folder, History so) {
        begun = folder;
        updates.addAll(so.updates());
        looks.addAll(so.looks());
    }

    /**
     * Trains, once. What is learned is at its end as it was when the held-out loss was lowest, if there is one.
     *
     * @throws Failure if a loss or what is learned is no longer finite
     */
    public Result train(Listener listener) {
        this.listener = listener;
        try (Tuner tuner = new Tuner(learned, teacher, settings, batches.largest());
                BatchLoader following = new BatchLoader(batches, updates.size())) {
            LearningRate rate = settings.rate().of(steps());
            listener.begins(tuner.memory(!heldOut.isEmpty()));
            if (begun == null) {
                evaluate(tuner);
            } else {
                tuner.resume(begun, updates.size(), !looks.isEmpty());
            }
            while (tuner.steps() < steps() && !outOfPatience()) {
                update(tuner, following.next(), rate.at(tuner.steps()));
                boolean last = tuner.steps() == steps();
                if (last || tuner.steps() % settings.evaluateEvery(steps()) == 0) {
                    evaluate(tuner);
                }
                if (!last) {
                    listener.reached(halfway(tuner));
                }
            }
            finish(tuner);
            return result(tuner);
        }
    }

    private History history() {
        return new History(updates, looks);
    }

    private boolean outOfPatience() {
        return settings.patience().isPresent()
                && history().looksSinceBest() >= settings.patience().getAsInt();
    }

    private void finish(Tuner tuner) {
        if (tuner.steps() < steps()) {
            listener.stopped(tuner.steps());
        }
        int best = history().best().map(Look::step).orElse(tuner.steps());
        if (best != tuner.steps()) {
            tuner.restoreBest();
        }
        tuner.requireFinite();
    }

    private Result result(Tuner tuner) {
        return new Result(history(), tuner.recomputes());
    }

    private Halfway halfway(Tuner tuner) {
        return new Halfway() {
            @Override
            public Result result() {
                return Tuning.this.result(tuner);
            }

            @Override
            public void writeOptimizer(Path folder) throws IOException {
                tuner.requireFinite();
                tuner.writeOptimizer(folder);
            }
        };
    }

    private void update(Tuner tuner, List<Packed> microBatches, double rate) {
        long start = System.nanoTime();
        boolean recomputed = tuner.recomputes();
        Trainer.StepResult done = tuner.step(microBatches, rate, listener::advanced);
        if (tuner.recomputes() && !recomputed) {
            listener.recomputes(tuner.steps());
        }
        Update update = new Update(
                tuner.steps(),
                history().tokens() + done.tokens(),
                done.loss(),
                rate,
                done.gradientNorm(),
                (System.nanoTime() - start) / 1e9);
        updates.add(update);
        listener.updated(update, steps());
    }

    private void evaluate(Tuner tuner) {
        if (heldOut.isEmpty()) {
            return;
        }
        Look look = tuner.look(heldOut, listener::advanced);
        looks.add(look);
        listener.evaluated(look);
        if (history().looksSinceBest() == 0) {
            tuner.keepBest();
        } else if (!toldOfHeart && history().learnsByHeart()) {
            toldOfHeart = true;
            listener.learnsByHeart();
        }
    }
}
