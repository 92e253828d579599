package org.espalier.backend.cuda;

import java.util.List;
import java.util.function.BiFunction;
import org.espalier.backend.Backend;
import org.espalier.backend.Precision;
import org.espalier.backend.Queue;

/**
 * Float32 on an NVIDIA device, through the CUDA driver. Work is queued on streams; a fault in it surfaces as a
 * {@link org.espalier.error.Failure} where the host waits: in {@link Queue#finish()}, a read-back, or the next call. The
 * same inputs give the same bytes on the same kind of device.
 */
public final class CudaBackend
        implements Backend,
                CudaMemory,
                CudaEmbedding,
                CudaLinear,
                CudaNorm,
                CudaLayerNorm,
                CudaAttention,
                CudaElementwise,
                CudaActivation,
                CudaColumns,
                CudaExperts,
                CudaLoss,
                CudaDistillation,
                CudaSample,
                CudaOptimizer,
                CudaScore,
                CudaCompact,
                CudaSolve,
                CudaCalibration {

    private final CudaSession session;

    private CudaBackend(CudaSession session) {
        this.session = session;
    }

    /** As {@link #open(int, Precision)}, with {@link Precision#FLOAT32}. */
    public static CudaBackend open(int ordinal) {
        return open(ordinal, Precision.FLOAT32);
    }

    /**
     * Opens a device.
     *
     * @param ordinal   which one, counted from 0
     * @param precision of linear layers
     * @throws org.espalier.error.Failure if there is no driver, no such device or no cuBLAS, they do not suit
     *                                  this build, or it has no kernels
     */
    public static CudaBackend open(int ordinal, Precision precision) {
        return open(ordinal, precision, CudaProducts.PANEL);
    }

    /** As above, with linear layers that convert so many numbers at once. */
    static CudaBackend open(int ordinal, Precision precision, int panel) {
        return open(ordinal, precision, panel, CudaModule::load);
    }

    /** As above, with kernels that something else loads, by the name of their source file. */
    static CudaBackend open(
            int ordinal, Precision precision, int panel, BiFunction<CudaContext, String, CudaModule> loader) {
        return new CudaBackend(CudaSession.open(ordinal, precision, panel, loader));
    }

    @Override
    public CudaSession session() {
        return session;
    }

    /** Bytes of the device that nobody uses. */
    public long freeBytes() {
        return session.memory().free();
    }

    /** The version of cuBLAS, for example {@code 13.1.0}. */
    public String cublasVersion() {
        return session.products().version();
    }

    /** The most bytes of device memory that were allocated at once since the device was opened. */
    public long peakBytes() {
        return session.memory().peak();
    }

    /** Device memory that is allocated and not closed, one line each; for tests and leak reports. */
    public List<String> outstanding() {
        return session.memory().outstanding();
    }

    @Override
    public void close() {
        session.close();
    }
}
