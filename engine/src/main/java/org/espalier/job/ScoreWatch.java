package org.espalier.job;

import java.util.Optional;
import org.espalier.score.ModelScores.Walking;
import org.espalier.score.ScoringCost;
import org.espalier.tape.Observer;

/** Says what scoring will take before it begins, and shows how far it is. */
final class ScoreWatch implements AutoCloseable {

    private final MemorySettings memory;
    private final Listener listener;
    private final Optional<Shared> shared;
    private Progress progress;

    ScoreWatch(MemorySettings memory, Listener listener) {
        this(memory, listener, Optional.empty());
    }

    /** As above, with those who look at sequences where that is not this process. */
    ScoreWatch(MemorySettings memory, Listener listener, Optional<Shared> shared) {
        this.shared = shared;
        this.memory = memory;
        this.listener = listener;
    }

    /** How to walk a model. */
    Walking walking(OpenModel open) {
        Observer observer = Observer.afterEach(() -> progress.advance(1));
        return new Walking(
                memory.bytes(),
                memory.scratch(),
                open.outgrowsMemory(),
                observer,
                this::begin,
                shared.map(model -> new SharedScores(model, open, listener)));
    }

    private void begin(ScoringCost cost) {
        long spilled = Math.max(0, cost.most() - memory.bytes());
        listener.note("scoring will take about %s of memory".formatted(Machine.size(cost.most() - spilled))
                + (cost.device() == 0 ? "" : ", %s of the GPU's".formatted(Machine.size(cost.device())))
                + (spilled == 0 ? "" : " and %s of disk in %s".formatted(Machine.size(spilled), memory.scratch())));
        if (progress != null) {
            progress.close();
        }
        progress = listener.begin("scoring", "layers", cost.steps());
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.close();
        }
    }
}
