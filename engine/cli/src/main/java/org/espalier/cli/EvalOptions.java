package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.eval.Protocol;
import org.espalier.eval.TextFormat;
import org.espalier.job.Evaluation;
import org.espalier.job.PerplexitySettings;
import org.espalier.job.PipelineSettings;
import org.espalier.job.TaskEvaluation;
import org.espalier.job.TextEvaluation;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which texts show how good a model is, and by which protocol. */
@Section(Topic.EVALUATION)
final class EvalOptions {

    private PerplexitySettings settings = PerplexitySettings.defaults().maxWindows(PipelineSettings.EVALUATION_WINDOWS);

    @Section(Topic.COMMON)
    @Option(
            names = "--eval",
            order = 4,
            paramLabel = "FILE",
            description = "A UTF-8 text to measure perplexity on; may be given again.")
    private List<Path> files = List.of();

    @Option(
            names = "--eval-format",
            paramLabel = "F",
            description =
                    "How its rows are read, as in 'engine eval ppl': lines, wikitext or text; once for all files, or "
                            + "once for each in their order (default: ${bundle:default.format}).")
    private List<TextFormat> formats = List.of();

    @Option(
            names = "--eval-protocol",
            paramLabel = "P",
            description = "${COMPLETION-CANDIDATES} (default: ${bundle:default.protocol}).")
    private void protocol(Protocol protocol) {
        settings = settings.protocol(protocol);
    }

    @Option(
            names = "--eval-seq-len",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Ids in a window (default: ${bundle:default.window}).")
    private void seqLen(int tokens) {
        settings = settings.seqLen(tokens);
    }

    @Option(
            names = "--eval-windows",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Windows of each text at most, from its start (default: ${bundle:default.eval-windows}).")
    private void maxWindows(int windows) {
        settings = settings.maxWindows(windows);
    }

    @Mixin
    private TaskOptions tasks;

    @Option(
            names = "--task-limit",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Questions of each task at most, in the order of its file.")
    private Integer taskLimit;

    /** Why these options do not go together, if they do not. */
    Optional<String> complaint() {
        return settings.complaint()
                .map(complaint -> complaint.replace("--", "--eval-"))
                .or(this::taskComplaint)
                .or(() -> formats.size() <= 1 || formats.size() == files.size()
                        ? Optional.empty()
                        : Optional.of("--eval-format is given " + formats.size() + " times for " + files.size()
                                + " files; give it once, or once for each --eval"));
    }

    private Optional<String> taskComplaint() {
        if (tasks.settings().isPresent() || !tasks.named() && taskLimit == null) {
            return Optional.empty();
        }
        String option = tasks.named() ? "--tasks" : "--task-limit";
        return Optional.of(option + " needs --data-dir, the folder of the tasks' data");
    }

    /** What all these measure. */
    Evaluation evaluation() {
        List<Evaluation> evaluations = new ArrayList<>(List.of(new TextEvaluation(settings())));
        tasks.settings()
                .map(asked -> taskLimit == null ? asked : asked.limit(taskLimit))
                .map(TaskEvaluation::new)
                .ifPresent(evaluations::add);
        return Evaluation.all(evaluations);
    }

    private PerplexitySettings settings() {
        PerplexitySettings whole = settings;
        for (int i = 0; i < files.size(); i++) {
            whole = formats.isEmpty()
                    ? whole.text(files.get(i))
                    : whole.text(files.get(i), formats.get(formats.size() == 1 ? 0 : i));
        }
        return whole;
    }
}
