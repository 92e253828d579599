package org.espalier.couple;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.espalier.tape.Branch;
import org.espalier.tape.Op;
import org.espalier.tape.Segment;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/** The operations of a tape that its results need once whole branches are left out. */
final class LiveOperations {

    private LiveOperations() {}

    /** Those of what is left, in order. The sums that added a branch that is gone are not among them. */
    static List<Op> of(Structure structure, Predicate<Branch> removed) {
        Tape tape = structure.tape();
        Map<Value, Value> passed = passed(structure, removed);
        Set<Value> needed = new HashSet<>();
        tape.results().forEach(result -> needed.add(follow(passed, result.root())));
        List<Op> live = new ArrayList<>();
        for (Segment segment : tape.segments().reversed()) {
            for (Op op : segment.ops().reversed()) {
                if (op.outputs().stream().anyMatch(o -> needed.contains(o.root()) && !passed.containsKey(o.root()))) {
                    live.addFirst(op);
                    op.inputs().forEach(input -> needed.add(follow(passed, input.root())));
                }
            }
        }
        return live;
    }

    /** The stream that takes the place of the sum of every branch that is gone. */
    private static Map<Value, Value> passed(Structure structure, Predicate<Branch> removed) {
        Map<Value, Value> passed = new HashMap<>();
        for (Branch branch : structure.branches()) {
            if (removed.test(branch)) {
                passed.put(branch.sum().root(), branch.stream().root());
            }
        }
        return passed;
    }

    private static Value follow(Map<Value, Value> passed, Value root) {
        Value at = root;
        while (passed.containsKey(at)) {
            at = passed.get(at);
        }
        return at;
    }
}
