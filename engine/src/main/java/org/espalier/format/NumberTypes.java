package org.espalier.format;

import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** In which type each tensor of a model is stored. */
@FunctionalInterface
public interface NumberTypes {

    /**
     * The type of a tensor.
     *
     * @param name   Hugging Face's name
     * @param shape  PyTorch's layout, such as {@code [out, in]}
     * @param stored how its numbers are stored where they come from
     */
    DType of(String name, Shape shape, DType stored);

    /** A model whose tensors have these types, with what is left to do when it is written. */
    default ModelContent finished(ModelContent model) {
        return model;
    }
}
