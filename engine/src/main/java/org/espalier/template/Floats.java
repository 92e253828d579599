package org.espalier.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.Locale;
import java.util.regex.Pattern;

/** Floating-point numbers as Python writes and reads them. */
final class Floats {

    private static final Pattern NUMBER = Pattern.compile(
            "[+-]?(?:\\d++(?:_\\d++)*+\\.?|(?:\\d++(?:_\\d++)*+)?\\.\\d++(?:_\\d++)*+)(?:[eE][+-]?\\d++(?:_\\d++)*+)?");
    private static final int LONGEST_TEXT = 10_000;

    private Floats() {}

    /** The shortest text that gives the number again. */
    static String text(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = shortest(Math.abs(value)).stripTrailingZeros();
        String digits = shortest.unscaledValue().toString();
        int exponent = digits.length() - 1 - shortest.scale();
        String sign = value < 0 ? "-" : "";
        if (exponent < -4 || exponent >= 16) {
            String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
            return sign + digits.charAt(0) + fraction + exponent(exponent);
        }
        String plain = shortest.toPlainString();
        return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
    }

    /** Java writes two digits at least, also where one is enough. */
    private static BigDecimal shortest(double value) {
        BigDecimal digits = new BigDecimal(Double.toString(value));
        BigDecimal one = digits.round(new MathContext(1));
        return digits.precision() == 2 && one.doubleValue() == value ? one : digits;
    }

    /** {@code e+05}: a sign and at least two digits. */
    static String exponent(int exponent) {
        return String.format(Locale.ROOT, "e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
    }

    /** A text as a number, or null if it is none. */
    static Double parse(String text) {
        String number = Characters.strip(text, true, true);
        if (number.length() > LONGEST_TEXT) {
            return null;
        }
        String word = number.toLowerCase(Locale.ROOT).replaceFirst("^[+-]", "");
        boolean negative = number.startsWith("-");
        if (word.equals("inf") || word.equals("infinity")) {
            return negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        if (word.equals("nan")) {
            return Double.NaN;
        }
        return NUMBER.matcher(number).matches() ? Double.valueOf(number.replace("_", "")) : null;
    }

    /**
     * A number as a double.
     *
     * @throws TemplateError if it is too large
     */
    static double real(Object number) {
        double value = switch (number) {
            case Double real -> real;
            case BigInteger big -> big.doubleValue();
            default -> Integers.small(number);
        };
        if (number instanceof BigInteger && Double.isInfinite(value)) {
            throw new TemplateError("a number is too large for a fraction");
        }
        return value;
    }
}
