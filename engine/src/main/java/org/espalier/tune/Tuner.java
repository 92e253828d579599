package org.espalier.tune;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;
import org.espalier.backend.Backend;
import org.espalier.error.Failure;
import org.espalier.model.Packed;
import org.espalier.model.Transformer;
import org.espalier.tape.Executor;
import org.espalier.tape.Gradients;
import org.espalier.tape.Leaves;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.espalier.tensor.Tensor;

/** Updates what is learned of a model, update by update. One thread at a time. */
public final class Tuner implements AutoCloseable {

    private final Trainable learned;
    private final ActivationMemory activations;
    private final Optional<Teacher> teacher;
    private final Trainer trainer;
    private final BestState best;

    /**
     * @param learned  what is updated; it stays open
     * @param teacher  whose predictions are learned, if there is one; it stays open
     * @param settings of the updates
     * @param largest  a batch as large as any that will come
     */
    public Tuner(Trainable learned, Optional<Teacher> teacher, TuningSettings settings, Packed largest) {
        this.learned = learned;
        this.teacher = teacher;
        Backend backend = learned.model().backend();
        Losses losses = learned.training(losses(teacher, learned.trained()));
        Leaves leaves = learned.leaves();
        activations = ActivationMemory.of(
                learned, settings.activationBytes(), retention -> plannedBytes(backend, losses, largest, retention));
        trainer = new Trainer(
                backend,
                losses,
                learned.measured(losses(teacher, learned.used())),
                teacher.map(t -> t.leaves(leaves)).orElse(leaves),
                learned.tensors(),
                settings.optimizer(),
                activations.retention(),
                Observer.NONE);
        trainer.seed(settings.seed());
        best = new BestState(backend, learned.tensors());
    }

    private static Losses losses(Optional<Teacher> teacher, Transformer transformer) {
        return teacher.map(t -> t.losses(transformer))
                .orElse(batch -> transformer.loss(batch.tokens(), batch.counted()));
    }

    private long plannedBytes(Backend backend, Losses losses, Packed batch, Retention kept) {
        return Executor.plannedBytes(
                losses.record(batch).tape(),
                kept == Retention.INFERENCE
                        ? Gradients.NONE
                        : Gradients.planned(p -> learned.tensors().containsKey(p.name())),
                kept,
                backend.computeType());
    }

    /** Whether activations are computed again in the backward pass, from the first update on or since memory ran out. */
    public boolean recomputes() {
        return trainer.recomputes();
    }

    /** What it holds at once; {@code looks} says whether samples are held out. */
    TrainingMemory memory(boolean looks) {
        long bytes =
                learned.tensors().values().stream().mapToLong(Tensor::bytes).sum();
        return new TrainingMemory(bytes, bytes, 2 * bytes, looks ? bytes : 0, activations.bytes(), recomputes());
    }

    /** Updates made so far. */
    public int steps() {
        return trainer.steps();
    }

    /** See {@link Trainer#step(List, double, IntConsumer)}. */
    public Trainer.StepResult step(List<Packed> microBatches, double learningRate, IntConsumer done) {
        Trainer.StepResult result = trainer.step(read(microBatches), learningRate, done);
        learned.settle();
        return result;
    }

    /** The loss of what is learned in use, without dropout; see {@link Trainer#evaluate(List, IntConsumer)}. */
    public double evaluate(List<Packed> batches, IntConsumer done) {
        return trainer.evaluate(read(batches), done);
    }

    /** Batches as the model reads them. */
    private List<Packed> read(List<Packed> batches) {
        return batches.stream()
                .map(batch -> batch.readBy(learned.model().config()))
                .toList();
    }

    /**
     * What the held-out samples say of what is learned, without dropout.
     *
     * @param done is told the tokens of each batch that was computed
     * @throws Failure if the loss is not finite
     */
    Look look(List<Packed> batches, IntConsumer done) {
        double loss = evaluate(batches, done);
        if (!Double.isFinite(loss)) {
            trainer.requireFinite();
            throw new Failure(
                    "the held-out loss is " + loss,
                    "after training step " + steps(),
                    "lower the learning rate, or look for damaged data or weights");
        }
        return teacher.map(t -> look(t, batches, loss)).orElseGet(() -> new Look(steps(), loss));
    }

    /** With a teacher the loss is a mixture: a pass without it tells the parts. */
    private Look look(Teacher mixed, List<Packed> batches, double loss) {
        try (LossRun texts = new LossRun(
                learned.model().backend(),
                learned.measured(losses(Optional.empty(), learned.used())),
                learned.leaves(),
                Gradients.NONE,
                Retention.INFERENCE,
                Observer.NONE)) {
            double crossEntropy = texts.mean(read(batches), _ -> {});
            return new Look(steps(), loss, mixed.divergence(loss, crossEntropy), OptionalDouble.of(crossEntropy));
        }
    }

    /** Keeps what is learned as the best so far. */
    void keepBest() {
        best.keep();
    }

    /** Goes back to the best that was kept. */
    void restoreBest() {
        best.restore();
        learned.settle();
    }

    /** See {@link Trainer#requireFinite}. */
    void requireFinite() {
        trainer.requireFinite();
    }

    /** Writes what {@link #resume} needs besides what is learned into a folder that exists. */
    void writeOptimizer(Path folder) throws IOException {
        OptimizerFile.writeInto(folder, learned.model().backend(), trainer, best);
    }

    /**
     * Goes on from where the optimiser was left in a folder, with what is learned as it was then.
     *
     * @param hasBest whether there was a best state
     * @throws Failure if they do not fit
     */
    void resume(Path folder, int steps, boolean hasBest) {
        OptimizerFile.readFrom(folder, learned.model().backend(), trainer, best, hasBest);
        trainer.resume(steps);
    }

    @Override
    public void close() {
        best.close();
        trainer.close();
    }
}
