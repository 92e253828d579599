package org.espalier.template;

import java.math.BigDecimal;
import java.math.BigInteger;

/** Whole numbers without bounds: {@link Long} where that is enough, else {@link BigInteger}. */
final class Integers {

    /** Python writes and reads no more digits than that. */
    static final int LONGEST_TEXT = 4300;
    /** Larger numbers take too long to compute with. */
    private static final int MOST_BITS = 1 << 16;

    private Integers() {}

    static Object of(BigInteger value) {
        if (value.bitLength() < Long.SIZE) {
            return value.longValue();
        }
        if (value.bitLength() > MOST_BITS) {
            throw new TemplateError("a number is too large");
        }
        return value;
    }

    /** A whole number, or a truth value as 0 or 1. */
    static BigInteger big(Object value) {
        return switch (value) {
            case Boolean truth -> truth ? BigInteger.ONE : BigInteger.ZERO;
            case Long number -> BigInteger.valueOf(number);
            case BigInteger number -> number;
            case Undefined missing -> throw missing.used();
            case null, default -> throw new TemplateError("a value is no integer");
        };
    }

    /** Whether a value is a whole number. */
    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
    }

    static boolean isSmall(Object value) {
        return value instanceof Long || value instanceof Boolean;
    }

    static long small(Object value) {
        return value instanceof Boolean truth ? (truth ? 1 : 0) : (Long) value;
    }

    /** A whole number as an index; what is too large becomes the largest there is. */
    static int index(Object value) {
        BigInteger number = big(value);
        if (number.bitLength() < Integer.SIZE) {
            return number.intValue();
        }
        return number.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    }

    static String text(Object value) {
        String text = value.toString();
        if (text.length() > LONGEST_TEXT) {
            throw new TemplateError("a number has too many digits to be written");
        }
        return text;
    }

    /** Without its fraction. */
    static Object truncated(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            throw new TemplateError("the number is not finite");
        }
        return of(new BigDecimal(value).toBigInteger());
    }

    /**
     * A text as a whole number, as Python's {@code int} reads it.
     *
     * @return null if it is none
     */
    static Object parse(String text, int base) {
        String digits = Characters.strip(text, true, true);
        boolean negative = digits.startsWith("-");
        if (negative || digits.startsWith("+")) {
            digits = digits.substring(1);
        }
        int radix = base;
        String lower = digits.length() > 1 ? digits.substring(0, 2).toLowerCase(java.util.Locale.ROOT) : "";
        int prefix = lower.equals("0x") ? 16 : lower.equals("0o") ? 8 : lower.equals("0b") ? 2 : 0;
        if (prefix > 0 && (base == 0 || base == prefix)) {
            radix = prefix;
            digits = digits.substring(2);
            digits = digits.startsWith("_") ? digits.substring(1) : digits;
        } else if (base == 0) {
            radix = 10;
            if (digits.length() > 1
                    && digits.startsWith("0")
                    && !digits.replace("_", "").matches("0+")) {
                return null;
            }
        }
        if (!isDigits(digits, radix)) {
            return null;
        }
        digits = digits.replace("_", "");
        if (digits.length() > LONGEST_TEXT) {
            return null;
        }
        BigInteger value = new BigInteger(digits, radix);
        return of(negative ? value.negate() : value);
    }

    /** Digits between which single underscores may stand. */
    private static boolean isDigits(String text, int radix) {
        if (text.isEmpty() || text.startsWith("_") || text.endsWith("_") || text.contains("__")) {
            return false;
        }
        return text.chars().allMatch(c -> c == '_' || Character.digit(c, radix) >= 0);
    }
}
