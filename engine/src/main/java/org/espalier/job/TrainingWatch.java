package org.espalier.job;

import java.util.function.Consumer;
import org.espalier.tune.Look;
import org.espalier.tune.TrainingMemory;
import org.espalier.tune.Tuning;
import org.espalier.tune.Update;

/** Tells a job's listener how a training goes, and what it will take. */
final class TrainingWatch implements Tuning.Listener, AutoCloseable {

    private final Listener listener;
    private final Progress progress;
    private final long weights;
    private final TrainingEstimate estimate = new TrainingEstimate();
    private Consumer<Tuning.Halfway> reached = now -> {};

    private TrainingWatch(Listener listener, Progress progress, long weights) {
        this.listener = listener;
        this.progress = progress;
        this.weights = weights;
    }

    /**
     * A training begins.
     *
     * @param name    of what is being done
     * @param tokens  of all updates and looks
     * @param weights bytes of the model as it was
     */
    static TrainingWatch begin(Listener listener, String name, long tokens, long weights) {
        return new TrainingWatch(listener, listener.begin(name, "tokens", tokens), weights);
    }

    /** The same, which hands over every update that is not the last. */
    TrainingWatch saving(Consumer<Tuning.Halfway> saving) {
        reached = saving;
        return this;
    }

    @Override
    public void begins(TrainingMemory memory) {
        listener.note(TrainingEstimate.of(memory, weights));
    }

    @Override
    public void advanced(int tokens) {
        progress.advance(tokens);
    }

    @Override
    public void updated(Update update, int steps) {
        listener.detail("step %d of %d: loss %.4f, gradient norm %.3f"
                .formatted(update.step(), steps, update.loss(), update.gradientNorm()));
        estimate.after(update, steps).ifPresent(listener::note);
    }

    @Override
    public void evaluated(Look look) {
        listener.detail("held-out loss after %d steps: %.4f".formatted(look.step(), look.loss()));
    }

    @Override
    public void learnsByHeart() {
        listener.note("the held-out loss rises while the training loss falls: the model learns its samples by "
                + "heart; take more samples, fewer epochs, or --patience");
    }

    @Override
    public void recomputes(int step) {
        listener.note(
                "the device is full: from update %d on activations are computed again on the way back".formatted(step));
    }

    @Override
    public void stopped(int step) {
        listener.note("stopped after %d steps: the held-out loss fell no further".formatted(step));
    }

    @Override
    public void reached(Tuning.Halfway now) {
        reached.accept(now);
    }

    @Override
    public void close() {
        progress.close();
    }
}
