package org.espalier.cli;

import java.util.List;
import java.util.OptionalLong;
import org.espalier.job.CompareSettings;
import org.espalier.job.PipelineJob;
import org.espalier.job.PipelineSettings;
import org.espalier.job.TuneSettings;
import org.espalier.report.Comparison;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine run}: the main job on any checkpoint. */
@Command(
        name = "run",
        description = "The main job in one go: make a model smaller, train it back, measure what that took "
                + "and gave, show it.",
        footer = {
            "",
            "The folder gets the pruned model, the adapter, the recovered model (the pruned one with the adapter in it),",
            "the page report.html, report.md and comparison.json. Models are measured in the type that the pruned one is",
            "stored in, speeds in turns. 'engine report' shows several runs on one page. What is left learns the predictions",
            "of MODEL (--teacher). Of several --stages all but the last are in the folder stages.",
            "",
            "Examples:",
            "  engine run models/smollm2-135m --out smaller    (it writes the texts itself)",
            "  engine run models/smollm2-135m --calibration books.txt --data alpaca.json --max-samples 2000 \\",
            "      --eval wiki.test.raw --eval-format wikitext --eval ptb.txt --eval-format lines --out smaller"
        })
final class RunCommand extends EngineCommand {

    private CompareSettings compare = CompareSettings.defaults();
    private OptionalLong trainTokens = OptionalLong.empty();

    @Mixin
    private ModelArgument model;

    @Mixin
    private OutputOptions output;

    @Mixin
    private PruneOptions prune;

    @Mixin
    private TuneOptions tune;

    @Mixin
    private EvalOptions eval;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    @Section(Topic.AMOUNT)
    @Option(
            names = "--stages",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Parts in which the share goes, each followed by an equal part of the training (default: 1).")
    private int stages = 1;

    @Section(Topic.EVALUATION)
    @Option(
            names = "--prompt",
            order = 1,
            paramLabel = "T",
            description = "What each model continues, to be read side by side; may be given again "
                    + "(default: ${bundle:default.prompts}).")
    private void prompts(List<String> prompts) {
        compare = compare.prompts(prompts);
    }

    @Section(Topic.EVALUATION)
    @Option(
            names = "--max-tokens",
            order = 2,
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Tokens that each writes after it (default: ${bundle:default.run-max-tokens}).")
    private void maxTokens(int tokens) {
        compare = compare.maxTokens(tokens);
    }

    @Section(Topic.EVALUATION)
    @Option(
            names = "--repetitions",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Turns in which speeds are measured; 0 leaves speed and memory out (default: "
                    + "${bundle:default.run-repetitions}).")
    private void repetitions(int turns) {
        compare = compare.repetitions(turns);
    }

    @Section(Topic.SAMPLES)
    @Option(
            names = "--train-tokens",
            order = 3,
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Tokens to train on at most, however often each is seen (default: all).")
    private void trainTokens(long tokens) {
        trainTokens = OptionalLong.of(tokens);
    }

    private TuneSettings tuning() {
        return trainTokens.isPresent() ? tune.settings().maxTokens(trainTokens.getAsLong()) : tune.settings();
    }

    @Override
    void run() {
        PipelineSettings settings = PipelineSettings.defaults()
                .prune(prune.settings(seed))
                .tune(tuning())
                .stages(stages)
                .command(typed())
                .compare(compare)
                .seed(seed.value());
        settings.complaint().or(eval::complaint).ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
        PipelineSettings whole = settings.compare(settings.compare().evaluation(eval.evaluation()));
        Comparison done = new PipelineJob(compute.engine(), whole).run(model.path(), output.destination());
        Summary summary = Summary.of(done, output.path());
        print(summary.json(), summary::text);
    }
}
