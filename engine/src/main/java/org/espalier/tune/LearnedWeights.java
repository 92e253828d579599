package org.espalier.tune;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.format.TensorEntry;
import org.espalier.model.Model;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.TensorFiles;
import org.espalier.model.Transformer;
import org.espalier.tape.Leaves;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** All weights of a model, as copies in the compute type. */
public final class LearnedWeights implements Learned {

    private final Model model;
    private final Map<String, Tensor> weights = new LinkedHashMap<>();

    /** @param model without an adapter; it must stay open */
    public LearnedWeights(Model model) {
        this.model = model;
        Backend backend = model.backend();
        try (Queue queue = backend.newQueue()) {
            for (Value parameter : model.transformer().shape().leaves(Value.Role.PARAMETER)) {
                Tensor copy = backend.allocate(
                        backend.computeType(), parameter.shape(), "trained weight " + parameter.name());
                weights.put(parameter.name(), copy);
                backend.convert(queue, model.parameter(parameter.name()), copy);
            }
            queue.finish();
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** Bytes that training so many parameters takes: weights, gradients and AdamW's two moments, float32 each. */
    public static long bytes(long parameters) {
        return 4 * 4 * parameters;
    }

    /** The weights as they are now, to be written in the types that {@code type} gives by name; valid until this is closed. */
    public List<TensorEntry> entries(Function<String, DType> type) {
        return weights.entrySet().stream()
                .map(w -> TensorFiles.entry(model.backend(), w.getKey(), w.getValue(), type.apply(w.getKey())))
                .toList();
    }

    @Override
    public Model model() {
        return model;
    }

    @Override
    public Transformer trained() {
        return model.transformer();
    }

    @Override
    public Transformer used() {
        return model.transformer();
    }

    @Override
    public Leaves leaves() {
        Leaves others = model.leaves(Map.of());
        return leaf -> leaf.role() == Value.Role.PARAMETER ? weights.get(leaf.name()) : others.tensor(leaf);
    }

    @Override
    public Map<String, Tensor> tensors() {
        return Collections.unmodifiableMap(weights);
    }

    @Override
    public void load(Path folder) {
        try (ModelCheckpoint left = ModelCheckpoint.open(folder);
                Queue queue = model.backend().newQueue()) {
            weights.forEach((name, weight) ->
                    TensorFiles.load(model.backend(), queue, left.tensors().get(name), weight));
        }
    }

    @Override
    public void close() {
        weights.values().forEach(w -> w.buffer().close());
        weights.clear();
    }
}
