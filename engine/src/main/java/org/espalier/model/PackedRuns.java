package org.espalier.model;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.Value;

/** Runs a model's passes over packed sequences, and keeps the workspace between runs of equal size. */
final class PackedRuns implements AutoCloseable {

    private final Model model;
    private final IntFunction<Recording> recorder;
    private final Function<Recording, List<Value>> results;
    private Recording recording;
    private Executor executor;
    private int recorded;

    /**
     * @param recorder gives the pass over so many tokens
     * @param results  of a pass that are read, in order
     */
    PackedRuns(Model model, IntFunction<Recording> recorder, Function<Recording, List<Value>> results) {
        this.model = model;
        this.recorder = recorder;
        this.results = results;
    }

    /** The results for these sequences, one after the other. */
    double[] run(List<int[]> sequences) {
        Packed packed = Packed.of(sequences);
        if (packed.tokens() == 0) {
            return new double[0];
        }
        record(packed.tokens());
        packed.feed(executor, recording);
        executor.forward(packed.sequences());
        return joined(results.apply(recording).stream().map(executor::read).toList());
    }

    /** All numbers in one array. */
    static double[] joined(List<double[]> parts) {
        double[] all = new double[parts.stream().mapToInt(part -> part.length).reduce(0, Math::addExact)];
        int at = 0;
        for (double[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    private void record(int tokens) {
        if (recorded == tokens) {
            return;
        }
        close();
        recording = recorder.apply(tokens);
        executor = Executor.inference(model.backend(), recording.tape(), model.leaves(Map.of()));
        recorded = tokens;
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
