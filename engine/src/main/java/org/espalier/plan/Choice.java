package org.espalier.plan;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import java.util.List;

/**
 * How it was chosen what goes.
 *
 * @param criterion      how units were scored
 * @param aggregate      how members of a group became one
 * @param mode           what is removed: {@code block}, {@code channel} or {@code layer}
 * @param scope          {@code local} or {@code global}
 * @param ratioRequested share asked for
 * @param round          what widths that are left are multiples of, less where that is coarse; null for any
 * @param uniform        true if all layers keep equally many units; null if they need not
 * @param target         what was to be reached in place of the ratio, which is then what came of it; null if nothing was
 * @param widths         by which table of widths; null if by none
 */
public record Choice(
        @JsonProperty(value = "criterion", required = true) String criterion,

        @JsonProperty(value = "aggregate", required = true) String aggregate,

        @JsonProperty(value = "mode", required = true) String mode,
        @JsonProperty(value = "scope", required = true) String scope,

        @JsonProperty(value = "ratio_requested", required = true)
        double ratioRequested,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("round")
        Integer round,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("uniform")
        Boolean uniform,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("target")
        Reached target,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("widths")
        ByWidths widths) {

    /** A ratio, by scores. */
    public Choice(
            String criterion,
            String aggregate,
            String mode,
            String scope,
            double ratioRequested,
            Integer round,
            Boolean uniform) {
        this(criterion, aggregate, mode, scope, ratioRequested, round, uniform, null, null);
    }

    public Choice {
        Requirements.required(criterion, "criterion");
        Requirements.required(aggregate, "aggregate");
        Requirements.required(mode, "mode");
        Requirements.required(scope, "scope");
        Requirements.requireRound(round);
    }

    /** What widths that are left are multiples of; 1 for any. */
    public int rounded() {
        return round == null ? 1 : round;
    }

    /** Whether all layers keep equally many units. */
    public boolean equalLayers() {
        return Boolean.TRUE.equals(uniform);
    }

    /**
     * What was to be reached.
     *
     * @param quantity what is counted: {@code parameters, memory, macs, latency}
     * @param asked    for, as on the command line
     * @param before   of the source
     * @param most     that may be left
     * @param after    of what is left
     * @param latencySha256 of the table of latencies that it is counted by; null for what is counted otherwise
     */
    public record Reached(
            @JsonProperty(value = "quantity", required = true)
            String quantity,

            @JsonProperty(value = "asked", required = true) String asked,
            @JsonProperty(value = "before", required = true) double before,
            @JsonProperty(value = "most", required = true) double most,
            @JsonProperty(value = "after", required = true) double after,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("latency_sha256")
            String latencySha256) {

        public Reached {
            Requirements.required(quantity, "the target's quantity");
            if (Arrays.stream(Goal.Quantity.values())
                    .noneMatch(known -> known.toString().equals(quantity))) {
                throw new IllegalArgumentException(
                        "the target's quantity is none of " + List.of(Goal.Quantity.values()));
            }
            Requirements.required(asked, "what was asked for");
        }
    }

    /**
     * The table of widths that a choice was made by.
     *
     * @param sha256     of its file
     * @param divergence from the source that it foretells, before anything is fitted together, in nats a token
     */
    public record ByWidths(
            @JsonProperty(value = "sha256", required = true) String sha256,

            @JsonProperty(value = "divergence", required = true)
            double divergence) {

        public ByWidths {
            Requirements.required(sha256, "the hash of the table of widths");
        }
    }
}
