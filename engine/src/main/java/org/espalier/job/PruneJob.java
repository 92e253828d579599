package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.espalier.importance.Calibration;
import org.espalier.plan.Plan;

/** Makes a model smaller: scores its units, chooses those that go, writes what is left with its plan and its scores. */
public final class PruneJob {

    /**
     * What came of it.
     *
     * @param before parameters of the model
     * @param after  parameters that are left, with what makes up for what is gone
     * @param kept   what was kept, and why
     * @param plan   file that says so
     * @param opens  what opens the result
     * @param use    of the machine
     */
    public record Result(long before, long after, Plan kept, Path plan, Openers opens, ResourceUse use) {

        /** The share of all parameters that was removed. */
        public double ratio() {
            return 1 - (double) after / before;
        }
    }

    private final Engine engine;
    private final PruneSettings settings;

    /** Scores on the devices of {@code engine}, and prunes as {@code settings} say. */
    public PruneJob(Engine engine, PruneSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Prunes.
     *
     * @param model a checkpoint folder or a GGUF file; it stays as it is
     * @param out   folder for what is left
     * @throws org.espalier.error.Failure if nothing may go, or not as much as asked for, or there is not enough memory
     */
    public Result run(Path model, Destination out) {
        settings.requireSound();
        out.requireFree(model);
        long start = System.nanoTime();
        Optional<Calibration> calibration = settings.importance().sequences(model);
        try (MemoryWatch watch = new MemoryWatch();
                OpenModel open = engine.open(model)) {
            Pruner pruner = new Pruner(settings, engine, Shared.of(engine, ModelPlace.of(model, Optional.empty())));
            AtomicReference<Pruner.Pruned> pruned = new AtomicReference<>();
            out.writeFolder(folder -> pruned.set(pruner.writeInto(folder, open, calibration)));
            Plan plan = pruned.get().result().plan();
            return new Result(
                    plan.parameters().before(),
                    pruned.get().left().parameters(),
                    plan,
                    out.path().resolve(Compaction.PLAN),
                    Openers.of(pruned.get().left().config()),
                    ResourceUse.since(start, watch, open));
        }
    }
}
