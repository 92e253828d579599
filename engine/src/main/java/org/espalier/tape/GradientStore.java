package org.espalier.tape;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.espalier.backend.MemoryOps;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Gradients of all wanted parameters of a tape, each in its own buffer for as long as the store is open. */
public final class GradientStore implements Gradients, AutoCloseable {

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    /** Allocates a gradient for every parameter whose name is wanted. */
    public GradientStore(MemoryOps memory, Tape tape, Predicate<String> wanted) {
        this(
                memory,
                tape.leaves(Value.Role.PARAMETER).stream().filter(p -> wanted.test(p.name())),
                Value::name,
                Value::shape);
    }

    /** Allocates a gradient for each of some parameters. */
    public GradientStore(MemoryOps memory, Map<String, Tensor> parameters) {
        this(
                memory,
                parameters.entrySet().stream(),
                Map.Entry::getKey,
                e -> e.getValue().shape());
    }

    private <P> GradientStore(
            MemoryOps memory, Stream<P> parameters, Function<P, String> name, Function<P, Shape> shape) {
        try {
            parameters.forEach(p -> tensors.put(
                    name.apply(p),
                    memory.allocate(memory.computeType(), shape.apply(p), "gradient of " + name.apply(p))));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** By parameter name, in the tape's order. */
    public Map<String, Tensor> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    @Override
    public boolean wanted(Value parameter) {
        return tensors.containsKey(parameter.name());
    }

    @Override
    public Tensor tensor(Value parameter) {
        return tensors.get(parameter.name());
    }

    @Override
    public void close() {
        tensors.values().forEach(t -> t.buffer().close());
        tensors.clear();
    }
}
