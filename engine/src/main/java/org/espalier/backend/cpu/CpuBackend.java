package org.espalier.backend.cpu;

import org.espalier.backend.Backend;
import org.espalier.backend.Precision;

/**
 * Float32 on the processor: OpenBLAS in tiles, the Vector API for the rest, a pool of threads around both. Every result is
 * the same to the bit at any number of threads, and interpreted or compiled. Operations are done when they return. One
 * thread at a time may use it; {@link #close()} gives back its threads and its working memory.
 */
public final class CpuBackend
        implements Backend,
                CpuMemory,
                CpuEmbedding,
                CpuLinear,
                CpuNorm,
                CpuLayerNorm,
                CpuAttention,
                CpuElementwise,
                CpuActivation,
                CpuColumns,
                CpuExperts,
                CpuLoss,
                CpuDistillation,
                CpuSample,
                CpuOptimizer,
                CpuScore,
                CpuCompact,
                CpuSolve,
                CpuCalibration {

    private final CpuSession session;

    /**
     * Computes in float32.
     *
     * @param threads how many threads compute, the calling one among them
     */
    public CpuBackend(int threads) {
        this(threads, Precision.FLOAT32);
    }

    /**
     * Computes as exactly as asked for.
     *
     * @param threads   how many threads compute, the calling one among them
     * @param precision of the products of linear layers; {@link Precision#TF32}, which processors lack, is float32
     */
    public CpuBackend(int threads, Precision precision) {
        session = new CpuSession(threads, precision);
    }

    @Override
    public CpuSession session() {
        return session;
    }

    @Override
    public void close() {
        session.close();
    }
}
