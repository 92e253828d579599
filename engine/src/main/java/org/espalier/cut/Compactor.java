package org.espalier.cut;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.Checkpoint;
import org.espalier.format.Conversion;
import org.espalier.format.ModelContent;
import org.espalier.format.NumberTypes;
import org.espalier.format.StoredTensor;
import org.espalier.format.TensorEntry;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.PrunedConfig;
import org.espalier.model.Transformer;
import org.espalier.tape.Value;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** Cuts the removed units out of a checkpoint: the rows and columns that stay, in a new one. */
public final class Compactor {

    private static final String LAYER_TYPES = "layer_types";

    private final Checkpoint source;
    private final ModelConfig config;
    private final Selection selection;
    private final NumberTypes types;

    /**
     * @param type how to store what is left; empty keeps plain types and turns blocks, whose rows cannot be cut, into
     *             float32
     */
    public Compactor(Checkpoint source, ModelConfig config, Selection selection, Optional<DType> type) {
        this(source, config, selection, Conversion.plain(type));
    }

    /** @param types in which what is left is stored */
    public Compactor(Checkpoint source, ModelConfig config, Selection selection, NumberTypes types) {
        this.source = source;
        this.config = config;
        this.selection = selection;
        this.types = types;
    }

    /** What is left, without a tokenizer's files. The source must stay open until it has been written. */
    public ModelContent content() {
        return content(Compensated.nothing(config, selection));
    }

    /** As above, with weights and biases that make up for what is gone; they must stay open as well. */
    public ModelContent content(Compensated compensated) {
        ModelConfig left = compensated.config();
        ObjectNode json = source.config().deepCopy();
        Architectures.of(left).resize(json, left);
        keepEntriesOfLayers(json);
        if (compensated.biased()) {
            Architectures.of(left).addBranchBiases(json, left);
        }
        Structure smaller = Structure.of(new Transformer(left).shape());
        List<TensorEntry> entries = new ArrayList<>();
        for (Value parameter : smaller.tape().leaves(Value.Role.PARAMETER)) {
            String name = PrunedConfig.sourceName(config, selection, parameter.name(), smaller.layer(parameter));
            entries.add(entry(parameter, name, compensated));
        }
        return types.finished(ModelContent.of(json, entries));
    }

    /** A list with an entry for each layer keeps those of the layers that stay: other readers count them. */
    private void keepEntriesOfLayers(ObjectNode json) {
        if (json.path(LAYER_TYPES) instanceof ArrayNode types
                && types.size() == config.layers().size()) {
            ArrayNode kept = json.arrayNode();
            for (int layer : selection.keptLayers()) {
                kept.add(types.get(layer));
            }
            json.set(LAYER_TYPES, kept);
        }
    }

    private TensorEntry entry(Value parameter, String sourceName, Compensated compensated) {
        StoredTensor stored = source.tensors().get(sourceName);
        DType to = types.of(parameter.name(), parameter.shape(), stored == null ? DType.F32 : stored.type());
        if (compensated.has(sourceName)) {
            return compensated.entry(sourceName, parameter.name(), to);
        }
        return stored == null ? zeros(parameter, to) : cut(parameter, stored, to);
    }

    /** What stays of the source's tensor for a parameter of the smaller model. */
    private TensorEntry cut(Value smaller, StoredTensor stored, DType to) {
        Value parameter = selection.structure().tape().leaf(stored.name());
        Shape left = selection.shape(parameter);
        if (!left.equals(smaller.shape())) {
            throw new Failure(
                    "what is left of '" + stored.name() + "' has shape " + left + ", and the configuration says "
                            + smaller.shape(),
                    source.path().toString(),
                    "leave out units that a configuration of this type cannot express");
        }
        int[] first = selection.kept(parameter, 0);
        if (parameter.shape().rank() == 1) {
            Cut cut = new Cut(stored, new int[] {0}, first, parameter.shape().extent(0), to);
            return new TensorEntry(smaller.name(), to, left, cut::writeTo);
        }
        Cut cut = new Cut(
                stored, first, selection.kept(parameter, 1), parameter.shape().extent(1), to);
        return new TensorEntry(smaller.name(), to, left, cut::writeTo);
    }

    /** A bias that the architecture asks for beside the one that is wanted. */
    private static TensorEntry zeros(Value parameter, DType to) {
        return new TensorEntry(parameter.name(), to, parameter.shape(), sink -> {
            try (NativeMemory zeros =
                    NativeMemory.allocate(to.bytes(parameter.shape().elements()), parameter.name())) {
                sink.write(zeros.segment().fill((byte) 0));
            }
        });
    }

    /** The rows and columns of one tensor that stay; a vector is one row. */
    private record Cut(StoredTensor stored, int[] rows, int[] columns, int width, DType to) {

        private static final int STAGED_NUMBERS = 1 << 18;

        void writeTo(TensorEntry.Sink sink) throws IOException {
            if (to == stored.type() && columns.length == width) {
                copyRows(sink);
            } else {
                gatherRows(sink);
            }
        }

        /** Rows that stay whole go out as they lie, as many at once as lie side by side. */
        private void copyRows(TensorEntry.Sink sink) throws IOException {
            int start = 0;
            while (start < rows.length) {
                int end = start + 1;
                while (end < rows.length && follows(rows[end], rows[end - 1])) {
                    end++;
                }
                sink.write(stored.bytes().asSlice(offset(rows[start]), (end - start) * to.bytes(width)));
                start = end;
            }
        }

        /** A file may have its rows in another order, so that those with neighbouring numbers are apart. */
        private boolean follows(int row, int before) {
            return offset(row) == offset(before) + stored.rowBytes();
        }

        private long offset(int row) {
            return stored.shape().rank() == 1 ? 0 : stored.rowOffset(row);
        }

        private void gatherRows(TensorEntry.Sink sink) throws IOException {
            int staged = Math.clamp(STAGED_NUMBERS / Math.max(1, columns.length), 1, Math.max(1, rows.length));
            long rowBytes = to.bytes(columns.length);
            try (NativeMemory staging = NativeMemory.allocate(staged * rowBytes, "rows of " + stored.name())) {
                for (int start = 0; start < rows.length; start += staged) {
                    int count = Math.min(staged, rows.length - start);
                    gather(start, count, staging.segment());
                    sink.write(staging.segment().asSlice(0, count * rowBytes));
                }
            }
        }

        private void gather(int start, int count, MemorySegment target) {
            float[] whole = new float[width];
            float[] kept = new float[columns.length];
            for (int r = 0; r < count; r++) {
                Blocks.decode(stored.type(), stored.bytes(), offset(rows[start + r]), whole, 0, width);
                for (int k = 0; k < kept.length; k++) {
                    kept[k] = whole[columns[k]];
                }
                Blocks.encode(to, kept, 0, target, r * to.bytes(kept.length), kept.length);
            }
        }
    }
}
