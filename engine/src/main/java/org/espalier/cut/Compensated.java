package org.espalier.cut;

import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.Encoding;
import org.espalier.format.TensorEntry;
import org.espalier.model.ModelConfig;
import org.espalier.model.PrunedConfig;
import org.espalier.model.TensorFiles;
import org.espalier.model.Transformer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Parameters of a pruned model that are not cut from the source but computed to make up for what is gone, by the names and
 * numbers of the source's layers.
 */
public final class Compensated implements AutoCloseable {

    private final Backend backend;
    private final ModelConfig config;
    private final Selection selection;
    private final boolean biased;
    /** Float32, in memory of the host, which is larger than a device's as a rule. */
    private final Map<String, NativeMemory> numbers = new LinkedHashMap<>();

    private final Map<String, Shape> shapes = new LinkedHashMap<>();
    private final Map<String, Double> ridges = new LinkedHashMap<>();

    /**
     * @param config of the dense model, with the biases that the pruned one has
     * @param biased whether it has biases that the dense model has not
     */
    Compensated(Backend backend, ModelConfig config, boolean biased, Selection selection) {
        this.backend = backend;
        this.config = config;
        this.selection = selection;
        this.biased = biased;
    }

    /** A pruned model all of whose parameters are cut from the source. */
    public static Compensated nothing(ModelConfig config, Selection selection) {
        return new Compensated(null, config, false, selection);
    }

    /** Whether the pruned model has biases that the dense one has not. */
    boolean biased() {
        return biased;
    }

    /** The pruned model's configuration. */
    public ModelConfig config() {
        return PrunedConfig.of(config, selection);
    }

    /** Parameters of the pruned model, biases that make up for something included. */
    public long parameters() {
        return selection.on(Structure.of(new Transformer(config).shape())).parametersAfter();
    }

    /** Enters the numbers of a parameter, which are rounded to float32. */
    void put(String name, Shape shape, double[] exact) {
        NativeMemory memory = NativeMemory.allocate(DType.F32.bytes(exact.length), "computed " + name);
        numbers.put(name, memory);
        shapes.put(name, shape);
        for (int i = 0; i < exact.length; i++) {
            memory.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) exact[i]);
        }
    }

    /** Enters how firmly a fit held a parameter. */
    void held(String name, double ridge) {
        ridges.put(name, ridge);
    }

    /** How firmly fits held parameters, by name. */
    public Map<String, Double> ridges() {
        return Collections.unmodifiableMap(ridges);
    }

    boolean has(String name) {
        return numbers.containsKey(name);
    }

    /** A parameter that was entered, as a tensor of its own on the device, which the caller closes. */
    Tensor tensor(Queue queue, String name) {
        return backend.weight(queue, numbers.get(name).segment(), DType.F32, shapes.get(name));
    }

    /** A parameter to be written, under the name that it has in the pruned model. */
    TensorEntry entry(String name, String writtenName, DType to) {
        if (!to.plain()) {
            return Encoding.of(entry(name, writtenName, DType.F32), to);
        }
        return new TensorEntry(writtenName, to, shapes.get(name), sink -> {
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
