package org.espalier.backend.cuda;

import java.util.function.BiFunction;
import org.espalier.backend.Precision;
import org.espalier.backend.Queue;

/** An opened device: its context and memory, and what a backend's operations share. */
final class CudaSession implements AutoCloseable {

    private final CudaContext context;
    private final CudaAllocator memory;
    private final CublasPool products;
    private final CudaModules modules;
    private final CudaStaging staging;
    private final Precision precision;
    private final int panel;
    private boolean closed;

    private CudaSession(
            CudaContext context,
            CudaAllocator memory,
            CublasPool products,
            CudaModules modules,
            Precision precision,
            int panel) {
        this.context = context;
        this.memory = memory;
        this.products = products;
        this.modules = modules;
        this.staging = new CudaStaging(context);
        this.precision = precision;
        this.panel = panel;
    }

    /**
     * Opens a device.
     *
     * @param ordinal   which one, counted from 0
     * @param precision of linear layers
     * @param panel     numbers of an operand of a linear layer that are converted at once; one row at least
     * @param loader    what loads kernels, by the name of their source file
     * @throws org.espalier.error.Failure if there is no driver, no such device or no cuBLAS, they do not suit this build, or
     *                                  it has no kernels
     */
    static CudaSession open(
            int ordinal, Precision precision, int panel, BiFunction<CudaContext, String, CudaModule> loader) {
        KernelFiles.requireKernels();
        CudaContext context = CudaContext.open(ordinal);
        CudaAllocator memory = null;
        try {
            memory = CudaAllocator.open(context);
            return new CudaSession(
                    context,
                    memory,
                    CublasPool.open(context, memory),
                    new CudaModules(context, loader),
                    precision,
                    panel);
        } catch (RuntimeException e) {
            if (memory != null) {
                memory.close();
            }
            context.close();
            throw e;
        }
    }

    CudaContext context() {
        return context;
    }

    CudaAllocator memory() {
        return memory;
    }

    CudaStaging staging() {
        return staging;
    }

    CublasPool products() {
        return products;
    }

    /** Of linear layers. */
    Precision precision() {
        return precision;
    }

    /** Numbers of an operand of a linear layer that are converted at once. */
    int panel() {
        return panel;
    }

    /**
     * A queue of this device.
     *
     * @throws IllegalArgumentException for a queue of another backend
     */
    CudaQueue ownQueue(Queue queue) {
        if (queue instanceof CudaQueue stream && stream.context() == context) {
            return stream;
        }
        throw new IllegalArgumentException("the queue is not of this backend");
    }

    /**
     * Begins a call of a kernel of a source file, for example {@code call(queue, "rmsnorm", "rmsnorm_forward_f32")}.
     *
     * @throws IllegalArgumentException for a queue of another backend
     */
    CudaKernel.Call call(Queue queue, String file, String kernel) {
        return modules.kernel(file, kernel).on(ownQueue(queue));
    }

    /** A grid whose threads walk over so many numbers. */
    CudaGrid filling(long count) {
        return CudaGrid.filling(context, count);
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try (context;
                memory;
                modules;
                staging;
                products) {
            // A fault that nobody has seen is thrown here; giving back is silent after it.
            context.settle();
        }
    }
}
