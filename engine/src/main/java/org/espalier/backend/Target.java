package org.espalier.backend;

import org.espalier.tensor.Tensor;

/**
 * Where an operation puts a result: {@code tensor = beta · tensor + result}. In place of a result that nobody wants an
 * operation is given null, where its description allows that.
 *
 * @param tensor of the result's shape
 * @param beta   0 to write the tensor, whatever it held; 1 to add to it
 */
public record Target(Tensor tensor, float beta) {

    /** @throws IllegalArgumentException without a tensor, and for any beta but 0 and 1 */
    public Target {
        if (tensor == null) {
            throw new IllegalArgumentException("a target has no tensor");
        }
        if (beta != 0 && beta != 1) {
            throw new IllegalArgumentException(
                    "beta must be 0 or 1, is " + beta + "; target " + tensor.type() + " " + tensor.shape());
        }
    }

    /** A tensor that is written, whatever it held. */
    public static Target overwrite(Tensor tensor) {
        return new Target(tensor, 0);
    }

    /** A tensor that is added to. */
    public static Target accumulate(Tensor tensor) {
        return new Target(tensor, 1);
    }

    /** Whether the tensor is added to. */
    public boolean accumulates() {
        return beta != 0;
    }
}
