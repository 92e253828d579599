package org.espalier.prune;

import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.TensorEntry;
import org.espalier.model.Llama;
import org.espalier.model.ModelConfig;
import org.espalier.model.TensorFiles;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Parameters of a pruned model that are not cut from the source but computed to make up for what is gone. */
public final class Compensated implements AutoCloseable {

    private final Backend backend;
    private final ModelConfig config;
    /** Float32, in memory of the host, which is larger than a device's as a rule. */
    private final Map<String, NativeMemory> numbers = new LinkedHashMap<>();

    private final Map<String, Shape> shapes = new LinkedHashMap<>();

    /** @param config of the pruned model, with the biases it now has */
    Compensated(Backend backend, ModelConfig config) {
        this.backend = backend;
        this.config = config;
    }

    /** A pruned model all of whose parameters are cut from the source. */
    public static Compensated nothing(ModelConfig config) {
        return new Compensated(null, config);
    }

    /** The pruned model's configuration. */
    public ModelConfig config() {
        return config;
    }

    /** Parameters of the pruned model, biases that make up for something included. */
    public long parameters() {
        return new Llama(config).shape().parameterCount();
    }

    /** Enters the numbers of a parameter of the pruned model, which are rounded to float32. */
    void put(Value parameter, double[] exact) {
        NativeMemory memory = NativeMemory.allocate(DType.F32.bytes(exact.length), "computed " + parameter.name());
        numbers.put(parameter.name(), memory);
        shapes.put(parameter.name(), parameter.shape());
        for (int i = 0; i < exact.length; i++) {
            memory.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) exact[i]);
        }
    }

    boolean has(String name) {
        return numbers.containsKey(name);
    }

    /** A parameter that was entered, as a tensor of its own on the device, which the caller closes. */
    Tensor tensor(Queue queue, String name) {
        return backend.weight(queue, numbers.get(name).segment(), DType.F32, shapes.get(name));
    }

    /** A parameter to be written in a plain type. */
    TensorEntry entry(String name, DType to) {
        return new TensorEntry(name, to, shapes.get(name), sink -> {
            try (Queue queue = backend.newQueue()) {
                Tensor tensor = tensor(queue, name);
                try {
                    TensorFiles.entry(backend, name, tensor, to).content().writeTo(sink);
                } finally {
                    tensor.buffer().close();
                }
            }
        });
    }

    @Override
    public void close() {
        numbers.values().forEach(NativeMemory::close);
        numbers.clear();
    }
}
