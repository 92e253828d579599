package org.espalier.tape;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.espalier.backend.MemoryOps;
import org.espalier.tensor.Tensor;

/** Gradients of all wanted parameters of a tape, each in its own buffer for as long as the store is open. */
public final class GradientStore implements Gradients, AutoCloseable {

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    /** Allocates a gradient for every parameter whose name is wanted. */
    public GradientStore(MemoryOps memory, Tape tape, Predicate<String> wanted) {
        for (Value parameter : tape.leaves(Value.Role.PARAMETER)) {
            if (wanted.test(parameter.name())) {
                tensors.put(parameter.name(),
                        memory.allocate(memory.computeType(), parameter.shape(), "gradient of " + parameter.name()));
            }
        }
    }

    /** Allocates a gradient for each of some parameters. */
    public GradientStore(MemoryOps memory, Map<String, Tensor> parameters) {
        parameters.forEach((name, parameter) -> tensors.put(name,
                memory.allocate(memory.computeType(), parameter.shape(), "gradient of " + name)));
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
