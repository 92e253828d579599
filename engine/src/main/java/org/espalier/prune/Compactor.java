package org.espalier.prune;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.Checkpoint;
import org.espalier.format.ModelContent;
import org.espalier.format.StoredTensor;
import org.espalier.format.TensorEntry;
import org.espalier.model.ConfigWriter;
import org.espalier.model.Llama;
import org.espalier.model.ModelConfig;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** Cuts the removed units out of a checkpoint: the rows and columns that stay, in a new one. */
public final class Compactor {

    private final Checkpoint source;
    private final Tape whole;
    private final Selection selection;
    private final Optional<DType> type;

    /**
     * @param type how to store what is left; empty keeps plain types and turns blocks, whose rows cannot be cut, into
     *             float32
     */
    public Compactor(Checkpoint source, ModelConfig config, Selection selection, Optional<DType> type) {
        this.source = source;
        this.whole = new Llama(config).shape();
        this.selection = selection;
        this.type = type;
    }

    /** What is left, without a tokenizer's files. The source must stay open until it has been written. */
    public ModelContent content() {
        return content(Compensated.nothing(selection.after()));
    }

    /** As above, with weights and biases that make up for what is gone; they must stay open as well. */
    public ModelContent content(Compensated compensated) {
        ObjectNode json = source.config().deepCopy();
        ConfigWriter.sizes(json, compensated.config());
        if (compensated.config().outputBias() && compensated.config().mlpBias()) {
            ConfigWriter.everyBias(json, compensated.config());
        }
        return ModelContent.of(
                json,
                new Llama(compensated.config())
                        .shape().leaves(Value.Role.PARAMETER).stream()
                                .map(parameter -> entry(parameter, compensated))
                                .toList());
    }

    private TensorEntry entry(Value parameter, Compensated compensated) {
        String name = parameter.name();
        StoredTensor stored = source.tensors().get(selection.sourceName(name));
        DType to = type.orElse(stored != null && stored.type().plain() ? stored.type() : DType.F32);
        if (compensated.has(name)) {
            return compensated.entry(name, to);
        }
        return stored == null ? zeros(parameter, to) : cut(name, to);
    }

    /** What stays of the source's tensor for a parameter of the smaller model. */
    private TensorEntry cut(String name, DType to) {
        String sourceName = selection.sourceName(name);
        StoredTensor stored = source.tensors().get(sourceName);
        Value parameter = whole.leaf(sourceName);
        int[] first = selection.kept(parameter, 0);
        if (parameter.shape().rank() == 1) {
            Cut cut = new Cut(stored, new int[] {0}, first, parameter.shape().extent(0), to);
            return new TensorEntry(name, to, Shape.of(first.length), cut::writeTo);
        }
        int[] columns = selection.kept(parameter, 1);
        Cut cut = new Cut(stored, first, columns, parameter.shape().extent(1), to);
        return new TensorEntry(name, to, Shape.of(first.length, columns.length), cut::writeTo);
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
            int from = 0;
            while (from < rows.length) {
                int end = from + 1;
                while (end < rows.length && rows[end] == rows[end - 1] + 1) {
                    end++;
                }
                sink.write(stored.bytes().asSlice(offset(rows[from]), (end - from) * to.bytes(width)));
                from = end;
            }
        }

        private long offset(int row) {
            return stored.shape().rank() == 1 ? 0 : stored.rowOffset(row);
        }

        private void gatherRows(TensorEntry.Sink sink) throws IOException {
            int staged = Math.clamp(STAGED_NUMBERS / Math.max(1, columns.length), 1, Math.max(1, rows.length));
            long rowBytes = to.bytes(columns.length);
            try (NativeMemory staging = NativeMemory.allocate(staged * rowBytes, "rows of " + stored.name())) {
                for (int from = 0; from < rows.length; from += staged) {
                    int count = Math.min(staged, rows.length - from);
                    gather(from, count, staging.segment());
                    sink.write(staging.segment().asSlice(0, count * rowBytes));
                }
            }
        }

        private void gather(int from, int count, MemorySegment target) {
            float[] whole = new float[width];
            float[] kept = new float[columns.length];
            for (int r = 0; r < count; r++) {
                Blocks.decode(stored.type(), stored.bytes(), offset(rows[from + r]), whole, 0, width);
                for (int k = 0; k < kept.length; k++) {
                    kept[k] = whole[columns[k]];
                }
                Blocks.encode(to, kept, 0, target, r * to.bytes(kept.length), kept.length);
            }
        }
    }
}
