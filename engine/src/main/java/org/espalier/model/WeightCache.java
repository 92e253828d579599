package org.espalier.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.ToLongFunction;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.error.Failure;
import org.espalier.tape.Segment;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.Tensor;

/**
 * Weights of a device that cannot hold them all: they are read when they are used, and give way to others. What a segment of
 * the tape is the first to use is read together, a layer as a rule. While one layer is worked on, another thread reads the
 * next in the walk's direction, as far as there is room for both. What was used last goes first: walks come back to it last,
 * so that what fits beside two layers stays for the next walk.
 * <p>
 * Nothing here waits for the work that is queued on a weight: its memory is given back behind that work, in the device's own
 * order. One thread at a time.
 */
final class WeightCache implements AutoCloseable {

    /** Puts weights on the device. */
    @FunctionalInterface
    interface Reader {

        /** A parameter's numbers in a buffer that the caller closes; called by one thread at a time. */
        Tensor read(Queue queue, Value parameter);
    }

    private final Reader reader;
    private final Queue queue;
    private final List<Layer> layers = new ArrayList<>();
    private final Map<String, Layer> byName = new HashMap<>();
    /** Layers that are on the device or on their way there, the one used last at the end. */
    private final SequencedSet<Layer> held = new LinkedHashSet<>();

