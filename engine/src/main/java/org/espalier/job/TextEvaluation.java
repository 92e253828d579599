package org.espalier.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.espalier.eval.Perplexity;
import org.espalier.eval.Windows;
import org.espalier.report.Measure;
import org.espalier.report.TextPerplexity;
import org.espalier.text.Tokenizer;

/** Perplexity of texts, cut into windows by a protocol. */
public final class TextEvaluation implements Evaluation {

    private final PerplexitySettings settings;
    private final Map<String, String> texts;

    /**
     * Reads the texts.
     *
     * @throws org.espalier.error.Failure if one cannot be read, or the settings do not go together
     */
    public TextEvaluation(PerplexitySettings settings) {
        settings.requireSound();
        this.settings = settings;
        this.texts = settings.read();
    }

    @Override
    public List<Measure> measure(OpenModel model, Tokenizer tokenizer, Listener listener) {
        Windows windows = settings.windows(tokenizer.addedBosId());
        List<Measure> measured = new ArrayList<>();
        try (PerplexityMeter meter = new PerplexityMeter(model, settings.memory(), listener)) {
            texts.forEach((label, text) -> {
                Perplexity.Result result = meter.measure(tokenizer.encode(text, true), windows, label);
                measured.add(new TextPerplexity(
                                settings.protocol().toString(),
                                windows.seqLen(),
                                result.count(),
                                result.predictions(),
                                result.ppl())
                        .measure(label));
            });
        }
        return measured;
    }
}
