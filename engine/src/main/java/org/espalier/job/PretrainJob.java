package org.espalier.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.format.ModelContent;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Transformer;
import org.espalier.text.BpeTrainer;
import org.espalier.text.Tokenizer;
import org.espalier.text.TokenizerSettings;
import org.espalier.tune.Pretraining;
import org.espalier.tune.StoryGrammar;

/** Trains a small language model from nothing on generated stories, with a tokenizer of its own. */
public final class PretrainJob {

    /**
     * What came of it.
     *
     * @param parameters of the model
     * @param tokens     trained on
     * @param loss       mean over the last tenth of the updates, in nats a token
     * @param heldOut    loss on stories that were not trained on
     * @param seconds    it took
     */
    public record Result(long parameters, long tokens, double loss, double heldOut, double seconds) {}

    private static final int CONTEXT = 512;
    /** Stories that the tokenizer is trained on. */
    private static final int TOKENIZER_STORIES = 2000;
    /** Updates between two that are told of. */
    private static final int STEPS_BETWEEN_DETAILS = 50;

    private final Engine engine;
    private final PretrainSettings settings;

    /** Trains on the devices of {@code engine}, as {@code settings} say. */
    public PretrainJob(Engine engine, PretrainSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Trains.
     *
     * @param out folder for the model
     * @throws org.espalier.error.Failure if it cannot be written
     */
    public Result run(Destination out) {
        settings.requireSound();
        out.folderComplaint().ifPresent(complaint -> {
            throw new Failure(complaint, out.path().toString(), "name another place");
        });
        out.requireFree();
        long start = System.nanoTime();
        StoryGrammar stories = new StoryGrammar();
        BpeTrainer bpe = BpeTrainer.train(
                IntStream.range(0, TOKENIZER_STORIES)
                        .mapToObj(i -> stories.story(settings.seed(), i))
                        .toList(),
                settings.vocabulary());
        ModelConfig config = config(bpe.size());
        Pretraining.Settings numbers = new Pretraining.Settings(
                settings.steps(), settings.batchTokens(), settings.learningRate(), settings.seed());
        try (Backend backend = engine.backend();
                Tokenizer tokenizer = Tokenizer.fromJson(bpe.tokenizerJson().toString(), specialTokens());
                Pretraining training = new Pretraining(backend, config, tokenizer, numbers)) {
            double loss = train(training);
            double heldOut = training.heldOutLoss();
            out.writeModel(
                    "writing",
                    ModelContent.of(json(config), training.weights())
                            .withFile("tokenizer.json", Json.toBytes(bpe.tokenizerJson()))
                            .withFile("tokenizer_config.json", Json.toBytes(bpe.tokenizerConfig(CONTEXT)))
                            .withFile("generation_config.json", Json.toBytes(specialTokens(Json.object()))),
                    engine.listener());
            return new Result(
                    new Transformer(config).shape().parameterCount(),
                    (long) settings.steps() * settings.batchTokens(),
                    loss,
                    heldOut,
                    (System.nanoTime() - start) / 1e9);
        }
    }

    private ModelConfig config(int vocabulary) {
        return Architectures.untrained(new ModelConfig.Sizes(
                vocabulary,
                settings.hidden(),
                settings.hidden() / settings.heads(),
                Collections.nCopies(
                        settings.layers(),
                        new LayerConfig(settings.heads(), settings.kvHeads(), settings.intermediate())),
                CONTEXT));
    }

    private static ObjectNode json(ModelConfig config) {
        return specialTokens(Architectures.json(config)).put("dtype", "bfloat16");
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
        int steps = settings.steps();
        try (Progress progress = engine.listener().begin("training", "steps", steps)) {
            return training.train((step, result) -> {
                progress.advance(1);
                if (step % STEPS_BETWEEN_DETAILS == 0 || step == steps - 1) {
                    engine.listener()
                            .detail("step %d of %d: loss %.4f, gradient norm %.3f"
                                    .formatted(step + 1, steps, result.loss(), result.gradientNorm()));
                }
            });
        }
    }
}
