package org.espalier.backend.cuda;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** The types that the weight of a normalisation may have on a device. */
final class NormWeight {

    private NormWeight() {}

    /**
     * How kernels for a weight of this type are named.
     *
     * @throws IllegalArgumentException if there are none
     */
    static String suffix(String operation, Tensor w) {
        return switch (w.type()) {
            case F32 -> "f32";
            case BF16 -> "bf16";
            case F16 -> "f16";
            default ->
                throw new IllegalArgumentException(operation + ": w must be " + DType.F32 + ", " + DType.BF16 + " or "
                        + DType.F16 + " on a CUDA device; w " + w.type() + " " + w.shape());
        };
    }
}
