package org.espalier.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.eval.Perplexity;
import org.espalier.eval.Windows;
import org.espalier.text.Tokenizer;

/** Measures perplexity: exp of the mean negative log-likelihood of a text's tokens. */
public final class PerplexityJob {

    /**
     * What was measured.
     *
     * @param device  that computed, for example {@code cpu}
     * @param results one for each text, in the order of the settings
     */
    public record Result(String device, List<Perplexity.Result> results) {

        /** Perplexity of the first text. */
        public double ppl() {
            return results.getFirst().ppl();
        }
    }

    private final Engine engine;
    private final PerplexitySettings settings;

    /** Measures on the devices of {@code engine}, as {@code settings} say. */
    public PerplexityJob(Engine engine, PerplexitySettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /** As {@link #run(Path, Optional)}, without an adapter. */
    public Result run(Path model) {
        return run(model, Optional.empty());
    }

    /**
     * Measures a model that it opens and closes again.
     *
     * @param model   a checkpoint folder or a GGUF file
     * @param adapter folder of a LoRA adapter in PEFT's form
     * @throws org.espalier.error.Failure if a text cannot be read or is shorter than a window, or the model gives no finite
     *     likelihood
     */
    public Result run(Path model, Optional<Path> adapter) {
        settings.requireSound();
        List<String> texts = texts();
        try (OpenModel open = engine.open(model, adapter)) {
            return measured(open, texts, Shared.of(engine, ModelPlace.of(model, adapter)));
        }
    }

    /**
     * Measures a model that is open, and stays so.
     *
     * @throws org.espalier.error.Failure as above
     */
    public Result run(OpenModel open) {
        settings.requireSound();
        return measured(open, texts(), Optional.empty());
    }

    private List<String> texts() {
        return settings.texts().stream().map(PerplexitySettings.Text::read).toList();
    }

    private Result measured(OpenModel open, List<String> texts, Optional<Shared> shared) {
        try (Tokenizer tokenizer = Tokenizer.open(open.path());
                PerplexityMeter meter = new PerplexityMeter(open, settings.memory(), engine.listener(), shared)) {
            Windows windows = settings.windows(tokenizer.addedBosId());
            List<Perplexity.Result> results = new ArrayList<>();
            for (int i = 0; i < texts.size(); i++) {
                String name = settings.texts().get(i).file().toString();
                int[] ids = tokenizer.encodeRead(texts.get(i));
                results.add(meter.measure(ids, windows, name).of(ids, tokenizer::bytes));
            }
            return new Result(open.backend().name(), results);
        }
    }
}
