package org.espalier.model;

import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Value;

/** Runs a model's passes over packed sequences, and keeps the workspace between runs of equal size. */
final class PackedRuns implements AutoCloseable {

    private final KeptPass pass;
    private final ModelConfig config;
    private final Function<Recording, List<Value>> results;

    /**
     * @param recorder gives the pass over so many tokens
     * @param results  of a pass that are read, in order
     */
    PackedRuns(Model model, IntFunction<Recording> recorder, Function<Recording, List<Value>> results) {
        this.pass = new KeptPass(model, recorder);
        this.config = model.config();
        this.results = results;
    }

    /** The results for these sequences, one after the other. */
    double[] run(List<int[]> sequences) {
        Packed packed = Packed.of(sequences).readBy(config);
        if (packed.tokens() == 0) {
            return new double[0];
        }
        KeptPass.Ready ready = pass.over(packed.tokens());
        packed.feed(ready.executor(), ready.recording());
        ready.executor().forward(packed.sequences());
        return joined(results.apply(ready.recording()).stream()
                .map(ready.executor()::read)
                .toList());
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

    @Override
    public void close() {
        pass.close();
    }
}
