package org.espalier.model;

import java.util.Map;
import java.util.function.IntFunction;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;

/** A model's pass with its workspace, kept for as long as it is asked for over equally many tokens. */
final class KeptPass implements AutoCloseable {

    private final Model model;
    private final IntFunction<Recording> recorder;
    private Ready ready;
    private int size;

    /** A pass, and what runs it. */
    record Ready(Recording recording, Executor executor) {}

    /** @param recorder gives the pass over so many tokens */
    KeptPass(Model model, IntFunction<Recording> recorder) {
        this.model = model;
        this.recorder = recorder;
    }

    /** The pass over so many tokens; one over another number is closed. */
    Ready over(int tokens) {
        if (ready == null || size != tokens) {
            close();
            Recording recording = recorder.apply(tokens);
            ready = new Ready(recording, Executor.inference(model.backend(), recording.tape(), model.leaves(Map.of())));
            size = tokens;
        }
        return ready;
    }

    @Override
    public void close() {
        if (ready != null) {
            ready.executor.close();
            ready = null;
        }
    }
}
