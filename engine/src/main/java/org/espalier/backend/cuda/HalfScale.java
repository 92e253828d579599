package org.espalier.backend.cuda;

import org.espalier.tensor.Tensor;

/**
 * Launches {@code half_scale.cu}: rounds float32 numbers to float16 after a multiplication by a power of two that brings the
 * largest of them close to the largest float16 number.
 */
final class HalfScale {

    private static final String FILE = "half_scale";
    /** The most blocks that look for the largest number, each of which leaves one. */
    private static final int MOST_BLOCKS = 1024;
    /** As the kernel leaves them: the scale, its inverse, 0 and 1. */
    private static final int FACTORS = 4;

    private final CudaSession session;
    private final CudaQueue queue;
    private final CublasHandle handle;

    HalfScale(CudaSession session, CudaQueue queue, CublasHandle handle) {
        this.session = session;
        this.queue = queue;
        this.handle = handle;
    }

    /**
     * {@code narrow = scale x}, both of as many numbers.
     *
     * @param operation what it is part of
     * @return what undoes it in the product that is queued next
     */
    CublasHandle.Factors round(Tensor x, Tensor narrow, String operation) {
        long count = x.shape().elements();
        Tensor room = handle.factors(FACTORS + MOST_BLOCKS);
        Tensor factors = room.slice(0, FACTORS);
        CudaGrid filling = session.filling(count);
        int blocks = Math.min(MOST_BLOCKS, filling.blocksX());
        Tensor partials = room.slice(FACTORS, FACTORS + blocks);
        try (CudaKernel.Call call = session.call(queue, FILE, "largest_partial")) {
            call.tensor(x)
                    .tensor(partials)
                    .number(count)
                    .launch(CudaGrid.of(blocks, CudaGrid.THREADS), operation, x.shape());
        }
        try (CudaKernel.Call call = session.call(queue, FILE, "half_scale")) {
            call.tensor(partials)
                    .number(blocks)
                    .tensor(factors)
                    .launch(CudaGrid.of(1, CudaGrid.THREADS), operation, x.shape());
        }
        try (CudaKernel.Call call = session.call(queue, FILE, "half_scaled")) {
            call.tensor(x).tensor(factors).tensor(narrow).number(count).launch(filling, operation, x.shape());
        }
        long first = CudaBuffer.address(factors, queue);
        return new CublasHandle.Factors(first + Float.BYTES, first + 2 * Float.BYTES, first + 3 * Float.BYTES);
    }
}
