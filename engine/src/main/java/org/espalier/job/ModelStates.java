package org.espalier.job;

import java.util.List;
import org.espalier.model.FinalStates;
import org.espalier.model.LayerwiseScorer;
import org.espalier.model.LogitHead;
import org.espalier.tape.Observer;

/** What an open model computes of texts: the states before its head, as a whole or layer by layer, and logits of them. */
final class ModelStates implements AutoCloseable {

    private final OpenModel open;
    private final boolean byLayers;
    private final MemorySettings memory;
    private final FinalStates whole;
    private final LogitHead head;

    ModelStates(OpenModel open, boolean byLayers, MemorySettings memory) {
        this.open = open;
        this.byLayers = byLayers;
        this.memory = memory;
        this.whole = new FinalStates(open.model());
        this.head = new LogitHead(open.model());
    }

    /** States of each sequence, {@code [tokens, C]}; {@code step} runs after each of {@link #steps}. */
    double[][] states(List<int[]> sequences, Runnable step) {
        if (byLayers) {
            // Weights that come and go are not where the head found them once others are read.
            head.close();
            return new LayerwiseScorer(open.model(), memory.bytes(), memory.scratch(), Observer.afterEach(step))
                    .states(sequences);
        }
        double[][] states = whole.of(sequences);
        step.run();
        return states;
    }

    /** What one call of {@link #states} goes through. */
    int steps() {
        return byLayers ? LayerwiseScorer.stateSteps(open.model()) : 1;
    }

    /**
     * Logits, {@code [rows, V]}, of states {@code [rows, C]}.
     *
     * @throws org.espalier.error.Failure if they are not all finite
     */
    float[] logits(double[] states) {
        float[] logits = head.logits(states);
        FiniteLogits.require(logits, open);
        return logits;
    }

    /** Numbers of a state. */
    int width() {
        return open.model().config().hidden();
    }

    /** Numbers of a row of logits. */
    int vocabulary() {
        return open.model().config().vocab();
    }

    @Override
    public void close() {
        whole.close();
        head.close();
    }
}
