package org.espalier.tape;

import java.util.HashMap;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * Where the values of a tape are while it runs: activations and gradients in a workspace, at the places of its schedule;
 * inputs in tensors of their own, which live as long as this; parameters, constants and states with their owner.
 */
final class Placement implements AutoCloseable {

    private final Schedule schedule;
    private final Leaves leaves;
    private final Buffer workspace;
    private final DType compute;
    private final Map<Value, Tensor> inputs = new HashMap<>();
    /** By generation and value: looked up hundreds of times for each generated token. */
    private final Tensor[][] placed;

    Placement(Backend backend, Tape tape, Schedule schedule, Leaves leaves, Buffer workspace) {
        this.schedule = schedule;
        this.leaves = leaves;
        this.workspace = workspace;
        this.compute = backend.computeType();
        this.placed = new Tensor[2][tape.values().size()];
        try {
            for (Value input : tape.leaves(Value.Role.INPUT)) {
                inputs.put(
                        input,
                        backend.allocate(input.element().storage(compute), input.shape(), "input " + input.name()));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Where an input is, or null if the value is none. */
    Tensor input(Value value) {
        return inputs.get(value);
    }

    /** Where an operation finds a value; {@code generation} as in {@link Schedule}. */
    Tensor value(Value value, int generation) {
        return switch (value.role()) {
            case ACTIVATION -> activation(value, generation);
            case INPUT -> part(inputs.get(value.root()), value);
            case PARAMETER, CONSTANT, STATE -> part(leaves.tensor(value.root()), value);
        };
    }

    Tensor activation(Value value, int generation) {
        Tensor known = placed[generation][value.id()];
        if (known == null) {
            known = at(schedule.slot(value, generation), value);
            placed[generation][value.id()] = known;
        }
        return known;
    }

    /** Where the gradient of an activation is, or null if it has none. */
    Tensor gradient(Value value) {
        Schedule.Slot slot = schedule.gradientSlot(value);
        return slot == null ? null : at(slot, value);
    }

    private Tensor at(Schedule.Slot slot, Value value) {
        DType type = slot.gradient ? compute : value.element().storage(compute);
        return new Tensor(workspace, slot.offset + type.bytes(value.start()), type, value.shape());
    }

    /** The part of a leaf that a view of it is. */
    static Tensor part(Tensor whole, Value value) {
        if (value.root() == value) {
            return whole;
        }
        return new Tensor(
                whole.buffer(), whole.offset() + whole.type().bytes(value.start()), whole.type(), value.shape());
    }

    @Override
    public void close() {
        inputs.values().forEach(t -> t.buffer().close());
    }
}
