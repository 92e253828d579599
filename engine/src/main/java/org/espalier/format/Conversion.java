package org.espalier.format;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Function;
import org.espalier.tensor.DType;

/** Any checkpoint as a model to be written, in bounded memory. */
public final class Conversion {

    private Conversion() {}

    /**
     * The configuration and weights of {@code source}, which must stay open until they are written. Rows that GGUF stores
     * interleaved are put in Hugging Face's order, blocks are decoded. Whole-number tensors keep their type. A number that
     * does not fit float16 fails when it is written.
     *
     * @param type F32, BF16 or F16 for all numbers; empty to keep plain types, blocks becoming float32, which holds their
     *             values exactly
     */
    public static ModelContent of(Checkpoint source, Optional<DType> type) {
        return of(source, plain(type));
    }

    /** As above, in the types that a format has for them. */
    public static ModelContent of(Checkpoint source, NumberTypes types) {
        return of(source, types, tensor -> Optional.empty());
    }

    /** As above, where a matrix that {@code edits} has an edit for is changed on its way. */
    static ModelContent of(
            Checkpoint source, NumberTypes types, Function<StoredTensor, Optional<NumberStream.RowEdit>> edits) {
        return types.finished(ModelContent.of(
                (ObjectNode) source.config(),
                source.tensors().values().stream()
                        .map(tensor -> entry(
                                tensor, types.of(tensor.name(), tensor.shape(), tensor.type()), edits.apply(tensor)))
                        .toList()));
    }

    /** The type that numbers stored so are written in: the one asked for, else their own, else what holds them exactly. */
    public static DType target(DType stored, Optional<DType> requested) {
        if (!stored.floating()) {
            return stored;
        }
        return requested.orElse(stored.plain() ? stored : DType.F32);
    }

    /** One type for all numbers, or for each its own as far as that is plain. */
    public static NumberTypes plain(Optional<DType> requested) {
        return (_, _, stored) -> target(stored, requested);
    }

    /** A tensor that is written in another type. */
    static TensorEntry entry(StoredTensor tensor, DType target) {
        return entry(tensor, target, Optional.empty());
    }

    private static TensorEntry entry(StoredTensor tensor, DType target, Optional<NumberStream.RowEdit> edit) {
        return new TensorEntry(tensor.name(), target, tensor.shape(), sink -> {
            if (edit.isPresent()) {
                NumberStream.write(tensor, target, edit.get(), sink);
            } else if (target == tensor.type()) {
                copy(tensor, sink);
            } else {
                NumberStream.write(tensor, target, sink);
            }
        });
    }

    private static void copy(StoredTensor tensor, TensorEntry.Sink sink) throws IOException {
        if (tensor.order().identity()) {
            sink.write(tensor.bytes());
            return;
        }
        for (long row = 0; row < tensor.rows(); row++) {
            sink.write(tensor.bytes().asSlice(tensor.rowOffset(row), tensor.rowBytes()));
        }
    }
}
