package org.espalier.prune;

import java.util.LinkedHashMap;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.format.SafetensorsWriter;
import org.espalier.model.Llama;
import org.espalier.model.ModelConfig;
import org.espalier.model.TensorFiles;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Parameters of a pruned model that are not cut from the source but computed to make up for what is gone. */
public final class Compensated implements AutoCloseable {

    private final Backend backend;
    private final ModelConfig config;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

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

    /** Enters the numbers of a parameter of the pruned model. */
    Tensor put(Value parameter, double[] numbers) {
        Tensor tensor = backend.allocate(DType.F32, parameter.shape(), "computed " + parameter.name());
        tensors.put(parameter.name(), tensor);
        try (Queue queue = backend.newQueue()) {
            HostCopy.writeDoubles(backend, queue, numbers, tensor);
        }
        return tensor;
    }

    boolean has(String name) {
        return tensors.containsKey(name);
    }

    /** A parameter to be written in a plain type. */
    SafetensorsWriter.Entry entry(String name, DType to) {
        return TensorFiles.entry(backend, name, tensors.get(name), to);
    }

    @Override
    public void close() {
        tensors.values().forEach(t -> t.buffer().close());
        tensors.clear();
    }
}
