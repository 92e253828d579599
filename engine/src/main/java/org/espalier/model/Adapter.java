package org.espalier.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.error.Failure;
import org.espalier.format.PeftAdapter;
import org.espalier.format.PeftConfig;
import org.espalier.format.PeftExperts;
import org.espalier.format.StoredTensor;
import org.espalier.tape.Op;
import org.espalier.tape.Value;
import org.espalier.tape.WeightUse;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * The low-rank matrices beside a model's projections, and what stands in the place of some of its other parameters, on a device
 * in the compute type, by name.
 */
public final class Adapter implements AutoCloseable {

    private final LoraConfig config;
    private final SequencedMap<String, Tensor> tensors;
    private final Map<String, double[]> squares = new HashMap<>();
    private final Map<String, Tensor> inverseLengths = new HashMap<>();

    /** An adapter of tensors that it owns from now on. */
    public Adapter(LoraConfig config, SequencedMap<String, Tensor> tensors) {
        this.config = config;
        this.tensors = new LinkedHashMap<>(tensors);
    }

    /**
     * Copies an opened adapter to a device; the file may be closed afterwards.
     *
     * @throws Failure if it does not fit the model
     */
    public static Adapter bind(Backend backend, ModelConfig model, PeftAdapter stored) {
        LoraConfig config = config(model, stored);
        Adapter adapter = new Adapter(config, new LinkedHashMap<>());
        try (Queue queue = backend.newQueue()) {
            List<Value> places = parameters(model, config);
            requireSame(places, stored);
            for (Value place : places) {
                adapter.upload(backend, queue, place, stored.tensors().get(place.name()));
            }
            queue.finish();
            return adapter;
        } catch (RuntimeException e) {
            adapter.close();
            throw e;
        }
    }

    /** The experts of a model, as {@link PeftAdapter#open} asks for them. */
    public static PeftExperts experts(ModelConfig model) {
        List<Integer> counts =
                model.layers().stream().map(ModelConfig.LayerConfig::experts).toList();
        return Architectures.of(model)
                .experts()
                .map(names -> new PeftExperts(names, counts))
                .orElse(PeftExperts.NONE);
    }

    /** Rank, scaling, projections and replaced parameters of an opened adapter, without dropout. */
    public static LoraConfig config(ModelConfig model, PeftAdapter stored) {
        PeftConfig peft = stored.config();
        return new LoraConfig(
                peft.rank(),
                new LoraConfig.Scaling(peft.alpha(), peft.rankStabilised(), peft.decomposed()),
                0,
                Targets.named(model, stored.projections()),
                Set.copyOf(stored.saved()));
    }

    /** The places of an adapter's matrices in a model, in the tape's order. */
    public static List<Value> parameters(ModelConfig model, LoraConfig config) {
        return new Transformer(model, config)
                .shape().leaves(Value.Role.PARAMETER).stream()
                        .filter(p -> config.has(p.name()))
                        .toList();
    }

    /** The weights of a model that scale what was normalised, and what is added after that. */
    public static Set<String> norms(ModelConfig model) {
        return new Transformer(model)
                .shape().segments().stream()
                        .flatMap(segment -> segment.ops().stream())
                        .map(Op::weights)
                        .filter(uses -> uses.stream().anyMatch(use -> use.kind() == WeightUse.Kind.SCALE))
                        .flatMap(List::stream)
                        .map(use -> use.weight().name())
                        .collect(Collectors.toSet());
    }

    /** Rank, scaling, the projections that have matrices beside them, and what else it has. */
    public LoraConfig config() {
        return config;
    }

    /** All matrices, in the tape's order. */
    public Map<String, Tensor> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    private Stream<String> projections() {
        return tensors.keySet().stream()
                .filter(name -> name.endsWith(PeftAdapter.SUFFIX_A))
                .map(name -> name.substring(0, name.length() - PeftAdapter.SUFFIX_A.length()));
    }

    /** Where rows have lengths of their own: what they are divided by, {@code [out]} each, by the tape's names; else nothing. */
    Map<String, Tensor> inverseLengths() {
        return Collections.unmodifiableMap(inverseLengths);
    }

    /**
     * Takes the lengths of rows again, after the matrices have changed or where there is a model for the first time; without lengths
     * there is nothing to do.
     *
     * @param weights of the model that the adapter stands beside, by name
     */
    public void settle(Backend backend, Function<String, Tensor> weights) {
        if (!config.decomposed()) {
            return;
        }
        try (Queue queue = backend.newQueue()) {
            projections().forEach(name -> {
                Tensor weight = weights.apply(name + ".weight");
                double[] own = squares.computeIfAbsent(name, _ -> RowLengths.squares(backend, queue, weight));
                double[] inverse = RowLengths.inverse(backend, queue, name, weight, own, tensors, config.scale());
                Tensor target = inverseLengths.computeIfAbsent(
                        name + Pass.INVERSE_LENGTHS,
                        constant -> backend.allocate(backend.computeType(), Shape.of(own.length), constant));
                HostCopy.writeDoubles(backend, queue, inverse, target);
            });
        }
    }

