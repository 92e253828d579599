package org.espalier.score;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.espalier.importance.AxisScores;

/** Sums along the rows and columns of weights, and their names. */
final class AxisSums {

    private AxisSums() {}

    /** The name of sums along an axis. */
    static String name(int axis) {
        return axis == 0 ? "rows" : "columns";
    }

    /** Enters all of them as scores, each changed by {@code last}. */
    static void enter(BatchSums sums, AxisScores scores, DoubleUnaryOperator last) {
        for (int axis = 0; axis < 2; axis++) {
            for (String weight : sums.weights(name(axis))) {
                double[] along = sums.take(weight, name(axis));
                scores.put(weight, axis, Arrays.stream(along).map(last).toArray());
            }
        }
    }
}
