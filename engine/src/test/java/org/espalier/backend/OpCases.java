package org.espalier.backend;

import java.util.List;
import java.util.stream.Stream;

/**
 * The one list of operation cases that correctness, gradients and speed are measured on. A backend that has only some
 * families takes theirs.
 */
public final class OpCases {

    private OpCases() {}

    public static List<OpCase<MemoryOps>> memory() {
        return MemoryCases.all();
    }

    public static List<OpCase<EmbeddingOps>> embedding() {
        return EmbeddingCases.all();
    }

    public static List<OpCase<LinearOps>> linear() {
        return LinearCases.all();
    }

    public static List<OpCase<NormOps>> norm() {
        return NormCases.all();
    }

    public static List<OpCase<LayerNormOps>> layerNorm() {
        return LayerNormCases.all();
    }

    public static List<OpCase<AttentionOps>> attention() {
        return AttentionCases.all();
    }

    public static List<OpCase<ElementwiseOps>> elementwise() {
        return ElementwiseCases.all();
    }

    public static List<OpCase<ActivationOps>> activation() {
        return ActivationCases.all();
    }

    public static List<OpCase<ColumnOps>> column() {
        return ColumnCases.all();
    }

    public static List<OpCase<ExpertOps>> expert() {
        return ExpertCases.all();
    }

    public static List<OpCase<LossOps>> loss() {
        return LossCases.all();
    }

    public static List<OpCase<DistillationOps>> distillation() {
        return DistillationCases.all();
    }

    public static List<OpCase<SampleOps>> sample() {
        return SampleCases.all();
    }

    public static List<OpCase<OptimizerOps>> optimizer() {
        return OptimizerCases.all();
    }

    public static List<OpCase<ScoreOps>> score() {
        return ScoreCases.all();
    }

    public static List<OpCase<SolveOps>> solve() {
        return SolveCases.all();
    }

    public static List<OpCase<CalibrationOps>> calibration() {
        return CalibrationCases.all();
    }

    public static List<OpCase<CompactOps>> compact() {
        return CompactCases.all();
    }

    /** Every family: what a whole backend is tested on. */
    public static Stream<OpCase<? super Backend>> all() {
        return Stream.<List<? extends OpCase<? super Backend>>>of(
                        memory(),
                        embedding(),
                        linear(),
                        norm(),
                        layerNorm(),
                        attention(),
                        elementwise(),
                        activation(),
                        column(),
                        expert(),
                        loss(),
                        distillation(),
                        sample(),
                        optimizer(),
                        score(),
                        compact(),
                        solve(),
                        calibration())
                .flatMap(List::stream);
    }
}
