package org.espalier.job;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.task.Harness;
import org.espalier.task.Tasks;

/** Which tasks a model is asked, and how. */
public final class ZeroShotSettings extends Settings<ZeroShotSettings> {

    private final Path data;
    private List<String> tasks = Tasks.PAPER;
    private Harness harness = Harness.CURRENT;
    private int limit = Integer.MAX_VALUE;
    private Optional<Destination> samples = Optional.empty();
    private boolean resume;
    private MemorySettings memory = MemorySettings.defaults();

    private ZeroShotSettings(Path data) {
        this.data = data;
    }

    /** The seven tasks of LLM-Pruner's table, whole, as the present harness asks them. */
    public static ZeroShotSettings on(Path data) {
        return new ZeroShotSettings(data);
    }

    /** The folder that holds one for each task. */
    public Path data() {
        return data;
    }

    /** Names of tasks, or their files. */
    public ZeroShotSettings tasks(List<String> names) {
        return with(copy -> copy.tasks = List.copyOf(names));
    }

    /** Names of tasks, or their files. */
    public List<String> tasks() {
        return tasks;
    }

    /** Whose prompts and tokens. */
    public ZeroShotSettings harness(Harness harness) {
        return with(copy -> copy.harness = harness);
    }

    /** Whose prompts and tokens. */
    public Harness harness() {
        return harness;
    }

    /** Questions of each task at most, from its first on. */
    public ZeroShotSettings limit(int questions) {
        atLeast(1, "limit", questions);
        return with(copy -> copy.limit = questions);
    }

    /** Questions of each task at most, from its first on. */
    public int limit() {
        return limit;
    }

    /** A file for what the model makes of every question, one JSON object a line. */
    public ZeroShotSettings samples(Destination file) {
        return with(copy -> copy.samples = Optional.of(file));
    }

    /** A file for what the model makes of every question. */
    public Optional<Destination> samples() {
        return samples;
    }

    /** Whether to go on from the answers that a run that was interrupted left beside its samples. */
    public ZeroShotSettings resume(boolean resume) {
        return with(copy -> copy.resume = resume);
    }

    /** Whether to go on from the answers of a run that was interrupted. */
    public boolean resume() {
        return resume;
    }

    /** Memory for the keys and values of texts, and for models that are gone through layer by layer. */
    public ZeroShotSettings memory(MemorySettings memory) {
        return with(copy -> copy.memory = memory);
    }

    /** Memory for the keys and values of texts, and for models that are gone through layer by layer. */
    public MemorySettings memory() {
        return memory;
    }

    @Override
    public Optional<String> complaint() {
        if (tasks.isEmpty()) {
            return Optional.of("--tasks names no task");
        }
        return resume && samples.isEmpty()
                ? Optional.of("--resume needs --samples: an interrupted run leaves its answers beside that file")
                : Optional.empty();
    }
}
