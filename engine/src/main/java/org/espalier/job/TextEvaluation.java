package org.espalier.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import org.espalier.eval.Divergence;
import org.espalier.eval.Perplexity;
import org.espalier.eval.Protocol;
import org.espalier.eval.Windows;
import org.espalier.file.Sha256;
import org.espalier.report.Measure;
import org.espalier.report.TextPerplexity;
import org.espalier.text.Tokenizer;

/** Perplexity of texts, cut into windows by a protocol. */
public final class TextEvaluation implements Evaluation {

    /** Windows that both models are compared on at most: each costs as much as a perplexity of both. */
    private static final int DISTANCE_WINDOWS = 40;

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
                int[] ids = tokenizer.encodeRead(text);
                Perplexity.Result result = meter.measure(ids, windows, label).of(ids, tokenizer::bytes);
                TextPerplexity perplexity = new TextPerplexity(
                        settings.protocol().toString(),
                        windows.seqLen(),
                        result.count(),
                        result.predictions(),
                        result.ppl());
                measured.add(perplexity.measure(label));
                result.bitsPerByte().ifPresent(bits -> measured.add(perplexity.bits(label, bits, result.bytes())));
            });
        }
        return measured;
    }

    @Override
    public SequencedMap<String, String> hashes() {
        SequencedMap<String, String> hashes = new LinkedHashMap<>();
        settings.named().forEach((name, text) -> hashes.put(name, Sha256.ofFile(text.file())));
        return hashes;
    }

    /** Of the first text, as {@link DivergenceJob} has it. */
    @Override
    public List<Measure> distance(OpenModel model, OpenModel first, Tokenizer tokenizer, Engine engine) {
        Optional<Map.Entry<String, String>> text = texts.entrySet().stream().findFirst();
        if (text.isEmpty()) {
            return List.of();
        }
        String label = text.get().getKey();
        int[] ids = tokenizer.encodeRead(text.get().getValue());
        int most = Math.min(settings.maxWindows(), DISTANCE_WINDOWS);
        Windows windows =
                new Windows(Protocol.LLM_PRUNER, settings.seqLen(), settings.seqLen(), most, OptionalInt.empty());
        try (DivergenceMeter meter = new DivergenceMeter(
                first, model, settings.memory(), engine.compute().threads(), engine.listener())) {
            Divergence.Result result = meter.measure(ids, windows, "distance on " + label);
            return Distances.of(label, result);
        }
    }
}
