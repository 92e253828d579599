package org.espalier.plan;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * What narrowing one branch does to the predictions, at every width, from what was measured at some. In between, and beyond, the
 * divergence goes like a power of the share of its scores that a group loses: the power that goes through the two measured widths
 * next to it. It never falls while the branch gets narrower.
 */
final class WidthCurve {

    /** Powers outside these are noise of what was measured. */
    private static final double LEAST_POWER = 0.5;

    private static final double MOST_POWER = 4;

    /** What all units together count beside their scores. */
    private static final double LEAST = 1e-9;

    /** By the units that are removed, the share of all scores. */
    private final double[] shares;

    private final TreeMap<Integer, Double> measured = new TreeMap<>();

    /**
     * @param scores   summed up: entry r is what r units that go first are worth, from 0 on, never falling
     * @param measured by the number of units that go, from 1, the divergence; one at least
     */
    WidthCurve(double[] scores, NavigableMap<Integer, Double> measured) {
        this.shares = new double[scores.length];
        double all = scores[scores.length - 1];
        double units = scores.length - 1;
        for (int r = 1; r < shares.length; r++) {
            // Where scores say nothing, the number of units does; so every unit more is a little more.
            double share = all > 0 ? scores[r] / all : 0;
            shares[r] = (share + LEAST * r / units) / (1 + LEAST);
        }
        double most = 0;
        for (Map.Entry<Integer, Double> one : measured.entrySet()) {
            most = Math.max(most, one.getValue());
            this.measured.put(one.getKey(), most);
        }
    }

    /** The divergence, in nats a token, when so many units go. */
    double at(int removed) {
        if (removed == 0) {
            return 0;
        }
        Map.Entry<Integer, Double> below = measured.floorEntry(removed);
        Map.Entry<Integer, Double> above = measured.ceilingEntry(removed);
        if (below != null && above != null) {
            return between(below, above, removed);
        }
        boolean beyond = above == null;
        Map.Entry<Integer, Double> near = beyond ? below : above;
        Map.Entry<Integer, Double> next =
                beyond ? measured.lowerEntry(near.getKey()) : measured.higherEntry(near.getKey());
        if (near.getValue() == 0) {
            return 0;
        }
        double power = next == null ? 1 : Math.clamp(power(near, next), LEAST_POWER, MOST_POWER);
        return near.getValue() * Math.pow(shares[removed] / shares[near.getKey()], power);
    }

    private double between(Map.Entry<Integer, Double> below, Map.Entry<Integer, Double> above, int removed) {
        if (below.getKey().equals(above.getKey())) {
            return below.getValue();
        }
        double power = power(below, above);
        if (Double.isFinite(power)) {
            return Math.min(
                    above.getValue(), below.getValue() * Math.pow(shares[removed] / shares[below.getKey()], power));
        }
        double part = (shares[removed] - shares[below.getKey()]) / (shares[above.getKey()] - shares[below.getKey()]);
        return below.getValue() + part * (above.getValue() - below.getValue());
    }

    /** No finite number where one of the two did nothing. */
    private double power(Map.Entry<Integer, Double> one, Map.Entry<Integer, Double> other) {
        return Math.log(other.getValue() / one.getValue()) / Math.log(shares[other.getKey()] / shares[one.getKey()]);
    }
}
