package org.espalier.model;

import org.espalier.backend.HostCopy;
import org.espalier.tape.Executor;

/** Makes logits of the states that {@link FinalStates} computes. Keeps its workspace between calls of equal size. */
public final class LogitHead implements AutoCloseable {

    private final Model model;
    private final KeptPass pass;

    /** The head of {@code model}, which must stay open. */
    public LogitHead(Model model) {
        this.model = model;
        this.pass = new KeptPass(model, model.transformer()::head);
    }

    /**
     * Logits, {@code [rows, V]}.
     *
     * @param states {@code [rows, C]}, at least one row
     */
    public float[] logits(double[] states) {
        KeptPass.Ready ready = pass.over(states.length / model.config().hidden());
        Executor executor = ready.executor();
        HostCopy.writeDoubles(
                model.backend(),
                executor.queue(),
                states,
                executor.tensor(ready.recording().finished()));
        executor.forward(null);
        return executor.readFloats(ready.recording().logits());
    }

    @Override
    public void close() {
        pass.close();
    }
}