    /** The lengths of the rows of a weight, with which an adapter of this kind begins. */
    public static double[] lengths(Backend backend, Queue queue, Tensor weight) {
        return DoubleStream.of(RowLengths.squares(backend, queue, weight))
                .map(Math::sqrt)
                .toArray();
    }

    /**
     * Writes the adapter into a folder that exists, in PEFT's form and float32.
     *
     * @param model     it stands beside
     * @param baseModel where that lies, for people
     */
    public void writeInto(Path folder, Backend backend, ModelConfig model, String baseModel) throws IOException {
        List<String> targets = projections()
                .map(name -> config.targets().contains(Targets.last(name)) ? Targets.last(name) : name)
                .distinct()
                .toList();
        // PEFT doubles rank and alpha of gates, which is another scale if that is by a root, and opens no dropout
        // beside experts.
        boolean plain = ofExperts(model);
        PeftConfig stored = new PeftConfig(
                config.rank(),
                plain && config.scaling().rankStabilised()
                        ? config.scale() * config.rank()
                        : config.scaling().alpha(),
                config.scaling().rankStabilised() && !plain,
                config.decomposed(),
                plain ? 0 : config.dropout(),
                targets,
                savedModules(model),
                baseModel);
        PeftAdapter.writeInto(
                folder,
                stored,
                tensors.entrySet().stream()
                        .map(t -> TensorFiles.entry(backend, t.getKey(), t.getValue(), DType.F32))
                        .toList());
    }

    private boolean ofExperts(ModelConfig model) {
        return Architectures.of(model).experts().stream()
                .anyMatch(names -> projections().anyMatch(name -> name.contains(names.expert(0))));
    }

    /**
     * The modules that have parameters here, in short. PEFT looks for all modules whose names end so, were it within a part of a
     * name: the last part alone will do only where nothing else ends with it.
     */
    private List<String> savedModules(ModelConfig model) {
        List<String> saved = config.saved().stream().map(PeftAdapter::module).toList();
        List<String> others = norms(model).stream()
                .map(PeftAdapter::module)
                .filter(module -> !saved.contains(module))
                .toList();
        return saved.stream()
                .map(module -> others.stream().anyMatch(other -> other.endsWith(Targets.last(module)))
                        ? module
                        : Targets.last(module))
                .distinct()
                .sorted()
                .toList();
    }

    /**
     * Takes the numbers of an opened adapter; what it replaces of the model's parameters may be less.
     *
     * @throws Failure if it is of another form otherwise
     */
    public void begin(Backend backend, ModelConfig model, PeftAdapter stored) {
        requireSame(
                parameters(model, config).stream()
                        .filter(place -> !config.saved().contains(place.name())
                                || stored.tensors().containsKey(place.name()))
                        .toList(),
                stored);
        try (Queue queue = backend.newQueue()) {
            stored.tensors().forEach((name, tensor) -> TensorFiles.load(backend, queue, tensor, tensors.get(name)));
        }
    }

    /**
     * Takes the numbers of an opened adapter of the same form.
     *
     * @throws Failure if it is of another
     */
    public void load(Backend backend, ModelConfig model, PeftAdapter stored) {
        requireSame(parameters(model, config), stored);
        try (Queue queue = backend.newQueue()) {
            tensors.forEach((name, tensor) ->
                    TensorFiles.load(backend, queue, stored.tensors().get(name), tensor));
        }
    }

    private static void requireSame(List<Value> places, PeftAdapter stored) {
        Set<String> names = places.stream().map(Value::name).collect(Collectors.toSet());
        for (String name : stored.tensors().keySet()) {
            if (!names.contains(name)) {
                throw misfit("the adapter's '" + name + "' has no place in the model", stored);
            }
        }
        for (Value place : places) {
            StoredTensor tensor = stored.tensors().get(place.name());
            if (!tensor.shape().equals(place.shape())) {
                throw misfit(
                        "the adapter's '" + place.name() + "' has shape " + tensor.shape() + ", not " + place.shape(),
                        stored);
            }
        }
    }

    private static Failure misfit(String problem, PeftAdapter stored) {
        return new Failure(problem, stored.path().toString(), "use it with the model it was trained on");
    }

    private void upload(Backend backend, Queue queue, Value place, StoredTensor stored) {
        Tensor tensor = backend.allocate(backend.computeType(), place.shape(), place.name());
        tensors.put(place.name(), tensor);
        TensorFiles.load(backend, queue, stored, tensor);
    }

    @Override
    public void close() {
        tensors.values().forEach(t -> t.buffer().close());
        tensors.clear();
        inverseLengths.values().forEach(t -> t.buffer().close());
        inverseLengths.clear();
    }
}
