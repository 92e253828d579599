package org.espalier.model;

import org.espalier.tape.Op;
import org.espalier.tape.op.Activation;
import org.espalier.tape.op.Attention;
import org.espalier.tape.op.ExpertLinear;
import org.espalier.tape.op.LayerNorm;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.Normalisation;
import org.espalier.tape.op.Rotary;
import org.espalier.tape.op.SwiGlu;

/**
 * Multiply-adds of a pass over one text whose logits are all wanted, by the rules of LLM-Pruner's {@code test_speedup.py}: of T
 * tokens, {@code T · in · out} of a projection; {@code heads · (2 T² headDim + T²)} of an attention without regard to causality;
 * 2 of a number that is normalised or rotated; 1 of a number that an activation function takes; nothing of embeddings and sums.
 *
 * @param tokens    of the text
 * @param count     the multiply-adds
 * @param llmPruner the same where keys and values are counted as if they had as many heads as queries, which is how LLM-Pruner's
 *                  table was made; too many for grouped-query models, for others the same number
 */
public record MultiplyAdds(int tokens, long count, long llmPruner) {

    /** Tokens that LLM-Pruner's table is made for. */
    public static final int USUAL_TOKENS = 64;

    /** Of a model of this shape. */
    public static MultiplyAdds of(ModelConfig config, int tokens) {
        long count = new Transformer(config)
                .logits(tokens).tape().segments().stream()
                        .flatMap(segment -> segment.ops().stream())
                        .mapToLong(MultiplyAdds::of)
                        .sum();
        return new MultiplyAdds(tokens, count, count + missing(config, tokens));
    }

    private static long of(Op op) {
        return switch (op) {
            case Linear linear -> linear.x().shape().dim(0) * linear.w().shape().elements();
            case ExpertLinear experts ->
                experts.x().shape().dim(0)
                        * experts.matrices().getFirst().shape().elements();
            case Attention attention -> of(attention);
            case Rotary rotary -> 2 * rotary.x().shape().elements();
            case Normalisation norm -> 2 * norm.x().shape().elements();
            case LayerNorm norm -> 2 * norm.x().shape().elements();
            case Activation activation -> activation.x().shape().elements();
            case SwiGlu gated -> gated.gate().shape().elements();
            default -> 0;
        };
    }

    private static long of(Attention attention) {
        long scores = attention.query().shape().dim(1)
                * attention.query().shape().dim(0)
                * attention.key().shape().dim(0);
        return scores
                * (attention.query().shape().dim(2) + attention.value().shape().dim(2) + 1);
    }

    /** Keys and values that there are not: their projections, and the rotation of keys. */
    private static long missing(ModelConfig config, int tokens) {
        return config.layers().stream()
                .mapToLong(layer ->
                        2L * tokens * (layer.heads() - layer.kvHeads()) * config.headDim() * (config.hidden() + 1L))
                .sum();
    }
}
