package org.espalier.model;

import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.espalier.backend.Backend;
import org.espalier.backend.OwnMemory;
import org.espalier.couple.Structure;
import org.espalier.format.Checkpoint;
import org.espalier.format.StoredTensor;
import org.espalier.tape.Leaves;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.Tensor;

/** An opened model: its configuration, its forward pass, and its weights on a device. */
public final class Model implements AutoCloseable {

    private final Backend backend;
    private final ModelConfig config;
    private final Transformer transformer;
    private final Weights weights;
    private final Constants constants;
    private final Adapter adapter;
    private Structure structure;

    /** A model of weights that it owns from now on. */
    public static Model of(ModelConfig config, Weights weights, Backend backend) {
        return new Model(backend, config, weights, new Constants(backend, config), null);
    }

    private Model(Backend backend, ModelConfig config, Weights weights, Constants constants, Adapter adapter) {
        this.backend = backend;
        this.config = config;
        this.adapter = adapter;
        this.transformer = new Transformer(
                config, adapter == null ? null : adapter.config().withoutDropout());
        this.weights = weights;
        this.constants = constants;
    }

    /**
     * Binds a checkpoint to a backend. Both must stay open for as long as the model is used.
     *
     * @throws org.espalier.error.Failure if configuration and weights do not fit
     */
    public static Model open(Checkpoint checkpoint, Backend backend) {
        return open(ModelCheckpoint.of(checkpoint), backend);
    }

    /** As above, where the two are known to fit. */
    public static Model open(ModelCheckpoint checkpoint, Backend backend) {
        return open(checkpoint, backend, (tape, stored) -> Weights.bind(backend, tape, stored, where(checkpoint)));
    }

    /** As above, with at most {@code budget} bytes of weights on a device with memory of its own at once. */
    public static Model open(Checkpoint checkpoint, Backend backend, long budget) {
        return open(
                ModelCheckpoint.of(checkpoint),
                backend,
                (tape, stored) -> Weights.bind(backend, tape, stored, where(checkpoint), budget));
    }

    private static Model open(
            ModelCheckpoint checkpoint, Backend backend, BiFunction<Tape, Map<String, StoredTensor>, Weights> binding) {
        ModelConfig config = checkpoint.model();
        Weights weights = binding.apply(new Transformer(config).shape(), checkpoint.tensors());
        return new Model(backend, config, weights, new Constants(backend, config), null);
    }

    private static String where(Checkpoint checkpoint) {
        return checkpoint.path().toString();
    }

    /** This model with an adapter beside its weights; closing it closes the adapter, and this model as well. */
    public Model with(Adapter added) {
        if (adapter != null) {
            throw new IllegalStateException("the model has an adapter already");
        }
        added.settle(backend, weights::tensor);
        return new Model(backend, config, weights, constants, added);
    }

    /** Where its weights are, and where its passes run. */
    public Backend backend() {
        return backend;
    }

    /** What the checkpoint says of its architecture and sizes. */
    public ModelConfig config() {
        return config;
    }

    /** What records its passes. */
    public Transformer transformer() {
        return transformer;
    }

    /** What it consists of: groups of units, branches, layers. */
    public synchronized Structure structure() {
        if (structure == null) {
            structure = Structure.of(new Transformer(config).shape());
        }
        return structure;
    }

    /** Its parameters by name; they are closed with it. */
    public Weights weights() {
        return weights;
    }

    /**
     * Memory of the device's own, as it is once weights have taken their part; empty where there is none.
     *
     * @param needed bytes that weights leave free, as far as they come and go
     */
    public Optional<OwnMemory> ownMemory(long needed) {
        long free =
                backend.ownMemory().map(own -> own.free() - weights.toCome()).orElse(needed);
        if (free < needed) {
            weights.leave(needed - free);
        }
        return backend.ownMemory().map(own -> own.with(weights.toCome()));
    }

    /** Weights and constants; recordings with a cache add its states. */
    public Leaves leaves(Map<String, Tensor> states) {
        return leaf -> switch (leaf.role()) {
            case PARAMETER -> parameter(leaf.name());
            case CONSTANT -> constant(leaf);
            default -> state(states, leaf);
        };
    }

    /** A weight, or in its place an adapter's, by its name on the tape. */
    public Tensor parameter(String name) {
        Tensor adapted = adapter == null ? null : adapter.tensors().get(name);
        return adapted == null ? weights.tensor(name) : adapted;
    }

    private Tensor constant(Value leaf) {
        Tensor ofAdapter = adapter == null ? null : adapter.inverseLengths().get(leaf.name());
        return ofAdapter == null ? constants.of(leaf) : ofAdapter;
    }

    private static Tensor state(Map<String, Tensor> states, Value leaf) {
        Tensor tensor = states.get(leaf.name());
        if (tensor == null) {
            throw new IllegalArgumentException("no state for " + leaf);
        }
        return tensor;
    }

    @Override
    public void close() {
        if (adapter != null) {
            adapter.close();
        }
        constants.close();
        weights.close();
    }
}
