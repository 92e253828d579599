package org.espalier.score;

import org.espalier.importance.AxisScores;
import org.espalier.tape.Gradients;
import org.espalier.tape.Observer;
import org.espalier.tape.Value;
import org.espalier.tensor.Tensor;

/** Scores weights from what it sees while a model is walked. */
interface WeightScorer extends Observer, Gradients, AutoCloseable {

    /** The scores, once the walk is over. */
    AxisScores scores();

    /** Whether the walk must go backwards, too. */
    boolean backwards();

    /** Bytes that it keeps at once during the walk, beside small change. */
    long bytes();

    @Override
    default boolean wanted(Value parameter) {
        return false;
    }

    @Override
    default Tensor tensor(Value parameter) {
        throw new IllegalStateException("no gradient of " + parameter + " is wanted");
    }

    @Override
    void close();
}
