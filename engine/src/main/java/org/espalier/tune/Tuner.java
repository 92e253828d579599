package org.espalier.tune;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.espalier.backend.Backend;
import org.espalier.model.Packed;
import org.espalier.model.Transformer;
import org.espalier.tape.Executor;
import org.espalier.tape.Gradients;
import org.espalier.tape.Leaves;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;

/** Updates what is learned of a model, update by update. One thread at a time. */
public final class Tuner implements AutoCloseable {

    private final Learned learned;
    private final Retention retention;
    private final Trainer trainer;

    /**
     * @param learned  what is updated; it stays open
     * @param teacher  whose predictions are learned, if there is one; it stays open
     * @param settings of the updates
     * @param largest  a batch as large as any that will come
     */
    public Tuner(Learned learned, Optional<Teacher> teacher, TuningSettings settings, Packed largest) {
        this.learned = learned;
        Backend backend = learned.model().backend();
        Losses losses = losses(teacher, learned.trained());
        Leaves leaves = learned.leaves();
        retention = plannedBytes(backend, losses, largest) <= settings.activationBytes()
                ? Retention.KEEP
                : Retention.RECOMPUTE;
        trainer = new Trainer(
                backend,
                losses,
                losses(teacher, learned.used()),
                teacher.map(t -> t.leaves(leaves)).orElse(leaves),
                learned.tensors(),
                settings.optimizer(),
                retention,
                Observer.NONE);
        trainer.seed(settings.seed());
    }

    private static Losses losses(Optional<Teacher> teacher, Transformer transformer) {
        return teacher.map(t -> t.losses(transformer))
                .orElse(batch -> transformer.loss(batch.tokens(), batch.counted()));
    }

    private long plannedBytes(Backend backend, Losses losses, Packed batch) {
        return Executor.plannedBytes(
                losses.record(batch).tape(),
                Gradients.planned(p -> learned.tensors().containsKey(p.name())),
                Retention.KEEP,
                backend.computeType());
    }

    /** Whether activations are computed again in the backward pass. */
    public boolean recomputes() {
        return retention == Retention.RECOMPUTE;
    }

    /** Updates made so far. */
    public int steps() {
        return trainer.steps();
    }

    /** See {@link Trainer#step(List, double, IntConsumer)}. */
    public Trainer.StepResult step(List<Packed> microBatches, double learningRate, IntConsumer done) {
        return trainer.step(microBatches, learningRate, done);
    }

    /** The loss of what is learned in use, without dropout; see {@link Trainer#evaluate(List, IntConsumer)}. */
    public double evaluate(List<Packed> batches, IntConsumer done) {
        return trainer.evaluate(batches, done);
    }

    /** Writes what {@link #resume} needs besides what is learned into a folder that exists. */
    void writeOptimizer(Path folder) throws IOException {
        OptimizerFile.writeInto(folder, learned.model().backend(), trainer);
    }

    /**
     * Goes on from where both were left in a folder.
     *
     * @throws org.espalier.error.Failure if they do not fit
     */
    void resume(Path folder, int steps) {
        learned.load(folder);
        OptimizerFile.readFrom(folder, learned.model().backend(), trainer);
        trainer.resume(steps);
    }

    @Override
    public void close() {
        trainer.close();
    }
}
