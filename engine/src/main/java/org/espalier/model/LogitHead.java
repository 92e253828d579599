package org.espalier.model;

import java.util.Map;
import org.espalier.backend.HostCopy;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;

/** Makes logits of the states that {@link FinalStates} computes. Keeps its workspace between calls of equal size. */
public final class LogitHead implements AutoCloseable {

    private final Model model;
    private Recording recording;
    private Executor executor;
    private int recorded;

    /** The head of {@code model}, which must stay open. */
    public LogitHead(Model model) {
        this.model = model;
    }

    /**
     * Logits, {@code [rows, V]}.
     *
     * @param states {@code [rows, C]}, at least one row
     */
    public float[] logits(double[] states) {
        record(states.length / model.config().hidden());
        HostCopy.writeDoubles(model.backend(), executor.queue(), states, executor.tensor(recording.finished()));
        executor.forward(null);
        return executor.readFloats(recording.logits());
    }

    private void record(int rows) {
        if (recorded == rows) {
            return;
        }
        close();
        recording = model.transformer().head(rows);
        executor = Executor.inference(model.backend(), recording.tape(), model.leaves(Map.of()));
        recorded = rows;
    }

    @Override
    public void close() {
        if (executor != null) {
            executor.close();
            executor = null;
            recorded = 0;
        }
    }
}
