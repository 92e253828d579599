package org.espalier.tune;

/** The learning rate of each step, counted from 0. */
@FunctionalInterface
public interface LearningRate {

    /** The rate of the update after {@code step} others. */
    double at(int step);

    /** Rises linearly over {@code warmUp} steps, whose last has the peak, then falls linearly to 0 at {@code steps}. */
    static LearningRate linear(double peak, int warmUp, int steps) {
        return step -> step < warmUp
                ? peak * (step + 1) / warmUp
                : peak * Math.max(0, steps - step) / Math.max(1, steps - warmUp);
    }

    /** Rises linearly over {@code warmUp} steps, then falls along half a cosine to {@code floor} at {@code steps}. */
    static LearningRate cosine(double peak, double floor, int warmUp, int steps) {
        return step -> {
            if (step < warmUp) {
                return peak * (step + 1) / warmUp;
            }
            double done = Math.min(1, (step - warmUp) / (double) Math.max(1, steps - warmUp));
            return floor + (peak - floor) * (1 + StrictMath.cos(Math.PI * done)) / 2;
        };
    }
}
