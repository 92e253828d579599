package org.espalier.plan;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.espalier.couple.Selection;
import org.espalier.error.Failure;

/**
 * How much of something a model may have when it has been pruned.
 *
 * @param quantity what is counted
 * @param before   of the whole model
 * @param most     that may be left, 0 or more
 * @param count    what a selection leaves, counted anew from the shapes that it leaves
 * @param asked    as people write it: {@code ratio 0.2}, {@code macs=0.8x}
 * @param sha256   of the table that it is counted by; null for what is counted otherwise
 */
public record Goal(
        Quantity quantity, double before, double most, ToDoubleFunction<Selection> count, String asked, String sha256) {

    /** What can be limited. */
    public enum Quantity {
        /** Tied ones count once. */
        PARAMETERS("parameters"),
        /** Bytes of weights as they are stored, and of a cache of keys and values. */
        MEMORY("bytes"),
        /** Multiply-adds of a pass. */
        MACS("multiply-adds"),
        /** Microseconds, by a table that was measured. */
        LATENCY("microseconds");

        private final String unit;

        Quantity(String unit) {
            this.unit = unit;
        }

        /**
         * The quantity of a name.
         *
         * @throws IllegalArgumentException if there is none
         */
        public static Quantity of(String name) {
            return Arrays.stream(values())
                    .filter(quantity -> quantity.toString().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(name + " is no quantity"));
        }

        /** What its numbers are of. */
        public String unit() {
            return unit;
        }

        /** The name on the command line and in files. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A share of all parameters that goes. */
    static Goal ratio(Selection whole, double ratio) {
        long before = whole.structure().tape().parameterCount();
        return new Goal(
                Quantity.PARAMETERS,
                before,
                before - Math.ceil(before * ratio),
                Selection::parametersAfter,
                "ratio " + ratio,
                null);
    }

    /** What is to go. */
    double needed() {
        return before - most;
    }

    /** What goes. */
    double saved(Selection selection) {
        return before - count.applyAsDouble(selection);
    }

    /** A part of what is to go, as a goal of its own. */
    Goal share(double part) {
        return part == 1 ? this : new Goal(quantity, before, before - part * needed(), count, asked, sha256);
    }

    /** That there is not as much to go, but only so much. */
    Failure unreachable(double saved) {
        boolean ratio = asked.startsWith("ratio");
        return new Failure(
                "only %.0f of %.0f %s can be removed, not %.0f, because every layer that is to stay keeps a unit of each kind"
                        .formatted(saved, before, quantity.unit(), needed()),
                ratio ? asked : "--target " + asked,
                "use a %s or round width, or let more layers or kinds of units go"
                        .formatted(ratio ? "smaller ratio" : "larger target"));
    }
}
