package org.espalier.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/**
 * A folder whose weights are 8-bit whole numbers with a scale for each row, as {@link Int8Rows} are. They are computed with as
 * Q8_0, every block of a row with the row's scale, where float16 holds the scales exactly and blocks are whole, else as float32;
 * as such they lie in a scratch file that has no name.
 */
final class Int8Checkpoint implements Checkpoint {

    private final Checkpoint source;
    private final JsonNode config;
    private final ScratchTensors scratch;
    private final SequencedMap<String, StoredTensor> tensors;

    private Int8Checkpoint(Checkpoint source, ScratchTensors scratch, SequencedMap<String, StoredTensor> tensors) {
        this.source = source;
        this.config = source.config().<ObjectNode>deepCopy().without(Int8Config.KEY);
        this.scratch = scratch;
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
    }

    /**
     * The checkpoint, which is closed with what is given or if this fails, ready to be computed with; itself if it is none of
     * this kind.
     *
     * @param weightsNeeded whether weights will be looked at, or names, types and shapes alone
     * @throws Failure if it is of compressed-tensors in another form, or codes and scales do not go together
     */
    static Checkpoint of(Checkpoint source, boolean weightsNeeded) {
        if (!Int8Config.isCompressed(source.config())) {
            return source;
        }
        try {
            String where = source.path().toString();
            Int8Config.require(source.config(), where);
            SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>(source.tensors());
            if (!weightsNeeded) {
                return new Int8Checkpoint(source, ScratchTensors.NONE, tensors);
            }
            List<TensorEntry> decoded = new ArrayList<>();
            for (StoredTensor codes : source.tensors().values()) {
                if (codes.type() == DType.I8) {
                    String name = codes.name() + Int8Rows.SCALE;
                    decoded.add(decoded(codes, scales(codes, tensors.remove(name), where)));
                }
            }
            ScratchTensors scratch = ScratchTensors.of(decoded, where);
            tensors.putAll(scratch.tensors());
            return new Int8Checkpoint(source, scratch, tensors);
        } catch (RuntimeException | Error e) {
            source.close();
            throw e;
        }
    }

    private static float[] scales(StoredTensor codes, StoredTensor stored, String where) {
        boolean fits = codes.shape().rank() == 2
                && stored != null
                && stored.type().floating()
                && stored.shape().elements() == codes.rows();
        if (!fits) {
            throw new Failure(
                    "tensor " + Printable.quoted(codes.name()) + " of codes has no tensor of a scale for each row",
                    where,
                    "fetch or write it again");
        }
        float[] scales = new float[(int) codes.rows()];
        Blocks.decode(stored.type(), stored.bytes(), 0, scales, 0, scales.length);
        return scales;
    }

    private static TensorEntry decoded(StoredTensor codes, float[] scales) {
        boolean blocks = codes.shape().dim(1) % DType.Q8_0.blockElements() == 0;
        for (float scale : scales) {
            blocks &= Float.float16ToFloat(Float.floatToFloat16(scale)) == scale;
        }
        DType type = blocks ? DType.Q8_0 : DType.F32;
        return new TensorEntry(codes.name(), type, codes.shape(), sink -> write(codes, scales, type, sink));
    }

    private static void write(StoredTensor codes, float[] scales, DType type, TensorEntry.Sink sink)
            throws IOException {
        int columns = codes.shape().extent(1);
        float[] numbers = new float[columns];
        try (NativeMemory memory = NativeMemory.allocate(type.bytes(columns), "a row of " + codes.name())) {
            MemorySegment row = memory.segment();
            for (int i = 0; i < scales.length; i++) {
                long at = (long) i * columns;
                if (type == DType.Q8_0) {
                    Blocks.encodeQ8(scales[i], codes.bytes().asSlice(at, columns), row);
                } else {
                    Blocks.decode(DType.I8, codes.bytes(), at, numbers, 0, columns);
                    for (int k = 0; k < columns; k++) {
                        numbers[k] *= scales[i];
                    }
                    Blocks.encode(DType.F32, numbers, 0, row, 0, columns);
                }
                sink.write(row);
            }
        }
    }

    @Override
    public Path path() {
        return source.path();
    }

    @Override
    public JsonNode config() {
        return config;
    }

    @Override
    public SequencedMap<String, StoredTensor> tensors() {
        return tensors;
    }

    @Override
    public Map<String, String> missing() {
        return source.missing();
    }

    @Override
    public List<Path> weightFiles() {
        return source.weightFiles();
    }

    @Override
    public void close() {
        scratch.close();
        source.close();
    }
}
