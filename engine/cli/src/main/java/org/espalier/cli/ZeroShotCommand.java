package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.job.Destination;
import org.espalier.job.Machine;
import org.espalier.job.ZeroShotJob;
import org.espalier.job.ZeroShotSettings;
import org.espalier.task.TaskMeasure;
import org.espalier.task.TaskScore;
import org.espalier.task.TaskScore.Estimate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine eval zero-shot}: accuracies as EleutherAI's lm-evaluation-harness measures them. */
@Command(
        name = "zero-shot",
        description = "Measure the accuracy of a model's answers to questions that it was shown no examples of.",
        footer = {
            "",
            "Tasks: boolq, piqa, hellaswag, winogrande, arc_easy, arc_challenge, openbookqa (the seven of LLM-Pruner's",
            "table, asked unless told otherwise), mmlu (5 shots), lambada_openai, copa, or the .json file of a task of your",
            "own. Each reads its official file in a folder of its name: DIR/boolq/validation.jsonl and so on.",
            "The average takes acc_norm of hellaswag, arc_challenge and openbookqa, and acc of the others.",
            "",
            "Examples:",
            "  engine eval zero-shot models/smollm2-135m --data-dir data",
            "  engine eval zero-shot pruned --data-dir data --tasks piqa,arc_easy --limit 200 --samples answers.jsonl"
        })
final class ZeroShotCommand extends EngineCommand {

    @Mixin
    private EvaluatedModel model;

    @Mixin
    private TaskOptions tasks;

    @Option(
            names = "--limit",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Questions of each task at most, in the order of its file.")
    private Integer limit;

    @Option(
            names = "--samples",
            paramLabel = "F",
            description = "Write what the model makes of every question to this .jsonl file.")
    private Path samples;

    @Option(names = "--resume", description = "Go on from the answers that an interrupted run left beside --samples.")
    private boolean resume;

    @Option(names = "--force", description = "Replace the file of --samples.")
    private boolean force;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        ZeroShotSettings settings = tasks.settings()
                .orElseThrow(() -> wrongUsage("--data-dir is missing, the folder of the tasks' data"))
                .resume(resume)
                .memory(model.memory());
        if (limit != null) {
            settings = settings.limit(limit);
        }
        if (samples != null) {
            settings = settings.samples(new Destination(samples, force));
        }
        requireSound(settings);
        long start = System.nanoTime();
        ZeroShotJob.Result result = new ZeroShotJob(compute.engine(), settings).run(model.path(), model.adapter());
        report(settings, result, (System.nanoTime() - start) / 1e9);
    }

    private void report(ZeroShotSettings settings, ZeroShotJob.Result result, double seconds) {
        SequencedMap<String, Object> whole = new LinkedHashMap<>();
        whole.put("model", model.path().toString());
        whole.put("harness", settings.harness().toString());
        whole.put("device", result.device());
        whole.put("cpu", Machine.cpu());
        Map<String, Object> byTask = new LinkedHashMap<>();
        Columns columns = new Columns().row("task", "questions", "acc", "acc_norm", "perplexity");
        for (TaskScore score : result.scores()) {
            byTask.put(score.task().name(), entry(score));
            columns.row(
                    score.task().title(),
                    score.questions(),
                    cell(score, TaskMeasure.ACC),
                    cell(score, TaskMeasure.ACC_NORM),
                    cell(score, TaskMeasure.PERPLEXITY));
        }
        whole.put("tasks", byTask);
        whole.put("average", result.average());
        whole.put("seconds", seconds);
        print(whole, () -> columns + "%naverage %.4f".formatted(result.average()));
    }

    private static Map<String, Object> entry(TaskScore score) {
        Map<String, Object> entry = new LinkedHashMap<>();
        score.measures().forEach((measure, estimate) -> {
            entry.put(measure.toString(), estimate.mean());
            entry.put(measure + "_stderr", Double.isNaN(estimate.error()) ? null : estimate.error());
        });
        entry.put("n", score.questions());
        entry.put("in_average", score.task().inAverage().toString());
        return entry;
    }

    private static String cell(TaskScore score, TaskMeasure measure) {
        Estimate estimate = score.measures().get(measure);
        if (estimate == null) {
            return "";
        }
        String mean = "%.4f".formatted(estimate.mean());
        return Double.isNaN(estimate.error()) ? mean : mean + " ± %.4f".formatted(estimate.error());
    }
}
