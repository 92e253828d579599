package org.espalier.job;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.espalier.file.WriteFailure;
import org.espalier.importance.Calibration;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;

/** Cuts out of a model what a plan, which may have been edited, does not keep. */
public final class CompactJob {

    /**
     * What is left.
     *
     * @param before parameters of the model
     * @param after  parameters that are left, with what makes up for what is gone
     * @param plan   what was kept
     * @param opens  what opens the result
     */
    public record Result(long before, long after, Plan plan, Openers opens) {}

    private final Engine engine;
    private final CompactSettings settings;

    /** Cuts on the devices of {@code engine}, as {@code settings} say. */
    public CompactJob(Engine engine, CompactSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Cuts.
     *
     * @param model    a checkpoint folder or a GGUF file; it stays as it is
     * @param planFile what to keep
     * @param out      folder for what is left
     * @throws org.espalier.error.Failure if the plan is not for this model, or there is not enough memory
     */
    public Result run(Path model, Path planFile, Destination out) {
        settings.requireSound();
        out.types(settings.dtype());
        out.requireFree(model, planFile);
        Plan plan = PlanFile.read(planFile);
        Optional<Calibration> calibration = settings.calibration().read(model, settings.seed(), false);
        try (OpenModel open = engine.open(model)) {
            SourceCheck.require(
                    plan.source(),
                    model,
                    open.checkpoint(),
                    "plan was made for other weights",
                    "use the model that the plan names, or make a plan for this one");
            Compaction compaction = new Compaction(
                    open,
                    settings.compensation(),
                    settings.usualCompensation(),
                    engine.listener(),
                    Shared.of(engine, ModelPlace.of(model, Optional.empty())));
            Compaction.Left left = compaction.write(
                    plan,
                    planFile.toString(),
                    calibration,
                    out.types(settings.dtype()),
                    content -> out.writeModel("writing", content, engine.listener()));
            return new Result(plan.parameters().before(), left.parameters(), plan, Openers.of(left.config()));
        } catch (IOException e) {
            throw WriteFailure.of(e, out.path());
        }
    }
}
