package org.espalier.cut;

import java.util.List;

/** Who holds the streams of a fit: this process, or workers that each hold those of some batches. */
interface FitRounds {

    /**
     * The sums of normal equations that a step asks for, over all batches.
     *
     * @return one for each weight, which the caller closes
     */
    List<NormalEquations> sums(FitStep step);

    /** Takes the streams past a branch. */
    void over(FitStep step);
}
