package org.espalier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.job.ZeroShotSettings;
import org.espalier.task.Harness;
import picocli.CommandLine.Option;

/** Which tasks a model is asked, and how. */
@Section(Topic.EVALUATION)
final class TaskOptions {

    @Option(names = "--data-dir", paramLabel = "DIR", description = "Folder that holds one for each task, of its name.")
    private Path data;

    @Option(
            names = "--tasks",
            paramLabel = "T",
            split = ",",
            description = "Tasks, separated by commas (default: the seven of LLM-Pruner's table).")
    private List<String> tasks;

    @Option(
            names = "--harness",
            paramLabel = "H",
            description =
                    "Whose prompts and tokens: current (lm-eval 0.4) or legacy (0.3, behind LLM-Pruner's tables) (default:"
                            + " ${DEFAULT-VALUE}).")
    private Harness harness = Harness.CURRENT;

    /** Whether tasks are named. */
    boolean named() {
        return tasks != null;
    }

    /** What these options say; empty if there is no data. */
    Optional<ZeroShotSettings> settings() {
        return Optional.ofNullable(data)
                .map(ZeroShotSettings::on)
                .map(settings -> tasks == null ? settings : settings.tasks(tasks))
                .map(settings -> settings.harness(harness));
    }
}
