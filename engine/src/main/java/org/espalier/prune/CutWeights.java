package org.espalier.prune;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.SafetensorsWriter;
import org.espalier.tape.Leaves;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** The pruned model's weights as they are cut from the source, float32, for as long as half a layer needs them. */
final class CutWeights implements Leaves, AutoCloseable {

    private final Backend backend;
    private final Queue queue;
    private final Compactor compactor;
    private final Leaves constants;
    private final Map<String, Tensor> cut = new HashMap<>();

    /** @param constants where what is no parameter comes from */
    CutWeights(Backend backend, Queue queue, Compactor compactor, Leaves constants) {
        this.backend = backend;
        this.queue = queue;
        this.compactor = compactor;
        this.constants = constants;
    }

    @Override
    public Tensor tensor(Value leaf) {
        return leaf.role() == Value.Role.PARAMETER ? weight(leaf.name()) : constants.tensor(leaf);
    }

    /** A weight of the pruned model: what replaced it, or what is left of the source's. */
    Tensor weight(String name) {
        return cut.computeIfAbsent(name, this::load);
    }

    /** Until it is forgotten {@code tensor}, which is this object's from now on, is the weight of this name. */
    void replace(String name, Tensor tensor) {
        Tensor before = cut.put(name, tensor);
        if (before != null) {
            before.buffer().close();
        }
    }

    /** Gives back what there is. */
    void forget() {
        cut.values().forEach(t -> t.buffer().close());
        cut.clear();
    }

    private Tensor load(String name) {
        SafetensorsWriter.Entry entry = compactor.cut(name, DType.F32);
        try (NativeMemory staging = NativeMemory.allocate(entry.bytes(), "what is left of " + name)) {
            long[] filled = {0};
            entry.content().writeTo(bytes -> {
                MemorySegment.copy(bytes, 0, staging.segment(), filled[0], bytes.byteSize());
                filled[0] += bytes.byteSize();
            });
            Tensor tensor = backend.allocate(DType.F32, entry.shape(), "what is left of " + name);
            backend.upload(queue, staging.segment(), tensor);
            queue.finish();
            return tensor;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        forget();
    }
}
