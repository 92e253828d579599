package org.espalier.cut;

import java.io.Serializable;
import java.util.Map;

/**
 * What those who hold the streams of a fit are asked to do next with a branch.
 *
 * @param branch   its number in the pass
 * @param first    of the weights that it ends in: where to begin, 0 but for experts
 * @param count    sums of as many are wanted; 0 for none, when the branch is over
 * @param replaced the weights that were fitted, row by row, by their names; empty of a branch that is removed
 */
public record FitStep(int branch, int first, int count, Map<String, float[]> replaced) implements Serializable {

    public FitStep {
        replaced = Map.copyOf(replaced);
    }

    static FitStep sums(int branch, int first, int count) {
        return new FitStep(branch, first, count, Map.of());
    }

    static FitStep over(int branch, Map<String, float[]> replaced) {
        return new FitStep(branch, 0, 0, replaced);
    }
}
