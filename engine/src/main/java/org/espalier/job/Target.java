package org.espalier.job;

import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.plan.Goal.Quantity;

/**
 * What a pruned model is to need at most, in place of a ratio.
 *
 * @param quantity what is counted
 * @param asked    for, as it was written: {@code 0.8x}, {@code 200m}
 * @param factor   of what the whole model needs; empty where {@code most} is given
 * @param most     in the quantity's unit; empty where a factor is given
 */
public record Target(Quantity quantity, String asked, OptionalDouble factor, OptionalDouble most) {

    private static final Pattern NUMBER = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,15})?)([a-z]{0,2})");

    /**
     * Reads one as it is given on the command line: {@code macs=0.8x}, {@code memory=200m}, {@code latency=25ms}.
     *
     * @throws IllegalArgumentException that says what is wrong with it
     */
    public static Target of(String text) {
        int equals = text.indexOf('=');
        String asked = text.substring(equals + 1);
        Quantity quantity = quantity(text.substring(0, Math.max(0, equals)), text);
        Matcher parts = NUMBER.matcher(asked.toLowerCase(Locale.ROOT));
        if (!parts.matches()) {
            throw wrong(text, quantity);
        }
        double number = Double.parseDouble(parts.group(1));
        String unit = parts.group(2);
        if (unit.equals("x")) {
            if (!(number > 0 && number < 1)) {
                throw new IllegalArgumentException(
                        "'%s' asks for %s of what the model needs: give a factor between 0 and 1, such as %s=0.8x"
                                .formatted(text, asked, quantity));
            }
            return new Target(quantity, asked, OptionalDouble.of(number), OptionalDouble.empty());
        }
        double most = number * scale(quantity, unit, text);
        if (!(most > 0)) {
            throw wrong(text, quantity);
        }
        return new Target(quantity, asked, OptionalDouble.empty(), OptionalDouble.of(most));
    }

    private static Quantity quantity(String name, String text) {
        for (Quantity quantity : Quantity.values()) {
            if (quantity.toString().equals(name)) {
                return quantity;
            }
        }
        throw new IllegalArgumentException(
                "'" + text + "' is no target: give latency=0.8x, memory=200m, macs=0.8x or parameters=100m");
    }

    /** What a number with this unit is multiplied by. */
    private static double scale(Quantity quantity, String unit, String text) {
        String plain = quantity == Quantity.MEMORY && unit.endsWith("b") ? unit.substring(0, unit.length() - 1) : unit;
        int power = plain.isEmpty() ? 0 : 1 + "kmgt".indexOf(plain);
        boolean letter = plain.length() <= 1 && (plain.isEmpty() || power > 0);
        switch (quantity) {
            case LATENCY -> {
                return switch (unit) {
                    case "us" -> 1;
                    case "ms" -> 1e3;
                    case "s" -> 1e6;
                    default -> throw wrong(text, quantity);
                };
            }
            case MEMORY -> {
                if (letter) {
                    return Math.pow(1024, power);
                }
            }
            default -> {
                if (letter) {
                    return Math.pow(1000, power);
                }
            }
        }
        throw wrong(text, quantity);
    }

    private static IllegalArgumentException wrong(String text, Quantity quantity) {
        String example = switch (quantity) {
            case LATENCY -> "25ms";
            case MEMORY -> "200m";
            case MACS -> "5g";
            case PARAMETERS -> "100m";
        };
        return new IllegalArgumentException("'%s' is no target: give %s=0.8x, a part of what the model needs, or %s=%s"
                .formatted(text, quantity, quantity, example));
    }

    /** What a model may need that needs so much whole. */
    double most(double before) {
        return factor.isPresent() ? before * factor.getAsDouble() : most.orElseThrow();
    }

    /** As on the command line. */
    @Override
    public String toString() {
        return quantity + "=" + asked;
    }
}
