package org.espalier.tape;

import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.backend.Sequences;
import org.espalier.tensor.Tensor;

/** What an operation sees while it runs. */
public interface Step {

    Backend backend();

    Queue queue();

    /** How the rows of this run divide into sequences. */
    Sequences sequences();

    /** What everything random in this run follows from, with {@link #run()}. */
    long seed();

    /** Tells the runs under one seed apart; a backward run has the number of its forward run. */
    long run();

    /** The weight of one counted token's loss in the total, for the backward step of a loss. */
    double lossWeight();

    /** The numbers of an operand. */
    Tensor value(Value value);

    /** The finished gradient of an output. */
    Tensor gradient(Value output);

    /** Where the gradient of an input goes, or null if nobody wants it. */
    Target target(Value input);

    /**
     * A gradient to write or to add to.
     *
     * @param tensor of the input's shape, in the compute type
     * @param beta   0 to write, 1 to add
     */
    record Target(Tensor tensor, float beta) {

        /** The tensor of {@code target}, or null. */
        public static Tensor tensor(Target target) {
            return target == null ? null : target.tensor;
        }

        /** The beta of {@code target}; 0 for null. */
        public static float beta(Target target) {
            return target == null ? 0 : target.beta;
        }
    }
}
