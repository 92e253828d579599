package org.espalier.tape;

import org.espalier.tensor.Tensor;

/** Where the numbers of parameters, constants and states are. Asked each time a leaf is used, so that it may move. */
@FunctionalInterface
public interface Leaves {

    /**
     * The tensor of a leaf, of the leaf's shape.
     *
     * @throws org.espalier.error.Failure if it cannot be had
     */
    Tensor tensor(Value leaf);
}
