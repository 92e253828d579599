package org.espalier.format;

import java.util.List;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.espalier.error.Failure;
import org.espalier.tensor.Shape;

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
     * @param parts its numbers in Hugging Face's order: one tensor, or several of one type and shape that lie one after the other
     *              there, along an axis before theirs
     */
    public record Tensor(String name, RowOrder order, List<TensorEntry> parts) {

        public Tensor {
            parts = List.copyOf(parts);
        }

        /** Of one tensor. */
        public Tensor(String name, RowOrder order, TensorEntry entry) {
            this(name, order, List.of(entry));
        }

        /**
         * Of several.
         *
         * @throws Failure if they are of different types
         */
        public static Tensor stacked(String name, List<TensorEntry> parts) {
            TensorEntry first = parts.getFirst();
            parts.stream()
                    .filter(part -> part.type() != first.type())
                    .findFirst()
                    .ifPresent(other -> {
                        throw new Failure(
                                "it is " + other.type() + ", and " + first.name()
                                        + ", which lies beside it in a GGUF file, is " + first.type(),
                                "tensor " + other.name(),
                                "name one type for all with --dtype");
                    });
            return new Tensor(name, RowOrder.IDENTITY, parts);
        }

        /** All of its numbers as one tensor. */
        public TensorEntry entry() {
            TensorEntry first = parts.getFirst();
            if (parts.size() == 1) {
                return first;
            }
            long[] dims = LongStream.concat(
                            LongStream.of(parts.size()),
                            LongStream.of(first.shape().toArray()))
                    .toArray();
            return new TensorEntry(name, first.type(), Shape.of(dims), sink -> {
                for (TensorEntry part : parts) {
                    part.content().writeTo(sink);
                }
            });
        }

        /** The same place with each part as {@code change} makes it. */
        Tensor with(UnaryOperator<TensorEntry> change) {
            return new Tensor(name, order, parts.stream().map(change).toList());
        }
    }

    public GgufContent {
        tensors = List.copyOf(tensors);
    }
}
