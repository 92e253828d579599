package org.espalier.backend;

import java.util.List;
import java.util.stream.Stream;
import org.espalier.tensor.DType;

/**
 * Operations at the sizes of models, for measuring speed: SmolLM2-135M (hidden 576, 9 query and 3 key/value heads of 64,
 * 1536 neurons, vocabulary 49,152) and matrices of LLaMA-7B (hidden 4096).
 */
public final class ModelCases {

    private ModelCases() {
    }

    /** What one new token needs; only ever run forwards. */
    public static List<OpCase<? super Backend>> decoding() {
        return List.of(
                LinearCases.linear(new int[] {1, 576, 1536}, DType.F32, null, 0),
                LinearCases.linear(new int[] {1, 576, 1536}, DType.BF16, null, 0),
                LinearCases.linear(new int[] {1, 576, 1536}, DType.Q4_1, null, 0),
                LinearCases.linear(new int[] {1, 576, 49_152}, DType.F32, null, 0),
                LinearCases.linear(new int[] {1, 576, 49_152}, DType.Q8_0, null, 0),
                LinearCases.linear(new int[] {1, 4096, 4096}, DType.BF16, null, 0),
                NormCases.rmsNorm(1, 576, DType.F32, 0, 0, true, true),
                AttentionCases.causal("cached, one query after 511", Sequences.cached(511, 1), 512, 9, 3, 64),
                ElementwiseCases.swiGlu(new long[] {1, 1536}, 0, 0, true, true),
                LossCases.argMax(1, 49_152));
    }

    /** What reading a prompt and training need. */
    public static List<OpCase<? super Backend>> whole() {
        return List.of(
                LinearCases.linear(new int[] {512, 576, 192}, DType.F32, null, 0),
                LinearCases.linear(new int[] {512, 576, 576}, DType.F32, null, 0),
                LinearCases.linear(new int[] {512, 576, 1536}, DType.F32, null, 0),
                LinearCases.linear(new int[] {512, 1536, 576}, DType.F32, null, 0),
                LinearCases.linear(new int[] {512, 576, 1536}, DType.BF16, null, 0),
                LinearCases.linear(new int[] {64, 576, 49_152}, DType.F32, null, 0),
                LinearCases.linear(new int[] {64, 4096, 4096}, DType.BF16, null, 0),
                EmbeddingCases.embedding(new int[] {512, 49_152, 576}, DType.F32),
                NormCases.rmsNorm(512, 576, DType.F32, 0, 0, true, true),
                NormCases.rmsNorm(512, 4096, DType.F32, 0, 0, true, true),
                AttentionCases.rotary(new int[] {512, 9, 64}, false, false, 0),
                AttentionCases.causal("512 tokens", Sequences.packed(512), 512, 9, 3, 64),
                ElementwiseCases.add(new long[] {512, 576}, 1),
                ElementwiseCases.swiGlu(new long[] {512, 1536}, 0, 0, true, true),
                LossCases.crossEntropy(64, 49_152, 0, false),
                OptimizerCases.sumOfSquares(new long[] {1536, 576}, 0),
                OptimizerCases.adamW(new long[] {1536, 576}, 10, false));
    }

    /** The case of that name. */
    public static OpCase<? super Backend> named(String name) {
        return Stream.concat(decoding().stream(), whole().stream()).filter(c -> c.name().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no case named '" + name + "'"));
    }
}
