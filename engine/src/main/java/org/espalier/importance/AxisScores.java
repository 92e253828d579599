package org.espalier.importance;

import java.util.HashMap;
import java.util.Map;
import org.espalier.couple.Member;

/** Scores of the entries along axes of weights. */
public final class AxisScores {

    private record Axis(String weight, int axis) {}

    private final Map<Axis, double[]> scores = new HashMap<>();

    /** Enters the scores along one axis: 0 for rows, and for the entries of a vector, 1 for columns. */
    public void put(String weight, int axis, double[] along) {
        scores.put(new Axis(weight, axis), along);
    }

    /** Whether this member was scored. */
    public boolean has(Member member) {
        return scores.containsKey(axis(member));
    }

    /** The scores along the axis that a member of a group is. */
    public double[] along(Member member) {
        return scores.get(axis(member));
    }

    private static Axis axis(Member member) {
        return new Axis(member.tensor().name(), member.axis());
    }
}
