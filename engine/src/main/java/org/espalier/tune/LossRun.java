package org.espalier.tune;

import java.util.List;
import java.util.function.IntConsumer;
import org.espalier.backend.Backend;
import org.espalier.model.Packed;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.Gradients;
import org.espalier.tape.Leaves;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.espalier.tape.Value;
import org.espalier.tape.Workspace;

/** Runs recorded losses of batches of any size; the last recording and the memory stay for the next batch. */
final class LossRun implements AutoCloseable {

    private final Backend backend;
    private final Losses losses;
    private final Leaves leaves;
    private final Gradients gradients;
    private Retention retention;
    private final Observer observer;
    private final Workspace workspace;
    private Recording recording;
    private Executor executor;

    LossRun(
            Backend backend,
            Losses losses,
            Leaves leaves,
            Gradients gradients,
            Retention retention,
            Observer observer) {
        this.backend = backend;
        this.losses = losses;
        this.leaves = leaves;
        this.gradients = gradients;
        this.retention = retention;
        this.observer = observer;
        this.workspace = new Workspace(backend);
    }

    /** Runs forwards and returns the sum of the losses; {@code seed} and {@code run} decide what is random. */
    double forward(Packed batch, long seed, long run) {
        if (executor == null || !batch.fits(recording)) {
            closeExecutor();
            recording = losses.record(batch);
            executor = new Executor(backend, recording.tape(), leaves, gradients, retention, observer, workspace);
        }
        losses.feed(executor, recording, batch);
        executor.random(seed, run);
        executor.forward(batch.sequences());
        double sum = 0;
        for (Value part : recording.losses()) {
            for (double loss : executor.read(part)) {
                sum += loss;
            }
        }
        return sum;
    }

    /** Mean loss of all that counts; {@code done} is told the tokens of each batch. For tapes without anything random. */
    double mean(List<Packed> batches, IntConsumer done) {
        double loss = 0;
        long counted = 0;
        for (Packed batch : batches) {
            loss += forward(batch, 0, 0);
            counted += batch.counted();
            done.accept(batch.tokens());
        }
        return loss / counted;
    }

    /** Runs backwards from the last losses, times {@code weight}; see {@link Executor#backward}. */
    void backward(double weight, boolean add) {
        executor.backward(weight, add);
    }

    void finish() {
        executor.finish();
    }

    /** Whether activations are computed again in the backward pass. */
    boolean recomputes() {
        return retention == Retention.RECOMPUTE;
    }

    /**
     * Gives its memory back and computes activations again in the backward pass from now on.
     *
     * @return false if it does so already, or has no backward pass
     */
    boolean recompute() {
        release();
        if (retention != Retention.KEEP) {
            return false;
        }
        retention = Retention.RECOMPUTE;
        return true;
    }

    /**
     * Gives its memory back until it runs again.
     *
     * @return false if it had none
     */
    boolean release() {
        boolean held = executor != null;
        closeExecutor();
        workspace.close();
        return held;
    }

    private void closeExecutor() {
        if (executor != null) {
            executor.close();
            executor = null;
        }
    }

    @Override
    public void close() {
        release();
    }
}
