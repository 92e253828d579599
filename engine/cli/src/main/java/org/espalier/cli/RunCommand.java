package org.espalier.cli;

import java.util.concurrent.atomic.AtomicReference;
import org.espalier.file.Output;
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
            "stored in, speeds in turns. 'engine report' shows several runs on one page.",
            "",
            "Example:",
            "  engine run models/smollm2-135m --calibration books.txt --data alpaca.json --max-samples 2000 \\",
            "      --eval wiki.test.raw --eval-format wikitext --eval ptb.txt --eval-format lines --out smaller"
        })
final class RunCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Mixin
    private OutputOptions output;

    @Mixin
    private PruneOptions prune;

    @Mixin
    private DataOptions data;

    @Mixin
    private TuneOptions tune;

    @Mixin
    private EvalOptions eval;

    @Section(Topic.EVALUATION)
    @Option(
            names = "--prompt",
            paramLabel = "T",
            defaultValue = "Once upon a time",
            description = "What each model continues, to be read side by side (default: ${DEFAULT-VALUE}).")
    private String prompt;

    @Section(Topic.EVALUATION)
    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "64",
            converter = Converters.Positive.class,
            description = "Tokens that each writes after it (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Section(Topic.EVALUATION)
    @Option(
            names = "--repetitions",
            paramLabel = "N",
            defaultValue = "5",
            converter = Converters.NotNegative.class,
            description =
                    "Turns in which speeds are measured; 0 leaves speed and memory out (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        prune.complaint().or(eval::complaint).ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
        Pipeline.Job job = new Pipeline.Job(
                model.path(),
                prune,
                new Recovery(this, data, tune, seed.value()),
                eval.evaluation(),
                prompt,
                maxTokens,
                repetitions,
                seed.value());
        AtomicReference<Comparison> done = new AtomicReference<>();
        Output.writeFolder(
                output.path(),
                output.force(),
                folder -> done.set(new Pipeline(this, compute, job, folder, output.path()).run()));
        Summary summary = new Summary(done.get(), output.path());
        print(summary.json(), summary::text);
    }
}
