package org.espalier.job;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.job.StageMeter.HeldOut;
import org.espalier.job.StageMeter.Subject;
import org.espalier.report.Comparison;

/** Measures models, each in the same way: size, memory, quality, a text, speed in turns. */
public final class CompareJob {

    /**
     * What was measured.
     *
     * @param stages one for each model, in order; the first is the one that others are compared with
     * @param notes  on how this was measured that belong to no number
     */
    public record Result(List<Comparison.Stage> stages, Map<String, String> notes) {}

    private final Engine engine;
    private final CompareSettings settings;

    /** Compares on the devices of {@code engine}, as {@code settings} say. */
    public CompareJob(Engine engine, CompareSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Measures.
     *
     * @param models checkpoint folders or GGUF files by the names that they get
     * @throws org.espalier.error.Failure if one cannot be opened, or does not hold the prompt
     */
    public Result run(SequencedMap<String, Path> models) {
        settings.requireSound();
        StageMeter meter = new StageMeter(engine, settings, HeldOut.NONE);
        models.forEach((name, path) -> meter.look(new Subject(name, path, path.toString())));
        return new Result(meter.finish(), meter.notes());
    }
}
