package org.espalier.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.espalier.backend.Backend;
import org.espalier.backend.OwnMemory;
import org.espalier.backend.Queue;
import org.espalier.error.Failure;
import org.espalier.ffi.MappedPages;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.StoredTensor;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * The weights of a model on a device, by Hugging Face name. Weights of a mapped checkpoint stay where they are and in their
 * stored type; only matrices whose rows lie in another order are copied, in that type. A device with memory of its own gets
 * all of them at once if they fit, else a layer at a time when it is used.
 */
public final class Weights implements AutoCloseable {

    /** The part of a device's free memory that weights may take if that is all of them; the rest is for the work. */
    private static final double ALL_SHARE = 0.9;
    /** The same of weights that do not all fit. */
    private static final double SOME_SHARE = 0.5;

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final List<NativeMemory> owned = new ArrayList<>();
    /** Where weights lie in mapped files. */
    private final Map<String, MemorySegment> mapped = new HashMap<>();

    private long bytes;
    /** Whether the device has copies of what lies in host memory. */
    private boolean copied;
    /** What reads them when they are used; null if all are there. */
    private WeightCache cache;

    private Weights() {}

    /**
     * Binds every parameter of {@code tape} to the checkpoint's tensor of that name. The checkpoint must stay open.
     *
     * @throws Failure if one is missing, has another shape or an unusable type, or if the checkpoint has a weight that the
     *                 model does not
     */
    public static Weights bind(Backend backend, Tape tape, Map<String, StoredTensor> stored, String where) {
        check(tape, stored, where);
        long room = backend.ownMemory().map(OwnMemory::free).orElse(Long.MAX_VALUE);
        boolean all = bytes(tape, stored) <= room * ALL_SHARE;
        return bind(backend, tape, stored, where, all ? room : (long) (room * SOME_SHARE));
    }

    /**
     * As above; weights of more than {@code budget} bytes are read a layer at a time, and no more than that is on the device
     * at once unless a single layer is larger.
     *
     * @param budget not looked at for a device without memory of its own
     */
    public static Weights bind(
            Backend backend, Tape tape, Map<String, StoredTensor> stored, String where, long budget) {
        check(tape, stored, where);
        Weights weights = new Weights();
        weights.bytes = bytes(tape, stored);
        weights.copied = backend.ownMemory().isPresent();
        tape.leaves(Value.Role.PARAMETER).forEach(parameter -> weights.map(stored.get(parameter.name())));
        if (weights.copied && weights.bytes > budget) {
            weights.cache = new WeightCache(
                    backend,
                    tape,
                    leaf -> stored.get(leaf.name()).bytes().byteSize(),
                    budget,
                    (queue, leaf) -> weights.read(backend, queue, leaf, stored.get(leaf.name())));
            return weights;
        }
        try (Queue queue = backend.newQueue()) {
            for (Value leaf : tape.leaves(Value.Role.PARAMETER)) {
                weights.tensors.put(leaf.name(), weights.read(backend, queue, leaf, stored.get(leaf.name())));
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

    /** The tensor of this name, until one of another layer is asked for where {@link #resident} says no. */
    public Tensor tensor(String name) {
        if (cache != null) {
            return cache.tensor(name);
        }
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no weight '" + name + "'");
        }
        return tensor;
    }

    /** Whether all weights are where they are used, and stay there; else they come and go. */
    public boolean resident() {
        return cache == null;
    }

    /** Bytes of all weights as they are stored; 0 for weights that were on the device already. */
    public long bytes() {
        return bytes;
    }

    /** Bytes of weights that are in a device's own memory at once, unless a single layer has more. */
    public long most() {
        return cache == null ? bytes : cache.budget();
    }

    /** Bytes of a device's own memory that weights may yet take beside those that are there. */
    long toCome() {
        return cache == null ? 0 : cache.toCome();
    }

    /** Takes so many bytes less of a device's own memory, as far as weights come and go. */
    void leave(long bytesMore) {
        if (cache != null) {
            cache.leave(bytesMore);
        }
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

    private void map(StoredTensor stored) {
        if (stored.order().identity()) {
            mapped.put(stored.name(), stored.bytes());
        }
    }

    private Tensor read(Backend backend, Queue queue, Value parameter, StoredTensor stored) {
        if (stored.order().identity()) {
            return backend.weight(queue, stored.bytes(), stored.type(), parameter.shape());
        }
        NativeMemory reordered = NativeMemory.allocate(stored.bytes().byteSize(), "reordered " + stored.name());
        try {
            stored.copyRows(reordered.segment());
            return backend.weight(queue, reordered.segment(), stored.type(), parameter.shape());
        } finally {
            if (copied) {
                reordered.close();
            } else {
                owned.add(reordered);
            }
        }
    }

    private static long bytes(Tape tape, Map<String, StoredTensor> stored) {
        return tape.leaves(Value.Role.PARAMETER).stream()
                .map(leaf -> stored.get(leaf.name()))
                .mapToLong(tensor -> tensor.bytes().byteSize())
                .sum();
    }

    /** Every weight must be there, in its shape and in a type that can be computed with, and nothing else. */
    static void check(Tape tape, Map<String, StoredTensor> stored, String where) {
        refuseUnknown(tape, stored, where);
        tape.leaves(Value.Role.PARAMETER).forEach(leaf -> check(leaf, stored.get(leaf.name()), where));
    }

    private static void check(Value parameter, StoredTensor stored, String where) {
        if (stored == null) {
            throw new Failure(
                    "weight '" + parameter.name() + "' is missing",
                    where,
                    "the configuration asks for it; use the config.json that belongs to these weights");
        }
        if (!stored.shape().equals(parameter.shape())) {
            throw new Failure(
                    "weight '" + parameter.name() + "' has shape " + stored.shape() + ", not " + parameter.shape(),
                    where,
                    "use the config.json that belongs to these weights");
        }
        boolean vector = parameter.shape().rank() == 1;
        if (!stored.type().floating()
                || stored.type() == DType.F64
                || vector && !stored.type().plain()) {
            throw new Failure(
                    "weight '" + parameter.name() + "' is stored as " + stored.type(),
                    where,
                    "store it as F32, BF16 or F16");
        }
    }

    private static void refuseUnknown(Tape tape, Map<String, StoredTensor> stored, String where) {
        Set<String> known =
                tape.leaves(Value.Role.PARAMETER).stream().map(Value::name).collect(Collectors.toSet());
        for (String name : stored.keySet()) {
            if (!known.contains(name)) {
                throw new Failure(
                        "weight '" + name + "' has no place in this architecture",
                        where,
                        "use a checkpoint of a supported family with its own config.json");
            }
        }
    }

    @Override
    public void close() {
        if (cache != null) {
            cache.close();
        }
        tensors.values().forEach(t -> t.buffer().close());
        tensors.clear();
        owned.forEach(NativeMemory::close);
        owned.clear();
    }
}
