package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.job.PretrainJob;
import org.espalier.job.PretrainSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine pretrain}: a small language model from nothing, on generated stories. */
@Command(
        name = "pretrain",
        description = "Train a small LLaMA from scratch on generated stories, with a tokenizer of its own.",
        footer = {
            "",
            "Examples:",
            "  engine pretrain --out tiny --steps 200 --hidden 64 --layers 3 --intermediate 192",
            "  engine pretrain --out demo-model"
        })
final class PretrainCommand extends EngineCommand {

    private PretrainSettings settings = PretrainSettings.defaults();

    @Mixin
    private OutputOptions output;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private SeedOption seed;

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Updates (default: ${bundle:default.pretrain-steps}).")
    private void steps(int steps) {
        settings = settings.steps(steps);
    }

    @Option(
            names = "--batch-tokens",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Tokens of an update (default: ${bundle:default.pretrain-batch-tokens}).")
    private void batchTokens(int batchTokens) {
        settings = settings.batchTokens(batchTokens);
    }

    @Option(
            names = "--lr",
            paramLabel = "R",
            converter = Converters.Probability.class,
            description = "Highest learning rate (default: ${bundle:default.pretrain-lr}).")
    private void learningRate(double learningRate) {
        settings = settings.learningRate(learningRate);
    }

    @Option(
            names = "--layers",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Layers (default: ${bundle:default.layers}).")
    private void layers(int layers) {
        settings = settings.layers(layers);
    }

    @Option(
            names = "--hidden",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Channels of the residual stream (default: ${bundle:default.hidden}).")
    private void hidden(int hidden) {
        settings = settings.hidden(hidden);
    }

    @Option(
            names = "--heads",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Query heads (default: ${bundle:default.heads}).")
    private void heads(int heads) {
        settings = settings.heads(heads);
    }

    @Option(
            names = "--kv-heads",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Key/value heads (default: ${bundle:default.kv-heads}).")
    private void kvHeads(int kvHeads) {
        settings = settings.kvHeads(kvHeads);
    }

    @Option(
            names = "--intermediate",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Neurons of an MLP (default: ${bundle:default.intermediate}).")
    private void intermediate(int intermediate) {
        settings = settings.intermediate(intermediate);
    }

    @Option(
            names = "--vocab",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description =
                    "Tokens of the tokenizer, at least ${bundle:default.least-vocab} (default: ${bundle:default.vocab}).")
    private void vocabulary(int vocabulary) {
        settings = settings.vocabulary(vocabulary);
    }

    @Override
    void run() {
        settings = settings.seed(seed.value());
        requireSound(settings);
        report(new PretrainJob(compute.engine(), settings).run(output.modelFolder()));
    }

    private void report(PretrainJob.Result trained) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("parameters", trained.parameters());
        result.put("steps", settings.steps());
        result.put("tokens", trained.tokens());
        result.put("train_loss", trained.loss());
        result.put("held_out_loss", trained.heldOut());
        result.put("held_out_ppl", Math.exp(trained.heldOut()));
        result.put("tokens_per_second", trained.tokens() / trained.seconds());
        result.put("seconds", trained.seconds());
        print(
                result,
                () -> "trained %,d parameters on %,d tokens in %.0f s: loss %.4f, held-out perplexity %.3f%nwrote %s"
                        .formatted(
                                trained.parameters(),
                                trained.tokens(),
                                trained.seconds(),
                                trained.loss(),
                                Math.exp(trained.heldOut()),
                                output.path()));
    }
}
