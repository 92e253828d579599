package org.espalier.job;

import org.espalier.eval.Perplexity;
import org.espalier.eval.Windows;
import org.espalier.model.LayerwiseScorer;
import org.espalier.model.Scorer;
import org.espalier.tape.Observer;

/**
 * Measures the perplexity of texts and shows how far that is. A model that memory, or a GPU's, does not hold with ease is gone
 * through layer by layer, with as many windows at once as wait well.
 */
final class PerplexityMeter implements AutoCloseable {

    private final OpenModel open;
    private final MemorySettings memory;
    private final Listener listener;
    private final boolean byLayers;
    private final Scorer scorer;

    /** A meter of an open model. */
    PerplexityMeter(OpenModel open, MemorySettings memory, Listener listener) {
        this(
                open,
                memory,
                listener,
                open.outgrowsMemory() || !open.model().weights().resident());
    }

    PerplexityMeter(OpenModel open, MemorySettings memory, Listener listener, boolean byLayers) {
        this.open = open;
        this.memory = memory;
        this.listener = listener;
        this.byLayers = byLayers;
        this.scorer = new Scorer(open.model());
    }

    /**
     * Measures one text.
     *
     * @param ids  of all of it
     * @param name for messages
     */
    Perplexity.Result measure(int[] ids, Windows windows, String name) {
        int count = Perplexity.count(ids, windows, name);
        return byLayers ? byLayers(ids, windows, count, name) : byWindows(ids, windows, count, name);
    }

    private Perplexity.Result byWindows(int[] ids, Windows windows, int count, String name) {
        try (Progress progress = listener.begin(name, "windows", count)) {
            return Perplexity.measure(ids, windows, scorer::losses, name, progress::advance);
        }
    }

    private Perplexity.Result byLayers(int[] ids, Windows windows, int count, String name) {
        int atOnce = Math.max(1, LayerwiseScorer.TOKENS / windows.seqLen());
        long steps = (long) Math.ceilDiv(count, atOnce) * LayerwiseScorer.steps(open.model());
        try (Progress progress = listener.begin(name, "layers", steps)) {
            LayerwiseScorer layers = new LayerwiseScorer(
                    open.model(), memory.bytes(), memory.scratch(), Observer.afterEach(() -> progress.advance(1)));
            return Perplexity.measure(ids, windows, layers::losses, atOnce, name, done -> {});
        }
    }

    @Override
    public void close() {
        scorer.close();
    }
}
