package org.espalier.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.file.Json;
import org.espalier.format.ModelContent;
import org.espalier.format.ModelWriter;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Transformer;
import org.espalier.text.BpeTrainer;
import org.espalier.text.Tokenizer;
import org.espalier.text.TokenizerSettings;
import org.espalier.tune.Pretraining;
import org.espalier.tune.StoryGrammar;
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

    private static final int CONTEXT = 512;
    /** Stories that the tokenizer is trained on. */
    private static final int TOKENIZER_STORIES = 2000;

    @Mixin
    private OutputOptions output;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private SeedOption seed;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "1500",
            converter = Converters.Positive.class,
            description = "Updates (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--batch-tokens",
            paramLabel = "N",
            defaultValue = "2048",
            converter = Converters.Positive.class,
            description = "Tokens of an update (default: ${DEFAULT-VALUE}).")
    private int batchTokens;

    @Option(
            names = "--lr",
            paramLabel = "R",
            defaultValue = "4e-3",
            converter = Converters.Probability.class,
            description = "Highest learning rate (default: ${DEFAULT-VALUE}).")
    private double learningRate;

    @Option(
            names = "--layers",
            paramLabel = "N",
            defaultValue = "6",
            converter = Converters.Positive.class,
            description = "Layers (default: ${DEFAULT-VALUE}).")
    private int layers;

    @Option(
            names = "--hidden",
            paramLabel = "N",
            defaultValue = "128",
            converter = Converters.Positive.class,
            description = "Channels of the residual stream (default: ${DEFAULT-VALUE}).")
    private int hidden;

    @Option(
            names = "--heads",
            paramLabel = "N",
            defaultValue = "8",
            converter = Converters.Positive.class,
            description = "Query heads (default: ${DEFAULT-VALUE}).")
    private int heads;

    @Option(
            names = "--kv-heads",
            paramLabel = "N",
            defaultValue = "4",
            converter = Converters.Positive.class,
            description = "Key/value heads (default: ${DEFAULT-VALUE}).")
    private int kvHeads;

    @Option(
            names = "--intermediate",
            paramLabel = "N",
            defaultValue = "384",
            converter = Converters.Positive.class,
            description = "Neurons of an MLP (default: ${DEFAULT-VALUE}).")
    private int intermediate;

    @Option(
            names = "--vocab",
            paramLabel = "N",
            defaultValue = "640",
            converter = Converters.Positive.class,
            description = "Tokens of the tokenizer, at least 258 (default: ${DEFAULT-VALUE}).")
    private int vocab;

    @Override
    void run() {
        checkSizes();
        ModelWriter writer = output.modelWriter();
        output.requireFree();
        long start = System.nanoTime();
        StoryGrammar stories = new StoryGrammar();
        BpeTrainer bpe = BpeTrainer.train(
                IntStream.range(0, TOKENIZER_STORIES)
                        .mapToObj(i -> stories.story(seed.value(), i))
                        .toList(),
                vocab);
        ModelConfig config = config(bpe.size());
        byte[] tokenizerConfig = Json.toBytes(bpe.tokenizerConfig(CONTEXT));
        Pretraining.Settings settings = new Pretraining.Settings(steps, batchTokens, learningRate, seed.value());
        try (Backend backend = compute.open();
                Tokenizer tokenizer = Tokenizer.fromJson(bpe.tokenizerJson().toString(), specialTokens());
                Pretraining training = new Pretraining(backend, config, tokenizer, settings)) {
            double loss = train(training);
            double heldOut = training.heldOutLoss();
            writer.write(
                    output.path(),
                    ModelContent.of(json(config), training.weights())
                            .withFile("tokenizer.json", Json.toBytes(bpe.tokenizerJson()))
                            .withFile("tokenizer_config.json", tokenizerConfig)
                            .withFile("generation_config.json", Json.toBytes(specialTokens(Json.object()))),
                    output.force());
            report(config, loss, heldOut, (System.nanoTime() - start) / 1e9);
        }
    }

    private void checkSizes() {
        if (hidden % heads != 0 || hidden / heads % 2 != 0 || heads % kvHeads != 0) {
            throw wrongUsage("--hidden must be --heads times an even number, and --heads a multiple of --kv-heads");
        }
        if (vocab < 258) {
            throw wrongUsage("--vocab must be at least 258: two special tokens and every byte");
        }
    }

    private ModelConfig config(int vocabulary) {
        return Architectures.untrained(new ModelConfig.Sizes(
                vocabulary,
                hidden,
                hidden / heads,
                Collections.nCopies(layers, new LayerConfig(heads, kvHeads, intermediate)),
                CONTEXT));
    }

    private static ObjectNode json(ModelConfig config) {
        return specialTokens(config.json()).put("dtype", "bfloat16");
    }

    private static ObjectNode specialTokens(ObjectNode json) {
        return json.put("bos_token_id", 0).put("eos_token_id", 1);
    }

    private static TokenizerSettings specialTokens() {
        return new TokenizerSettings(
                Optional.of(BpeTrainer.BEGIN),
                Optional.of(BpeTrainer.END),
                List.of(),
                Optional.empty(),
                Optional.of(true),
                Optional.empty());
    }

    private double train(Pretraining training) {
        try (Progress progress = progress("training", "steps", steps)) {
            return training.train((step, result) -> {
                progress.advance(1);
                if (verbose() && (step % 50 == 0 || step == steps - 1)) {
                    note("step %d of %d: loss %.4f, gradient norm %.3f"
                            .formatted(step + 1, steps, result.loss(), result.gradientNorm()));
                }
            });
        }
    }

    private void report(ModelConfig config, double loss, double heldOut, double seconds) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("parameters", new Transformer(config).shape().parameterCount());
        result.put("steps", steps);
        result.put("tokens", (long) steps * batchTokens);
        result.put("train_loss", loss);
        result.put("held_out_loss", heldOut);
        result.put("held_out_ppl", Math.exp(heldOut));
        result.put("tokens_per_second", steps * (double) batchTokens / seconds);
        result.put("seconds", seconds);
        print(
                result,
                () -> "trained %,d parameters on %,d tokens in %.0f s: loss %.4f, held-out perplexity %.3f%nwrote %s"
                        .formatted(
                                result.get("parameters"),
                                result.get("tokens"),
                                seconds,
                                loss,
                                Math.exp(heldOut),
                                output.path()));
    }
}
