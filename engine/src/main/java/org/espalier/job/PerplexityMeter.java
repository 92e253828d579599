package org.espalier.job;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
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
    private final Optional<Shared> shared;

    /** A meter of an open model. */
    PerplexityMeter(OpenModel open, MemorySettings memory, Listener listener) {
        this(open, memory, listener, Optional.empty());
    }

    /** As above, with those who compute it where that is not this process. */
    PerplexityMeter(OpenModel open, MemorySettings memory, Listener listener, Optional<Shared> shared) {
        this(
                open,
                memory,
                listener,
                open.outgrowsMemory() || !open.model().weights().resident(),
                shared);
    }

    PerplexityMeter(OpenModel open, MemorySettings memory, Listener listener, boolean byLayers) {
        this(open, memory, listener, byLayers, Optional.empty());
    }

    private PerplexityMeter(
            OpenModel open, MemorySettings memory, Listener listener, boolean byLayers, Optional<Shared> shared) {
        this.shared = shared;
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
        if (shared.isPresent()) {
            return byWorkers(ids, windows, count, name);
        }
        return byLayers ? byLayers(ids, windows, count, name) : byWindows(ids, windows, count, name);
    }

    private Perplexity.Result byWindows(int[] ids, Windows windows, int count, String name) {
        try (Progress progress = listener.begin(name, "windows", count)) {
            return Perplexity.measure(ids, windows, scorer::losses, name, progress::advance);
        }
    }

    /** In the batches of the two below, on which rounding depends. */
    private Perplexity.Result byWorkers(int[] ids, Windows windows, int count, String name) {
        int atOnce = byLayers ? atOnce(windows) : Perplexity.batch(windows);
        Deque<double[][]> losses = new ArrayDeque<>();
        try (Progress progress = listener.begin(name, "windows", count)) {
            shared.get()
                    .compute(
                            "perplexity",
                            place -> new LossWork(place, byLayers),
                            Perplexity.batches(ids, windows, atOnce, name),
                            batch -> {
                                losses.add(batch);
                                progress.advance(batch.length);
                            });
        }
        return Perplexity.measure(ids, windows, batch -> losses.remove(), atOnce, name, done -> {});
    }

    private static int atOnce(Windows windows) {
        return Math.max(1, LayerwiseScorer.TOKENS / windows.seqLen());
    }

    private Perplexity.Result byLayers(int[] ids, Windows windows, int count, String name) {
        int atOnce = atOnce(windows);
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
