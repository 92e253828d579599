package org.espalier.format;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** The model of a GGUF file in Hugging Face's words. */
public interface GgufModel {

    /**
     * A tensor of the model.
     *
     * @param name  Hugging Face's name
     * @param order how its rows lie in the file
     * @param added to its numbers in the file
     */
    record Place(String name, RowOrder order, float added) {}

    /**
     * A vector of zeros that the file leaves out.
     *
     * @param name Hugging Face's name
     */
    record Zeros(String name, int length) {}

    /**
     * The model's {@code config.json}.
     *
     * @throws org.espalier.error.Failure if it cannot be told from the file
     */
    ObjectNode config();

    /** Whether a tensor is none of the model's own, but says something of its configuration. */
    boolean ignored(String tensor);

    /** What the file's tensor of this name is, or nothing for one that such a model does not have. */
    Optional<Place> place(String tensor);

    /**
     * Hugging Face's names of the matrices that a tensor of three axes holds one after the other, such as those of experts; empty
     * for a tensor that is one there, too.
     */
    default List<String> parts(String tensor) {
        return List.of();
    }

    /** What the model has beside the tensors of the file. */
    default List<Zeros> zeros() {
        return List.of();
    }

    /** For messages: {@code a LLaMA-like model of 2 layers}. */
    String description();
}
