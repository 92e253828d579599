package org.espalier.backend.cpu;

import org.espalier.tensor.DType;

/** What every family of operations on the processor has at hand. */
interface CpuOps {

    /** The type of activations and gradients on the processor. */
    DType COMPUTE = DType.F32;

    /** The threads and the memory to compute with. */
    CpuSession session();
}
