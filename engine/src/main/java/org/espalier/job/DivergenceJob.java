package org.espalier.job;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.eval.Divergence;
import org.espalier.text.Tokenizer;

/** Measures how far a model's predictions of a text are from those of another, such as the one it was pruned from. */
public final class DivergenceJob {

    /**
     * What was measured.
     *
     * @param device  that computed, for example {@code cpu}
     * @param measured of all tokens that were predicted
     */
    public record Result(String device, Divergence.Result measured) {}

    private final Engine engine;
    private final DivergenceSettings settings;

    /** Measures on the devices of {@code engine}, as {@code settings} say. */
    public DivergenceJob(Engine engine, DivergenceSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Measures. Both models are open at once. Of a reference that knows more tokens, what it predicts of the model's counts: its
     * distribution over these, with the others left out.
     *
     * @param model     a checkpoint folder or a GGUF file
     * @param adapter   folder of a LoRA adapter of the model in PEFT's form
     * @param reference a checkpoint folder or a GGUF file
     * @throws Failure if the text cannot be read or is shorter than a window, if the two do not read it as the same tokens, or
     *     if one gives no finite logits
     */
    public Result run(Path model, Optional<Path> adapter, Path reference) {
        settings.requireSound();
        String text = settings.text().read();
        int[] ids = tokens(reference) > tokens(model) ? ids(model, text) : ids(model, reference, text);
        try (OpenModel expected = engine.open(reference, model);
                OpenModel given = engine.open(model, adapter);
                DivergenceMeter meter = new DivergenceMeter(
                        expected,
                        given,
                        settings.memory(),
                        engine.compute().threads(),
                        engine.listener(),
                        engine.workers().map(some -> elsewhere(some, model, adapter, reference)))) {
            String name = settings.text().file().toString();
            return new Result(given.backend().name(), meter.measure(ids, settings.windows(), name));
        }
    }

    private static DivergenceMeter.Elsewhere elsewhere(
            Workers workers, Path model, Optional<Path> adapter, Path reference) {
        ModelPlace expected = ModelPlace.of(reference, Optional.empty());
        ModelPlace given = ModelPlace.of(model, adapter);
        return (parts, byLayers, sink) ->
                workers.compute("divergence", new DivergenceWork(expected, given, byLayers), parts, sink);
    }

    private static int tokens(Path model) {
        return ModelHeader.read(model).config().vocab();
    }

    private static int[] ids(Path model, Path reference, String text) {
        int[] ids = ids(model, text);
        if (!Arrays.equals(ids, ids(reference, text))) {
            throw new Failure(
                    "the tokenizers of model and reference give different tokens for the text",
                    model + ", " + reference,
                    "compare with the model that this one was made from");
        }
        return ids;
    }

    private static int[] ids(Path model, String text) {
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            return tokenizer.encodeRead(text);
        }
    }
}
