package org.espalier.job;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.espalier.report.Comparison;

/**
 * The main job, from a checkpoint to a page: a model is pruned, trained back, and measured before, between and after. The
 * folder gets the pruned model, the adapter, the recovered model (the pruned one with the adapter in it) and the record, as
 * {@code comparison.json}, {@code report.html} and {@code report.md}.
 */
public final class PipelineJob {

    private final Engine engine;
    private final PipelineSettings settings;

    /** Runs on the devices of {@code engine}, as {@code settings} say. */
    public PipelineJob(Engine engine, PipelineSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Does it all. What is wrong with the inputs is found before the long work.
     *
     * @param model a checkpoint folder or a GGUF file; it stays as it is
     * @param out   folder for everything
     * @throws org.espalier.error.Failure as {@link PruneJob}, {@link TuneJob} and {@link CompareJob} do
     */
    public Comparison run(Path model, Destination out) {
        settings.requireSound();
        out.requireFree(model);
        AtomicReference<Comparison> done = new AtomicReference<>();
        out.writeFolder(folder -> done.set(new Pipeline(engine, settings, model, folder, out.path()).run()));
        return done.get();
    }
}
