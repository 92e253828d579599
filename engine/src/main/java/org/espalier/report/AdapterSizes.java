package org.espalier.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.espalier.model.LoraConfig;

/**
 * Sizes of the adapters. What files of earlier versions do not say was not so.
 *
 * @param rank       of every one
 * @param alpha      over rank, or over its root, is the factor of what an adapter adds
 * @param stabilised whether it is over the root
 * @param decomposed whether rows had lengths of their own
 * @param dropout    share of an adapter's inputs that is left out at random
 * @param norms      whether the weights of norms were trained beside them
 * @param targets    the projections they stand beside; null for all
 * @param start      SHA-256 of the adapter that was gone on from, null if they were fresh
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record AdapterSizes(
        @JsonProperty("rank") int rank,
        @JsonProperty("alpha") double alpha,
        @JsonProperty("rslora") Boolean stabilised,
        @JsonProperty("dora") Boolean decomposed,
        @JsonProperty("dropout") double dropout,
        @JsonProperty("norms") Boolean norms,
        @JsonProperty("targets") List<String> targets,
        @JsonProperty("start_adapter") String start) {

    public AdapterSizes {
        stabilised = stabilised != null && stabilised;
        decomposed = decomposed != null && decomposed;
        norms = norms != null && norms;
    }

    /** Fresh plain ones beside all projections. */
    public AdapterSizes(int rank, double alpha, double dropout, boolean norms) {
        this(rank, alpha, false, false, dropout, norms, null, null);
    }

    /** No adapters: all weights were trained. */
    public static final AdapterSizes NONE = new AdapterSizes(0, 0, 0, false);

    /** Those of a configuration; {@code targets} and {@code start} may be null. */
    public static AdapterSizes of(LoraConfig config, List<String> targets, String start) {
        return new AdapterSizes(
                config.rank(),
                config.scaling().alpha(),
                config.scaling().rankStabilised(),
                config.decomposed(),
                config.dropout(),
                !config.saved().isEmpty(),
                targets,
                start);
    }
}
