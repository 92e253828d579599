package org.espalier.tape;

import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** What an operation sees while it runs. */
public interface Step {

    /** Where the operation is to be computed. */
    Backend backend();

    /** The backend's queue that its work goes to. */
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

    /** Whether a gradient comes back for an output: none does where nobody reads it. */
    boolean hasGradient(Value output);

    /** Where the gradient of an input goes: of its shape, in the compute type; null if nobody wants it. */
    Target target(Value input);
}
