package org.espalier.backend.cuda;

import org.espalier.tensor.DType;

/** What every family of operations on a device has at hand. */
interface CudaOps {

    /** The type of activations and gradients on a CUDA device. */
    DType COMPUTE = DType.F32;

    /** The opened device. */
    CudaSession session();
}
