package org.espalier.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** A model in a GGUF file, or in several, under Hugging Face's names and configuration. */
final class GgufCheckpoint implements Checkpoint {

    private final GgufFile file;
    /** Of tensors that the file leaves out. */
    private final Arena filled;
    /** Tensors to whose numbers the file adds something. */
    private final ScratchTensors lessened;

    private final JsonNode config;
    private final SequencedMap<String, StoredTensor> tensors;

    private GgufCheckpoint(
            GgufFile file,
            Arena filled,
            ScratchTensors lessened,
            JsonNode config,
            SequencedMap<String, StoredTensor> tensors) {
        this.file = file;
        this.filled = filled;
        this.lessened = lessened;
        this.config = config;
        this.tensors = tensors;
    }

    @SuppressWarnings("MustBeClosed") // the checkpoint owns the arena, and closes it
    static GgufCheckpoint open(Path path) {
        GgufFile file = GgufParts.open(path);
        Arena filled = Arena.ofShared();
        try {
            GgufModel model = GgufFamilies.read(file);
            SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
            List<TensorEntry> less = new ArrayList<>();
            for (GgufFile.Entry entry : file.tensors().values()) {
                List<String> parts = model.parts(entry.name());
                if (!parts.isEmpty()) {
                    putParts(tensors, file, entry, parts);
                } else if (!model.ignored(entry.name())) {
                    GgufModel.Place place = place(file, model, entry);
                    StoredTensor tensor = named(file, place, entry);
                    tensors.put(tensor.name(), tensor);
                    // Whatever else stands there is refused when it is bound.
                    boolean vector = tensor.shape().rank() == 1
                            && tensor.type().plain()
                            && tensor.type().floating();
                    if (place.added() != 0 && vector) {
                        less.add(less(tensor, place.added()));
                    }
                }
            }
            JsonNode config = model.config();
            for (GgufModel.Zeros zeros : model.zeros()) {
                MemorySegment bytes = filled.allocate(DType.F32.bytes(zeros.length()));
                tensors.put(
                        zeros.name(),
                        new StoredTensor(zeros.name(), DType.F32, Shape.of(zeros.length()), bytes, RowOrder.IDENTITY));
            }
            ScratchTensors lessened = ScratchTensors.of(less, path.toString());
            tensors.putAll(lessened.tensors());
            return new GgufCheckpoint(file, filled, lessened, config, Collections.unmodifiableSequencedMap(tensors));
        } catch (RuntimeException e) {
            filled.close();
            file.close();
            throw e;
        }
    }

    /** The matrices of a tensor of three axes, each under its own name. */
    private static void putParts(
            Map<String, StoredTensor> tensors, GgufFile file, GgufFile.Entry entry, List<String> names) {
        if (entry.shape().rank() != 3 || entry.shape().dim(0) != names.size()) {
            throw new Failure(
                    "tensor " + Printable.quoted(entry.name()) + " is " + entry.shape() + ", not " + names.size()
                            + " matrices",
                    file.path().toString(),
                    GgufCursor.ADVICE);
        }
        Shape shape = Shape.of(entry.shape().dim(1), entry.shape().dim(2));
        long bytes = entry.type().bytes(shape.elements());
        for (int i = 0; i < names.size(); i++) {
            MemorySegment own = entry.bytes().asSlice(i * bytes, bytes);
            tensors.put(names.get(i), new StoredTensor(names.get(i), entry.type(), shape, own, RowOrder.IDENTITY));
        }
    }

    private static GgufModel.Place place(GgufFile file, GgufModel model, GgufFile.Entry entry) {
        return model.place(entry.name())
                .orElseThrow(() -> new Failure(
                        "tensor " + Printable.quoted(entry.name()) + " has no place in " + model.description(),
                        file.path().toString(),
                        "use a model without it"));
    }

    /** The numbers without what the file adds to each, in float32. */
    private static TensorEntry less(StoredTensor stored, float added) {
        return new TensorEntry(
                stored.name(),
                DType.F32,
                stored.shape(),
                sink -> NumberStream.write(
                        stored,
                        DType.F32,
                        (_, numbers) -> {
                            for (int i = 0; i < numbers.length; i++) {
                                numbers[i] -= added;
                            }
                        },
                        sink));
    }

    private static StoredTensor named(GgufFile file, GgufModel.Place place, GgufFile.Entry entry) {
        RowOrder order = place.order();
        StoredTensor tensor = new StoredTensor(place.name(), entry.type(), entry.shape(), entry.bytes(), order);
        boolean rowsAreBlocks = entry.shape().rank() == 2
                || entry.shape().rank() == 1 && entry.type().plain();
        if (!order.identity() && (!rowsAreBlocks || tensor.rows() != order.rows())) {
            throw new Failure(
                    "tensor " + Printable.quoted(entry.name()) + " is " + entry.type() + " " + entry.shape() + ", not "
                            + order.blocks() + " times " + order.blockRows() + " rows",
                    file.path().toString(),
                    GgufCursor.ADVICE);
        }
        return tensor;
    }

    @Override
    public Path path() {
        return file.path();
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
    public Optional<Map<String, Object>> ggufMetadata() {
        return Optional.of(file.metadata());
    }

    @Override
    public List<Path> weightFiles() {
        return file.paths();
    }

    @Override
    public void close() {
        lessened.close();
        filled.close();
        file.close();
    }
}
