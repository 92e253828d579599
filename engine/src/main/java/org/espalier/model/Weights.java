package org.espalier.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.ffi.Failure;
import org.espalier.ffi.MappedPages;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.StoredTensor;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * The weights of a model on a device, by Hugging Face name. Weights of a mapped checkpoint stay where they are and in their
 * stored type; only matrices whose rows lie in another order are copied, in that type.
 */
public final class Weights implements AutoCloseable {

    /** Old checkpoints store what is computed from the configuration. */
    private static final String COMPUTED = "rotary_emb.inv_freq";

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final List<NativeMemory> owned = new ArrayList<>();
    /** Where weights lie in mapped files. */
    private final Map<String, MemorySegment> mapped = new HashMap<>();

    private Weights() {
    }

    /**
     * Binds every parameter of {@code tape} to the checkpoint's tensor of that name. The checkpoint must stay open.
     *
     * @throws Failure if one is missing, has another shape or an unusable type, or if the checkpoint has a weight that the
     *                 model does not
     */
    public static Weights bind(Backend backend, Tape tape, Map<String, StoredTensor> stored, String where) {
        Weights weights = new Weights();
        try (Queue queue = backend.newQueue()) {
            refuseUnknown(tape, stored, where);
            for (Value parameter : tape.leaves(Value.Role.PARAMETER)) {
                weights.bind(backend, queue, parameter, stored.get(parameter.name()), where);
            }
            queue.finish();
            return weights;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    /** Weights on the device already, whose buffers are closed with this. */
    public static Weights owning(Map<String, Tensor> tensors) {
        Weights weights = new Weights();
        weights.tensors.putAll(tensors);
        return weights;
    }

    /** The tensor of this name. */
    public Tensor tensor(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no weight '" + name + "'");
        }
        return tensor;
    }

    /** All weights, in the tape's order. */
    public Map<String, Tensor> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    /** Has a mapped weight read from the disk while other work goes on; nothing for weights that lie elsewhere. */
    public void ask(String name) {
        if (mapped.containsKey(name)) {
            MappedPages.ask(mapped.get(name));
        }
    }

    /** Lets go of a mapped weight's pages until it is used again; nothing for weights that lie elsewhere. */
    public void release(String name) {
        if (mapped.containsKey(name)) {
            MappedPages.release(mapped.get(name));
        }
    }

    private void bind(Backend backend, Queue queue, Value parameter, StoredTensor stored, String where) {
        check(parameter, stored, where);
        Tensor tensor;
        if (stored.order().identity()) {
            tensor = backend.weight(queue, stored.bytes(), stored.type(), parameter.shape());
            mapped.put(parameter.name(), stored.bytes());
        } else {
            NativeMemory reordered = NativeMemory.allocate(stored.bytes().byteSize(), "reordered " + stored.name());
            owned.add(reordered);
            stored.copyRows(reordered.segment());
            tensor = backend.weight(queue, reordered.segment(), stored.type(), parameter.shape());
        }
        tensors.put(parameter.name(), tensor);
    }

    private static void check(Value parameter, StoredTensor stored, String where) {
        if (stored == null) {
            throw new Failure("weight '" + parameter.name() + "' is missing", where,
                    "the configuration asks for it; use the config.json that belongs to these weights");
        }
        if (!stored.shape().equals(parameter.shape())) {
            throw new Failure("weight '" + parameter.name() + "' has shape " + stored.shape() + ", not "
                    + parameter.shape(), where, "use the config.json that belongs to these weights");
        }
        boolean vector = parameter.shape().rank() == 1;
        if (!stored.type().floating() || stored.type() == DType.F64 || vector && !stored.type().plain()) {
            throw new Failure("weight '" + parameter.name() + "' is stored as " + stored.type(), where,
                    "store it as F32, BF16 or F16");
        }
    }

    private static void refuseUnknown(Tape tape, Map<String, StoredTensor> stored, String where) {
        Set<String> known = tape.leaves(Value.Role.PARAMETER).stream().map(Value::name).collect(Collectors.toSet());
        boolean tied = !known.contains("lm_head.weight");
        for (String name : stored.keySet()) {
            boolean harmless = name.endsWith(COMPUTED) || tied && name.equals("lm_head.weight");
            if (!harmless && !known.contains(name)) {
                throw new Failure("weight '" + name + "' has no place in this architecture", where,
                        "use a LLaMA, Mistral or Qwen2 checkpoint with its own config.json");
            }
        }
    }

    @Override
    public void close() {
        tensors.values().forEach(t -> t.buffer().close());
        tensors.clear();
        owned.forEach(NativeMemory::close);
        owned.clear();
    }
}
