package org.espalier.tune;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.model.Model;
import org.espalier.model.Transformer;
import org.espalier.tape.Leaves;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Which units of a model to keep, learned on its frozen weights. Each unit has a number; those that a budget leaves by these
 * numbers are multiplied by 1, the others by 0, and the gradient of the factor goes straight to the number (GRASPrune). Since
 * units at the border come and go with every batch, what counts in the end is the mean of the numbers over all updates, the
 * later ones more.
 */
public final class LearnedGates implements Trainable, AutoCloseable {

    /** The k-th update weighs as the k-th power of this in the mean (Shamir and Zhang 2013, polynomial decay). */
    private static final int DECAY = 3;

    private static final String MEAN = "mean ";

    private final Model model;
    private final List<Gate> gates;
    private final UnaryOperator<Map<String, double[]>> kept;
    private final Map<String, Tensor> numbers = new LinkedHashMap<>();
    private final Map<String, Tensor> factors = new LinkedHashMap<>();
    private final Map<String, double[]> mean = new LinkedHashMap<>();
    private int updates;

    /**
     * @param model without an adapter; it must stay open
     * @param start the numbers of each gate, by its name
     * @param kept  of such numbers those that stay: 1 for these, 0 for the others
     */
    public LearnedGates(
            Model model, List<Gate> gates, Map<String, double[]> start, UnaryOperator<Map<String, double[]>> kept) {
        this.model = model;
        this.gates = List.copyOf(gates);
        this.kept = kept;
        Backend backend = model.backend();
        try (Queue queue = backend.newQueue()) {
            for (Gate gate : gates) {
                Shape shape = Shape.of(gate.units(), 1);
                numbers.put(gate.name(), backend.allocate(backend.computeType(), shape, gate.name()));
                factors.put(gate.name(), backend.allocate(backend.computeType(), shape, "factors of " + gate.name()));
                factors.put(
                        MEAN + gate.name(),
                        backend.allocate(backend.computeType(), shape, "mean factors of " + gate.name()));
                mean.put(gate.name(), start.get(gate.name()).clone());
                HostCopy.writeDoubles(backend, queue, mean.get(gate.name()), numbers.get(gate.name()));
            }
            write(queue, "", mean);
            write(queue, MEAN, mean);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** The mean of the numbers, by the gates' names. */
    public Map<String, double[]> mean() {
        return Collections.unmodifiableMap(mean);
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
    public Losses training(Losses losses) {
        return new GatedLosses(losses, "", gates);
    }

    @Override
    public Losses measured(Losses losses) {
        return new GatedLosses(losses, MEAN, gates);
    }

    @Override
    public Leaves leaves() {
        Leaves others = model.leaves(Map.of());
        return leaf -> factors.containsKey(leaf.name()) ? factors.get(leaf.name()) : others.tensor(leaf);
    }

    @Override
    public Map<String, Tensor> tensors() {
        return Collections.unmodifiableMap(numbers);
    }

    @Override
    public void settle() {
        updates++;
        double share = (DECAY + 1.0) / (updates + DECAY);
        Map<String, double[]> now = new LinkedHashMap<>();
        try (Queue queue = model.backend().newQueue()) {
            numbers.forEach((name, tensor) -> {
                double[] read = HostCopy.readDoubles(model.backend(), queue, tensor);
                double[] all = mean.get(name);
                for (int i = 0; i < read.length; i++) {
                    all[i] += share * (read[i] - all[i]);
                }
                now.put(name, read);
            });
            write(queue, "", now);
            write(queue, MEAN, mean);
        }
    }

    private void write(Queue queue, String owner, Map<String, double[]> by) {
        kept.apply(by)
                .forEach(
                        (name, ones) -> HostCopy.writeDoubles(model.backend(), queue, ones, factors.get(owner + name)));
        queue.finish();
    }

    @Override
    public void close() {
        numbers.values().forEach(t -> t.buffer().close());
        factors.values().forEach(t -> t.buffer().close());
        numbers.clear();
        factors.clear();
    }
}
