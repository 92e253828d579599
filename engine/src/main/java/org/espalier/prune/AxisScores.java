package org.espalier.prune;

import java.util.HashMap;
import java.util.Map;
import org.espalier.couple.Member;

/** Scores of the rows and columns of weights, by the weight's name. */
public final class AxisScores {

    /**
     * Scores of one weight.
     *
     * @param rows    {@code [out]}
     * @param columns {@code [in]}
     */
    public record RowsAndColumns(double[] rows, double[] columns) {
    }

    private final Map<String, RowsAndColumns> weights = new HashMap<>();

    void put(String weight, RowsAndColumns scores) {
        weights.put(weight, scores);
    }

    /** Whether this weight was scored. */
    public boolean has(String weight) {
        return weights.containsKey(weight);
    }

    /** The scores along the axis that a member of a group is. */
    public double[] along(Member member) {
        RowsAndColumns scores = weights.get(member.tensor().name());
        return member.axis() == 0 ? scores.rows : scores.columns;
    }
}
