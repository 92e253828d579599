package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import org.espalier.plan.LatencyTable;
import org.espalier.plan.PlanFile;
import org.espalier.plan.Rounding;

/** Measures what narrower branches of a model save of the time that it takes, and writes it as a table that plans are made by. */
public final class LatencyJob {

    /**
     * What was measured.
     *
     * @param table  that was written
     * @param sha256 of its file
     */
    public record Result(LatencyTable table, String sha256) {}

    private final Engine engine;
    private final LatencySettings settings;

    /** Measures the devices of {@code engine}, as {@code settings} say. */
    public LatencyJob(Engine engine, LatencySettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Measures.
     *
     * @param model a checkpoint folder or a GGUF file
     * @param out   file for the table; narrow models are written beside it, one at a time
     * @throws org.espalier.error.Failure if the model's context does not hold the tokens, or nothing of it may be narrowed
     */
    public Result run(Path model, Destination out) {
        settings.requireSound();
        out.requireFree(model);
        try (OpenModel open = engine.open(model)) {
            Path scratch = out.path().resolveSibling("." + out.path().getFileName() + ".models");
            LatencyTable table =
                    new LatencyMeter(engine, settings, Optional.empty()).measure(open, Rounding.usual(), scratch);
            PlanFile.write(table, out.path(), out.replace());
            return new Result(table, PlanFile.sha256(table));
        }
    }
}
