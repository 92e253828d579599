package org.espalier.backend;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.espalier.tensor.DType;

/**
 * Operations at the sizes of models, for measuring speed: SmolLM2-135M (hidden 576, 9 query and 3 key/value heads of 64,
 * 1536 neurons, vocabulary 49,152) and matrices of LLaMA-7B (hidden 4096).
 */
public final class ModelCases {

    private ModelCases() {}

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
                SampleCases.argMax(1, 49_152),
                SampleCases.sample(1, 49_152, new Sampling(0.7, 50, 0.9, 42)));
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
                LayerNormCases.layerNorm(512, 576, DType.F32),
                AttentionCases.rotary(new int[] {512, 9, 64}, false, false, 0),
                AttentionCases.causal("512 tokens", Sequences.packed(512), 512, 9, 3, 64),
                ElementwiseCases.add(new long[] {512, 576}, 1),
                ElementwiseCases.multiply(new long[] {512, 1536}, 0),
                ElementwiseCases.swiGlu(new long[] {512, 1536}, 0, 0, true, true),
                ActivationCases.activation(ActivationFunction.GELU, new long[] {512, 1536}, 0),
                ActivationCases.activation(ActivationFunction.GELU_TANH, new long[] {512, 1536}, 0),
                ActivationCases.activation(ActivationFunction.SILU, new long[] {512, 1536}, 0),
                ColumnCases.parts(0, new long[] {512}, 576, 192, 192),
                LossCases.crossEntropy(64, 49_152, 0, false),
                DistillationCases.distillation(64, 49_152, 1, false, false),
                OptimizerCases.sumOfSquares(new long[] {1536, 576}, 0),
                OptimizerCases.adamW(new long[] {1536, 576}, 10, false));
    }

    /**
     * What every kernel has to do in LLaMA-7B: hidden 4096, 32 heads of 128, 11,008 neurons, vocabulary 32,000, up to 2,048
     * tokens; forwards, backwards, scoring, cutting and training. Each is made when its turn comes: their numbers together
     * would not fit a heap.
     */
    public static Stream<OpCase<? super Backend>> llama7b() {
        return Stream.of(products(), layers(), scoring(), training())
                .flatMap(cases -> cases)
                .map(Supplier::get);
    }

    private static Stream<Supplier<OpCase<? super Backend>>> products() {
        return Stream.of(
                () -> LinearCases.linear(new int[] {1, 4096, 11_008}, DType.BF16, null, 0),
                () -> LinearCases.linear(new int[] {1, 4096, 11_008}, DType.Q4_0, null, 0),
                () -> LinearCases.linear(new int[] {512, 4096, 4096}, DType.F32, null, 0),
                () -> LinearCases.linear(new int[] {512, 4096, 4096}, DType.BF16, DType.F32, 0),
                () -> LinearCases.linear(new int[] {512, 4096, 11_008}, DType.BF16, null, 0),
                () -> LinearCases.linear(new int[] {512, 4096, 11_008}, DType.F16, null, 0),
                () -> LinearCases.linear(new int[] {512, 4096, 11_008}, DType.Q4_0, null, 0));
    }

    private static Stream<Supplier<OpCase<? super Backend>>> layers() {
        return Stream.of(
                () -> EmbeddingCases.embedding(new int[] {2048, 8000, 4096}, DType.BF16),
                () -> EmbeddingCases.scatter(2048, 2048, 32, 128),
                () -> NormCases.rmsNorm(2048, 4096, DType.BF16, 0, 0, true, true),
                () -> LayerNormCases.layerNorm(2048, 4096, DType.BF16),
                () -> AttentionCases.rotary(new int[] {2048, 32, 128}, false, false, 0),
                () -> AttentionCases.rotary(new int[] {2048, 32, 80, 32}, false, false, 0),
                () -> AttentionCases.causal("512 tokens", Sequences.packed(512), 512, 32, 32, 128),
                () -> AttentionCases.causal(
                        "cached, one query after 2047", Sequences.cached(2047, 1), 2048, 32, 32, 128),
                () -> ElementwiseCases.add(new long[] {2048, 4096}, 1),
                () -> ElementwiseCases.accumulate(new long[] {2048, 4096}, 1, 1),
                () -> ElementwiseCases.multiply(new long[] {2048, 11_008}, 0),
                () -> ElementwiseCases.swiGlu(new long[] {2048, 11_008}, 0, 0, true, true),
                () -> ActivationCases.activation(ActivationFunction.GELU, new long[] {2048, 11_008}, 0),
                () -> ActivationCases.activation(ActivationFunction.GELU_TANH, new long[] {2048, 11_008}, 0),
                () -> ColumnCases.parts(0, new long[] {2048}, 4096, 4096, 4096),
                () -> LossCases.crossEntropy(128, 32_000, 0, false),
                () -> DistillationCases.distillation(128, 32_000, 1, false, false));
    }

    private static Stream<Supplier<OpCase<? super Backend>>> scoring() {
        return Stream.of(
                () -> ScoreCases.saliency(Saliency.PARAM_MIX, DType.BF16, 4096, 4096),
                () -> ScoreCases.saliency(Saliency.VECTORIZE, DType.F32, 4096, 4096),
                () -> ScoreCases.saliency(Saliency.L2, DType.Q6_K, 4096, 4096),
                () -> CalibrationCases.squaredGradients(true, 1, 4096, 4096, 64, 64, 64, 64),
                () -> CalibrationCases.columnDots(2048, 4096, false, null, 0),
                () -> SolveCases.correlate(512, 1024, 1024, true, 1),
                () -> CompactCases.gather(
                        DType.BF16,
                        4096,
                        4096,
                        CompactCases.some(4096, 5, 1),
                        CompactCases.some(4096, 5, 2),
                        "four fifths"),
                () -> CompactCases.inPlace(
                        DType.BF16,
                        4096,
                        4096,
                        CompactCases.some(4096, 5, 1),
                        CompactCases.some(4096, 5, 2),
                        "four fifths"));
    }

    private static Stream<Supplier<OpCase<? super Backend>>> training() {
        return Stream.of(
                () -> MemoryCases.convert(DType.BF16, DType.F32, 4096, 4096),
                () -> MemoryCases.convert(DType.Q4_K, DType.F32, 4096, 4096),
                () -> ElementwiseCases.dropout(0, 0.05, 1, 2048, 4096),
                () -> OptimizerCases.sumOfSquares(new long[] {4096, 4096}, 0),
                () -> OptimizerCases.adamW(new long[] {4096, 4096}, 10, false));
    }

    /** Those of SmolLM2-135M, a few at a time. */
    public static Stream<OpCase<? super Backend>> smollm() {
        return Stream.<Supplier<List<OpCase<? super Backend>>>>of(ModelCases::decoding, ModelCases::whole)
                .flatMap(cases -> cases.get().stream());
    }

    /** The case of that name. */
    public static OpCase<? super Backend> named(String name) {
        return Stream.concat(decoding().stream(), whole().stream())
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no case named '" + name + "'"));
    }
}