    private final ExecutorService reading = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("weight-reader").factory());
    private final Runnable endOfAsking;
    private long budget;
    private Layer current;
    /** The thread that uses weights. */
    private volatile Thread user;

    /**
     * @param tape   whose parameters are the weights
     * @param bytes  of each on the device
     * @param budget bytes that may be on the device at once; a single layer may take more
     */
    WeightCache(Backend backend, Tape tape, ToLongFunction<Value> bytes, long budget, Reader reader) {
        this.reader = reader;
        this.budget = budget;
        this.queue = backend.newQueue();
        for (Segment segment : tape.segments()) {
            Map<String, Value> own = new LinkedHashMap<>();
            segment.ops().stream()
                    .flatMap(op -> op.inputs().stream())
                    .map(Value::root)
                    .filter(v -> v.role() == Value.Role.PARAMETER && !byName.containsKey(v.name()))
                    .forEach(v -> own.put(v.name(), v));
            if (!own.isEmpty()) {
                Layer layer = new Layer(
                        layers.size(),
                        List.copyOf(own.values()),
                        own.values().stream().mapToLong(bytes).sum());
                layers.add(layer);
                own.keySet().forEach(name -> byName.put(name, layer));
            }
        }
        this.endOfAsking = backend.askWhenFull(this::giveWay);
    }

    /** Where a weight is until one of another layer is asked for. */
    Tensor tensor(String name) {
        Layer layer = byName.get(name);
        if (layer == null) {
            throw new IllegalArgumentException("no weight '" + name + "'");
        }
        if (layer != current) {
            enter(layer);
        }
        return layer.tensors.get(name);
    }

    /** Bytes that may be on the device at once. */
    long budget() {
        return budget;
    }

    /** Bytes that may yet be taken beside those that are. */
    long toCome() {
        return Math.max(0, budget - heldBytes());
    }

    /** Leaves so many bytes more to others, as long as there is room for two layers. */
    void leave(long bytes) {
        lower(budget - bytes);
        makeRoom(0);
    }

    /** Work that finds the device full gets a layer's memory; the layer that it reads stays. */
    private boolean giveWay() {
        // The thread that reads must not wait for itself.
        Optional<Layer> idle = Thread.currentThread() == user ? idle() : Optional.empty();
        idle.ifPresent(layer -> {
            giveBack(layer);
            lower(heldBytes());
        });
        return idle.isPresent();
    }

    private void lower(long needed) {
        long two = layers.stream()
                .map(layer -> layer.bytes)
                .sorted(Comparator.reverseOrder())
                .limit(2)
                .mapToLong(Long::longValue)
                .sum();
        budget = Math.min(budget, Math.max(two, needed));
    }

    private void enter(Layer layer) {
        user = Thread.currentThread();
        int direction = current == null ? 1 : Integer.signum(layer.index - current.index);
        if (!held.contains(layer) || !layer.arrived()) {
            held.remove(layer);
            read(layer);
        }
        held.addLast(layer);
        current = layer;
        int next = layer.index + direction;
        if (next >= 0 && next < layers.size()) {
            readAhead(layers.get(next));
        }
    }

    private void read(Layer layer) {
        makeRoom(layer.bytes);
        layer.begin();
        if (layer.arrived()) {
            return;
        }
        // Work took more of the device than was left to it.
        giveBackAll();
        layer.begin();
        layer.require();
    }

    /** Does nothing if there is no room for it beside the layer that is worked on, nor does it fail. */
    private void readAhead(Layer layer) {
        if (!held.contains(layer) && current.bytes + layer.bytes <= budget) {
            makeRoom(layer.bytes);
            layer.begin();
            held.addLast(layer);
        }
    }

    /** The layer that is worked on is the last to go: what is read instead of it waits for that work. */
    private void makeRoom(long bytes) {
        while (!held.isEmpty() && heldBytes() + bytes > budget) {
            giveBack(idle().orElse(current));
        }
    }

    /** Of the layers that are not worked on the one that was used last. */
    private Optional<Layer> idle() {
        return held.reversed().stream().filter(layer -> layer != current).findFirst();
    }

    private long heldBytes() {
        return held.stream().mapToLong(layer -> layer.bytes).sum();
    }

    private void giveBack(Layer layer) {
        if (layer == current) {
            current = null;
        }
        held.remove(layer);
        layer.giveBack();
    }

    private void giveBackAll() {
        List.copyOf(held).forEach(this::giveBack);
    }

    @Override
    public void close() {
        endOfAsking.run();
        reading.close();
        giveBackAll();
        queue.close();
    }

    /** Weights that are read together. */
    private final class Layer {

        final int index;
        final List<Value> parameters;
        final long bytes;
        /** What is being read; null before, and once it was waited for. */
        private CompletableFuture<Map<String, Tensor>> future;

        private Map<String, Tensor> tensors = Map.of();

        Layer(int index, List<Value> parameters, long bytes) {
            this.index = index;
            this.parameters = parameters;
            this.bytes = bytes;
        }

        void begin() {
            future = CompletableFuture.supplyAsync(this::read, reading);
        }

        private Map<String, Tensor> read() {
            Map<String, Tensor> read = new HashMap<>();
            try {
                parameters.forEach(parameter -> read.put(parameter.name(), reader.read(queue, parameter)));
                return read;
            } catch (RuntimeException | Error e) {
                read.values().forEach(tensor -> tensor.buffer().close());
                throw e;
            }
        }

        /** Waits until it is read; false if it could not be. */
        boolean arrived() {
            try {
                require();
                return true;
            } catch (Failure full) {
                return false;
            }
        }

        /** Waits until it is read. */
        void require() {
            CompletableFuture<Map<String, Tensor>> begun = future;
            future = null;
            if (begun != null) {
                tensors = begun.handle(Read::new).join().orThrow();
            }
        }

        void giveBack() {
            arrived();
            tensors.values().forEach(tensor -> tensor.buffer().close());
            tensors = Map.of();
        }
    }

    /** What came of reading: weights, or what was thrown instead. */
    private record Read(Map<String, Tensor> tensors, Throwable thrown) {

        Map<String, Tensor> orThrow() {
            Throwable cause = thrown instanceof CompletionException wrapped ? wrapped.getCause() : thrown;
            return switch (cause) {
                case null -> tensors;
                case RuntimeException exception -> throw exception;
                case Error error -> throw error;
                default -> throw new IllegalStateException(cause);
            };
        }
    }
}
