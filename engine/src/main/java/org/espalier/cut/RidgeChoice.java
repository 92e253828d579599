package org.espalier.cut;

import java.util.List;

/**
 * Chooses how firmly a fit holds weights: as serves those texts best that it has not seen. Every source of tokens is left out
 * once, and the fit to all others is judged by its error there, which the sums tell without another pass.
 */
final class RidgeChoice {

    /** What is tried. */
    static final List<Double> SHARES = List.of(0.25, 0.5, 1.0, 2.0, 4.0, 8.0);

    private RidgeChoice() {}

    /** @param sources the sums of each, two or more; they stay as they are */
    static double among(List<EquationSides> sources) {
        double[] errors = new double[SHARES.size()];
        for (EquationSides leftOut : sources) {
            List<EquationSides> others =
                    sources.stream().filter(source -> source != leftOut).toList();
            for (int i = 0; i < errors.length; i++) {
                errors[i] += leftOut.error(fit(others, SHARES.get(i)));
            }
        }
        int best = 0;
        for (int i = 1; i < errors.length; i++) {
            if (errors[i] < errors[best]) {
                best = i;
            }
        }
        return SHARES.get(best);
    }

    private static double[] fit(List<EquationSides> sources, double share) {
        try (EquationSides sum = sources.getFirst().copy()) {
            sources.stream().skip(1).forEach(sum::plus);
            return sum.solve(share);
        }
    }
}
