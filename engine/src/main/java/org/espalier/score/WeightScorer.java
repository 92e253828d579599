package org.espalier.score;

import org.espalier.importance.AxisScores;
import org.espalier.tape.Gradients;
import org.espalier.tape.Observer;
import org.espalier.tape.Segment;
import org.espalier.tape.Value;
import org.espalier.tensor.Tensor;

/** Scores weights from what it sees while a model is walked. */
interface WeightScorer extends Observer, Gradients, AutoCloseable {

    /** What was summed over batches. */
    BatchSums sums();

    /** The scores that follow from the sums, once there are those of all batches; the sums are gone then. */
    AxisScores scores();

    @Override
    default void afterBatch(Segment segment, boolean backward, int batch) {
        if (backward == backwards()) {
            endBatch();
            sums().end(segment.index(), batch);
        }
    }

    /** Adds to the sums what waits elsewhere of the batch that ends. */
    default void endBatch() {}

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
