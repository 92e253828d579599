package org.espalier.format;

import java.util.List;
import java.util.SequencedMap;

/**
 * A model in the words of GGUF.
 *
 * @param vocabulary tokens that the model has room for
 * @param metadata by key, {@code general.architecture} among them: {@code Integer} for counts, {@code Float}, {@code Boolean},
 *                 {@code String}, and arrays of these, {@code int[]} for counts
 * @param tensors  in the order of the file
 */
public record GgufContent(int vocabulary, SequencedMap<String, Object> metadata, List<Tensor> tensors) {

    /**
     * A tensor as the file has it.
     *
     * @param name  the file's own name, such as {@code blk.0.attn_q.weight}
     * @param order how its rows lie in the file
     * @param entry its numbers in Hugging Face's order
     */
    public record Tensor(String name, RowOrder order, TensorEntry entry) {}

    public GgufContent {
        tensors = List.copyOf(tensors);
    }
}
