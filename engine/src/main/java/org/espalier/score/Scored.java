package org.espalier.score;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.espalier.couple.Member;
import org.espalier.couple.Units;
import org.espalier.tape.Value;

/** Which axes of which parameters are to be scored. */
final class Scored {

    private final Map<String, Set<Integer>> axes = new HashMap<>();

    private Scored() {}

    /** These axes of weights, by their names. */
    static Scored of(Map<String, Set<Integer>> axes) {
        Scored scored = new Scored();
        scored.axes.putAll(axes);
        return scored;
    }

    /** The axes of weights, by their names. */
    Map<String, Set<Integer>> axes() {
        return axes;
    }

    /** What the scores of these units are made of. */
    static Scored of(Collection<Units> units) {
        Scored scored = new Scored();
        for (Units group : units) {
            for (Member member : group.members()) {
                scored.axes
                        .computeIfAbsent(member.tensor().name(), n -> new HashSet<>())
                        .add(member.axis());
            }
        }
        return scored;
    }

    boolean any(Value parameter) {
        return axes.containsKey(parameter.name());
    }

    boolean rows(Value parameter) {
        return axes.getOrDefault(parameter.name(), Set.of()).contains(0);
    }

    boolean columns(Value parameter) {
        return axes.getOrDefault(parameter.name(), Set.of()).contains(1);
    }
}
