package org.espalier.model;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.tape.Branch;
import org.espalier.tape.Op;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.WeightUse;

/** What the parameters of a model are there for, told from what operations do with them. */
public enum ParameterKinds {
    /** Tables that ids are looked up in, whether they are the head as well or not. */
    EMBEDDING,
    /** Scales and shifts of normalisations. */
    NORM,
    /** Projections of attentions, with their biases. */
    ATTENTION,
    /** Projections of MLPs, with their biases. */
    MLP,
    /** What makes logits of the last layer's output, if it is no embedding. */
    HEAD;

    /** Parameters of each kind, in the order in which the kinds are met; together they are all. */
    public static SequencedMap<ParameterKinds, Long> count(Tape tape) {
        Map<Op, Branch.Kind> branches = new HashMap<>();
        tape.branches().forEach(branch -> tape.leadingTo(branch).forEach(op -> branches.put(op, branch.kind())));
        Map<Value, ParameterKinds> kinds = new HashMap<>();
        tape.segments().stream().flatMap(segment -> segment.ops().stream()).forEach(op -> {
            ParameterKinds kind = of(op, branches.get(op));
            op.inputs().stream()
                    .filter(input -> input.role() == Value.Role.PARAMETER)
                    .forEach(input -> kinds.merge(input.root(), kind, ParameterKinds::first));
        });
        SequencedMap<ParameterKinds, Long> counts = new LinkedHashMap<>();
        for (Value parameter : tape.leaves(Value.Role.PARAMETER)) {
            counts.merge(kinds.get(parameter), parameter.shape().elements(), Long::sum);
        }
        return counts;
    }

    /** A table that is the head as well is an embedding. */
    private static ParameterKinds first(ParameterKinds a, ParameterKinds b) {
        return List.of(a, b).stream().min(Comparator.naturalOrder()).orElseThrow();
    }

    private static ParameterKinds of(Op op, Branch.Kind branch) {
        List<WeightUse.Kind> uses = op.weights().stream().map(WeightUse::kind).toList();
        if (uses.contains(WeightUse.Kind.LOOKUP)) {
            return EMBEDDING;
        }
        if (uses.contains(WeightUse.Kind.SCALE)) {
            return NORM;
        }
        return branch == null ? HEAD : branch == Branch.Kind.ATTENTION ? ATTENTION : MLP;
    }
}
