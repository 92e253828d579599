package org.espalier.cut;

import java.util.List;

/** Workers that each hold the streams of some batches in a row; see {@link FitStreams}. */
@FunctionalInterface
public interface FitWorkers {

    /**
     * Has every worker do some steps, the last of which asks for sums.
     *
     * @return what each answers: {@link FitStreams#answer}
     */
    List<List<FitSum>> ask(List<FitStep> steps);
}
