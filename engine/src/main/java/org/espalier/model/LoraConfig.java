package org.espalier.model;

import java.util.Collection;
import java.util.Set;

/**
 * Low-rank adapters beside some projections (Hu et al. 2021): {@code y = x wᵀ + s (dropout(x) Aᵀ) Bᵀ} with {@code A [rank,
 * in]} and {@code B [out, rank]}. Projections that read the same {@code x} drop the same of its numbers.
 *
 * @param rank    of the adapters
 * @param scaling what {@code s} and the length of a row follow from
 * @param dropout part of an adapter's input that is left out while it is trained, from 0 to below 1
 * @param targets projections that have one, by full name or by its last part, such as {@code q_proj}
 * @param saved   parameters of the model, such as norm weights, in whose place the adapter has its own
 */
public record LoraConfig(int rank, Scaling scaling, double dropout, Set<String> targets, Set<String> saved) {

    /**
     * How strong adapters are.
     *
     * @param alpha          {@code s} is this by the rank
     * @param rankStabilised whether it is this by the rank's root (Kalajdzievski 2023)
     * @param decomposed     whether rows of {@code w + s B A} have lengths of their own that are learned, {@code m} (DoRA, Liu
     *                       et al. 2024): {@code y = m (x (w + s B A)ᵀ) / ‖w + s B A‖}, row by row
     */
    public record Scaling(double alpha, boolean rankStabilised, boolean decomposed) {

        /** By the rank, as LoRA had it first. */
        public static Scaling plain(double alpha) {
            return new Scaling(alpha, false, false);
        }
    }

    public LoraConfig {
        if (rank < 1 || !Double.isFinite(scaling.alpha()) || !(dropout >= 0 && dropout < 1) || targets.isEmpty()) {
            throw new IllegalArgumentException(
                    "LoRA of rank " + rank + ", " + scaling + ", dropout " + dropout + ", targets " + targets);
        }
        targets = Set.copyOf(targets);
        saved = Set.copyOf(saved);
    }

    /** Plain adapters. */
    public LoraConfig(int rank, double alpha, double dropout, Set<String> targets, Set<String> saved) {
        this(rank, Scaling.plain(alpha), dropout, targets, saved);
    }

    /** With no parameter of the model replaced. */
    public LoraConfig(int rank, double alpha, double dropout, Set<String> targets) {
        this(rank, alpha, dropout, targets, Set.of());
    }

    /** Without dropout. */
    public LoraConfig(int rank, double alpha, Collection<String> targets) {
        this(rank, alpha, 0, Set.copyOf(targets));
    }

    /** The same adapters when they are used, not trained. */
    public LoraConfig withoutDropout() {
        return new LoraConfig(rank, scaling, 0, targets, saved);
    }

    /** What an adapter's output is multiplied by. */
    public double scale() {
        return scaling.rankStabilised() ? scaling.alpha() / Math.sqrt(rank) : scaling.alpha() / rank;
    }

    /** Whether rows have lengths of their own. */
    public boolean decomposed() {
        return scaling.decomposed();
    }

    /** Whether the projection of this full name has an adapter. */
    public boolean adapts(String projection) {
        return targets.contains(projection) || targets.contains(projection.substring(projection.lastIndexOf('.') + 1));
    }

    /** Whether the parameter of this name belongs to the adapter. */
    public boolean has(String parameter) {
        return isMatrix(parameter) || parameter.endsWith(".lora_magnitude_vector") || saved.contains(parameter);
    }

    private static boolean isMatrix(String parameter) {
        return parameter.endsWith(".lora_A.weight") || parameter.endsWith(".lora_B.weight");
    }
}
