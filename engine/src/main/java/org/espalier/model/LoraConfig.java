package org.espalier.model;

import java.util.List;

/**
 * Low-rank adapters beside some projections (Hu et al. 2021): {@code y = x wᵀ + (alpha / rank) (x Aᵀ) Bᵀ} with
 * {@code A [rank, in]} and {@code B [out, rank]}.
 *
 * @param rank    of the adapters
 * @param alpha   scale, divided by the rank
 * @param targets projections that have one, by the last part of their name, such as {@code q_proj}
 */
public record LoraConfig(int rank, double alpha, List<String> targets) {

    /** Every projection of a LLaMA layer. */
    public static final List<String> ALL_PROJECTIONS =
            List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

    public LoraConfig {
        if (rank < 1 || !(alpha > 0) || targets.isEmpty()) {
            throw new IllegalArgumentException("LoRA of rank " + rank + ", alpha " + alpha + ", targets " + targets);
        }
        targets = List.copyOf(targets);
    }

    /** What an adapter's output is multiplied by. */
    public double scale() {
        return alpha / rank;
    }

    /** Whether the projection of this full name has an adapter. */
    public boolean adapts(String projection) {
        return targets.contains(projection.substring(projection.lastIndexOf('.') + 1));
    }

    /** Whether a parameter of this name belongs to an adapter. */
    public static boolean isAdapter(String parameter) {
        return parameter.endsWith(".lora_A.weight") || parameter.endsWith(".lora_B.weight");
    }
}
