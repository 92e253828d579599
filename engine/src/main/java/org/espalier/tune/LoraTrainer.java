package org.espalier.tune;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.espalier.backend.Backend;
import org.espalier.format.PeftAdapter;
import org.espalier.model.Adapter;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.Transformer;
import org.espalier.tape.Executor;
import org.espalier.tape.Gradients;
import org.espalier.tape.Leaves;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;

/** Updates fresh adapters beside a model, whose own weights get no gradients. One thread at a time. */
public final class LoraTrainer implements AutoCloseable {

    private final Model model;
    private final Adapter adapter;
    private final Retention retention;
    private final Trainer trainer;
    private boolean handedOver;

    /**
     * @param model           without an adapter; it stays open and unchanged
     * @param largest         a batch as large as any that will come
     * @param activationBytes what activations may take before they are computed again in the backward pass instead of kept
     * @param seed            of the adapters and of dropout
     */
    public LoraTrainer(Model model, LoraConfig lora, Packed largest, long activationBytes, long seed) {
        this(model, Optional.empty(), lora, largest, activationBytes, seed);
    }

    /** As above, where the model learns from the predictions of a teacher, which stays open. */
    public LoraTrainer(
            Model model, Optional<Teacher> teacher, LoraConfig lora, Packed largest, long activationBytes, long seed) {
        this.model = model;
        Backend backend = model.backend();
        Transformer training = new Transformer(model.config(), lora);
        adapter = LoraInitialisation.adapter(backend, model.config(), lora, seed);
        // Not closed: what it holds belongs to the model and to this.
        Model adapted = model.with(adapter);
        Losses losses = losses(teacher, training);
        Leaves leaves = adapted.leaves(Map.of());
        retention = plannedBytes(backend, losses, largest) <= activationBytes ? Retention.KEEP : Retention.RECOMPUTE;
        trainer = new Trainer(
                backend,
                losses,
                losses(teacher, adapted.transformer()),
                teacher.map(t -> t.leaves(leaves)).orElse(leaves),
                adapter.tensors(),
                TrainingSettings.plain(),
                retention,
                Observer.NONE);
        trainer.seed(seed);
    }

    private static Losses losses(Optional<Teacher> teacher, Transformer transformer) {
        return teacher.map(t -> t.losses(transformer))
                .orElse(batch -> transformer.loss(batch.tokens(), batch.counted()));
    }

    private long plannedBytes(Backend backend, Losses losses, Packed batch) {
        return Executor.plannedBytes(
                losses.record(batch).tape(),
                Gradients.planned(p -> adapter.tensors().containsKey(p.name())),
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

    /** The loss of the adapters in use, without dropout; see {@link Trainer#evaluate(List, IntConsumer)}. */
    public double evaluate(List<Packed> batches, IntConsumer done) {
        return trainer.evaluate(batches, done);
    }

    /** Writes what {@link #resume} needs besides the adapter into a folder that exists. */
    void writeOptimizer(Path folder) throws IOException {
        OptimizerFile.writeInto(folder, model.backend(), trainer);
    }

    /**
     * Goes on from where the adapter and the optimiser in a folder were left.
     *
     * @throws org.espalier.error.Failure if they do not fit
     */
    void resume(Path folder, int steps) {
        try (PeftAdapter stored = PeftAdapter.open(folder)) {
            adapter.load(model.backend(), model.config(), stored);
        }
        OptimizerFile.readFrom(folder, model.backend(), trainer);
        trainer.resume(steps);
    }

    /** The adapter as it is now, still updated. */
    Adapter adapter() {
        return adapter;
    }

    /** The adapter as it is now; the caller closes it from now on. */
    public Adapter take() {
        handedOver = true;
        return adapter;
    }

    /** Closes the adapter as well, unless it was taken. */
    @Override
    public void close() {
        trainer.close();
        if (!handedOver) {
            adapter.close();
        }
    }
}
