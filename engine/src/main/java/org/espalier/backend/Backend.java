package org.espalier.backend;

/**
 * Everything a model needs of a device. Shapes are checked before any native code sees them; a violation is an
 * {@link IllegalArgumentException} that names the operation and the shapes. The same inputs give the same bytes, at any
 * number of threads.
 */
public interface Backend
        extends MemoryOps,
                EmbeddingOps,
                LinearOps,
                NormOps,
                LayerNormOps,
                AttentionOps,
                ElementwiseOps,
                ActivationOps,
                ColumnOps,
                ExpertOps,
                LossOps,
                DistillationOps,
                SampleOps,
                OptimizerOps,
                ScoreOps,
                CompactOps,
                SolveOps,
                CalibrationOps {}
