package org.espalier.model;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.espalier.tape.Branch;
import org.espalier.tape.Op;
import org.espalier.tape.Value;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Combine;
import org.espalier.tape.op.ExpertLinear;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.Normalisation;
import org.espalier.tape.op.Routing;

/**
 * The projection that a branch ends in, before a normalisation if it has one at its end, or those of its experts.
 *
 * @param inner   {@code [rows, in]}: what it reads
 * @param made    {@code [rows, C]}: what it gives
 * @param weights {@code [C, in]}: one, or one for each expert
 * @param bias    {@code [C]}, or null
 * @param routing which rows each expert has; null where there are none
 * @param norm    of what it gives, or null
 */
public record BranchEnd(Value inner, Value made, List<Value> weights, Value bias, Routing routing, Normalisation norm) {

    public BranchEnd {
        weights = List.copyOf(weights);
    }

    /** That of a branch, if it ends so. */
    static Optional<BranchEnd> of(Branch branch, List<Op> ops) {
        if (ops.isEmpty() || !ops.getLast().outputs().contains(branch.output())) {
            return Optional.empty();
        }
        return switch (ops.getLast()) {
            case Normalisation norm -> making(norm.x(), ops).flatMap(op -> of(op, null, norm));
            // The norm of Gemma, times 1 + w, is the sum of two norms.
            case Add add ->
                making(add.a(), ops).flatMap(one -> making(add.b(), ops).flatMap(other -> ofBoth(one, other, ops)));
            case Combine combine -> making(combine.y(), ops).flatMap(op -> of(op, combine.routing(), null));
            case Op last -> of(last, null, null);
        };
    }

    private static Optional<BranchEnd> ofBoth(Op one, Op other, List<Op> ops) {
        return one instanceof Normalisation norm && other instanceof Normalisation same && norm.x() == same.x()
                ? making(norm.x(), ops).flatMap(op -> of(op, null, norm))
                : Optional.empty();
    }

    private static Optional<Op> making(Value value, List<Op> ops) {
        return ops.stream()
                .filter(op -> op.outputs().stream().anyMatch(output -> output.root() == value.root()))
                .reduce((_, later) -> later);
    }

    private static Optional<BranchEnd> of(Op op, Routing routing, Normalisation norm) {
        return switch (op) {
            case Linear linear
            when routing == null ->
                Optional.of(new BranchEnd(linear.x(), linear.y(), List.of(linear.w()), linear.bias(), null, norm));
            case ExpertLinear experts
            when routing != null ->
                Optional.of(new BranchEnd(experts.x(), experts.y(), experts.matrices(), null, routing, norm));
            default -> Optional.empty();
        };
    }

    /** What is to be read of it after a run. */
    List<Value> results() {
        return routing == null
                ? List.of(inner, made)
                : List.of(inner, made, routing.factors(), routing.sorted(), routing.starts());
    }

    /** The same on another tape. */
    BranchEnd with(UnaryOperator<Value> replacement) {
        return new BranchEnd(
                replacement.apply(inner),
                replacement.apply(made),
                weights.stream().map(replacement).toList(),
                bias == null ? null : replacement.apply(bias),
                routing == null
                        ? null
                        : new Routing(
                                replacement.apply(routing.factors()),
                                replacement.apply(routing.sorted()),
                                replacement.apply(routing.places()),
                                replacement.apply(routing.starts())),
                norm == null ? null : (Normalisation) norm.with(replacement));
    }
}
