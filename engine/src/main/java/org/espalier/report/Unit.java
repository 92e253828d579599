package org.espalier.report;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleFunction;

/** What a measure counts in, and so how its numbers and their changes are written for people. */
public enum Unit {
    /** Things, such as parameters. */
    COUNT("", Aspect.SIZE, Figures::count, Figures::change),
    /** Arithmetic operations. */
    OPERATIONS("", Aspect.COST, Figures::compact, Figures::change),
    /** Sizes in bytes, written in powers of 1000. */
    BYTES("", Aspect.COST, Figures::bytes, Figures::change),
    /** A time. */
    SECONDS("", Aspect.COST, Figures::duration, Figures::change),
    /** Tokens read or written in a second. */
    TOKENS_PER_SECOND("tokens/s", Aspect.COST, Figures::significant, Figures::times),
    /** The exponential of a mean loss. */
    PERPLEXITY("", Aspect.QUALITY, Figures::significant, Figures::times),
    /** A loss or a divergence, by the natural logarithm. */
    NATS("", Aspect.QUALITY, Figures::loss, null, Figures::difference),
    /** Of information. */
    BITS("bits", Aspect.QUALITY, Figures::loss, Figures::times),
    /** A part of a whole from 0 to 1, such as the share of right answers. */
    SHARE("", Aspect.QUALITY, Figures::share, null, Figures::points),
    /** A number without a unit. */
    NUMBER("", Aspect.QUALITY, Figures::significant, null, Figures::difference);

    /** What a number of this unit tells of a model, in the order in which runs are compared: by size and quality first. */
    enum Aspect {
        SIZE,
        QUALITY,
        COST
    }

    private final String symbol;
    private final Aspect aspect;
    private final DoubleFunction<String> value;
    private final DoubleFunction<String> ratio;
    private final DoubleFunction<String> difference;

    /** A unit whose numbers are compared by dividing them. */
    Unit(String symbol, Aspect aspect, DoubleFunction<String> value, DoubleFunction<String> ratio) {
        this(symbol, aspect, value, ratio, null);
    }

    /** One of {@code ratio} and {@code difference} is null. */
    Unit(
            String symbol,
            Aspect aspect,
            DoubleFunction<String> value,
            DoubleFunction<String> ratio,
            DoubleFunction<String> difference) {
        this.symbol = symbol;
        this.aspect = aspect;
        this.value = value;
        this.ratio = ratio;
        this.difference = difference;
    }

    /** The name in files. */
    @JsonValue
    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What stands behind a measure's name; empty where the numbers carry it or there is none. */
    String symbol() {
        return symbol;
    }

    Aspect aspect() {
        return aspect;
    }

    /** Whether every number of this unit is whole. */
    boolean whole() {
        return this == COUNT || this == OPERATIONS || this == BYTES;
    }

    String text(double number) {
        return value.apply(number);
    }

    /** A change as text, from the {@code difference} to the first number or, where units divide, the {@code quotient}. */
    String change(double difference, Optional<Double> quotient) {
        return ratio == null
                ? this.difference.apply(difference)
                : quotient.map(ratio::apply).orElse("");
    }
}
