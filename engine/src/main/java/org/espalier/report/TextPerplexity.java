package org.espalier.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Perplexity of one text. Keys as those of {@code engine eval ppl}.
 *
 * @param protocol    how the text was cut
 * @param seqLen      ids in a window
 * @param windows     of the text
 * @param predictions ids that counted
 * @param ppl         null if it was not finite
 */
public record TextPerplexity(
        @JsonProperty(value = PROTOCOL, required = true) String protocol,
        @JsonProperty(value = SEQ_LEN, required = true) int seqLen,
        @JsonProperty(value = WINDOWS, required = true) int windows,
        @JsonProperty(value = PREDICTIONS, required = true) long predictions,
        @JsonProperty("ppl") Double ppl) {

    private static final String DATA = "data";
    private static final String PROTOCOL = "protocol";
    private static final String SEQ_LEN = "seq_len";
    private static final String WINDOWS = "windows";
    private static final String PREDICTIONS = "predictions";

    public TextPerplexity {
        Objects.requireNonNull(protocol, "a perplexity has no protocol");
        ppl = ppl == null || !Double.isFinite(ppl) ? null : ppl;
    }

    /** As a measure of a model, of the text that is called {@code data}. */
    public Measure measure(String data) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put(DATA, data);
        settings.put(PROTOCOL, protocol);
        settings.put(SEQ_LEN, seqLen);
        settings.put(WINDOWS, windows);
        settings.put(PREDICTIONS, predictions);
        String summary = "%s, %,d × %,d ids, %,d predicted".formatted(protocol, windows, seqLen, predictions);
        return new Measure("perplexity on " + data, ppl, Unit.PERPLEXITY, Direction.LESS, summary)
                .withSettings(settings);
    }

    /**
     * The same text's bits per byte, which compare models that cut it into other tokens.
     *
     * @param bits  of each byte
     * @param bytes that were predicted
     */
    public Measure bits(String data, double bits, long bytes) {
        String summary = "%s, %,d × %,d ids, %,d bytes predicted".formatted(protocol, windows, seqLen, bytes);
        return new Measure("bits per byte on " + data, bits, Unit.BITS, Direction.LESS, summary);
    }

    /** What the text of such a measure is called; empty if {@code measure} is another one. */
    static Optional<String> data(Measure measure) {
        return of(measure).map(perplexity -> (String) measure.settings().get(DATA));
    }

    /** The perplexity that {@link #measure} made this measure from; empty if it is another one. */
    static Optional<TextPerplexity> of(Measure measure) {
        Map<String, Object> settings = measure.settings();
        if (settings.get(DATA) instanceof String data
                && settings.get(PROTOCOL) instanceof String protocol
                && settings.get(SEQ_LEN) instanceof Long seqLen
                && settings.get(WINDOWS) instanceof Long windows
                && settings.get(PREDICTIONS) instanceof Long predictions) {
            TextPerplexity perplexity =
                    new TextPerplexity(protocol, seqLen.intValue(), windows.intValue(), predictions, measure.value());
            return Optional.of(perplexity).filter(made -> made.measure(data).equals(measure));
        }
        return Optional.empty();
    }
}
