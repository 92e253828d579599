package org.espalier.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Optional;

/**
 * What computed: other kinds round otherwise.
 *
 * @param device    for example {@code cpu}
 * @param precision of products of matrices
 * @param processor its instructions, or the GPU's kind, or that the same bytes were computed as on any processor
 */
public record Computer(
        @JsonProperty("device") String device,
        @JsonProperty("precision") String precision,
        @JsonProperty("processor") String processor) {

    /** How another computes otherwise, as words; empty if it does not. */
    public Optional<String> difference(Computer other) {
        if (!device.equals(other.device)) {
            return Optional.of("device: %s there, %s now".formatted(other.device, device));
        }
        // Before the precision, which follows from it where nobody chose one.
        if (!processor.equals(other.processor)) {
            return Optional.of("kind of processor: %s there, %s now".formatted(other.processor, processor));
        }
        return precision.equals(other.precision)
                ? Optional.empty()
                : Optional.of("precision: %s there, %s now".formatted(other.precision, precision));
    }
}
