package org.espalier.tune;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.format.Finite;
import org.espalier.tape.Element;
import org.espalier.tape.Gradients;
import org.espalier.tape.Observer;
import org.espalier.tape.Op;
import org.espalier.tape.Segment;
import org.espalier.tape.Step;
import org.espalier.tape.Value;
import org.espalier.tensor.Tensor;

/** Finds the first tensor of a walk along the tape that holds a number which is not finite, and the operation there. */
final class NotFinite implements Observer {

    private final Gradients gradients;
    private final List<Op> walkedBack = new ArrayList<>();
    private String segment = "";
    private String first;

    /** @param gradients that the walk computes */
    NotFinite(Gradients gradients) {
        this.gradients = gradients;
    }

    /** A tensor that holds such a number, as words; empty if none does. */
    static Optional<String> in(Backend backend, String name, Tensor tensor) {
        try (Queue queue = backend.newQueue()) {
            return Finite.all(HostCopy.readFloats(backend, queue, tensor)) ? Optional.empty() : Optional.of(name);
        }
    }

    /** What was found, as words; empty if all was finite. */
    Optional<String> first() {
        return Optional.ofNullable(first);
    }

    @Override
    public void before(Segment entered, boolean backward) {
        segment = entered.name();
    }

    @Override
    public void afterForward(Op op, Step step) {
        op.inputs().stream()
                .filter(v -> v.role() != Value.Role.ACTIVATION && v.role() != Value.Role.STATE)
                .forEach(v -> look(step, v, step.value(v), role(v) + " '" + v.name() + "', read by " + of(op)));
        op.outputs().forEach(v -> look(step, v, step.value(v), "'" + v.name() + "', computed by " + of(op)));
    }

    @Override
    public void afterBackward(Op op, Step step) {
        if (!op.seedsGradient()) {
            op.outputs().stream()
                    .filter(step::hasGradient)
                    .forEach(v -> look(step, v, step.gradient(v), "gradient of '" + v.name() + "', from " + reader(v)));
        }
        op.inputs().stream()
                .filter(v -> v.role() == Value.Role.PARAMETER && gradients.wanted(v.root()))
                .forEach(v ->
                        look(step, v, gradients.tensor(v.root()), "gradient of '" + v.name() + "', from " + of(op)));
        walkedBack.add(op);
    }

    private void look(Step step, Value value, Tensor tensor, String words) {
        boolean plain = tensor.type() == step.backend().computeType();
        if (first == null && value.element() == Element.REAL && plain) {
            step.queue().finish();
            first = in(step.backend(), words, tensor).orElse(null);
        }
    }

    private static String role(Value leaf) {
        return leaf.role() == Value.Role.PARAMETER ? "weight" : "input";
    }

    /** The operation through which a gradient came last. */
    private String reader(Value value) {
        return walkedBack.reversed().stream()
                .filter(op -> op.inputs().stream().anyMatch(v -> v.root() == value.root()))
                .findFirst()
                .map(this::of)
                .orElse("the loss");
    }

    private String of(Op op) {
        return op.kind() + " (" + segment + ")";
    }
}
