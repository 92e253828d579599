package org.espalier.template;

import java.math.BigInteger;

/** Numbers as they are written in templates. */
final class NumberScanner {

    private NumberScanner() {}

    /** The end of the number that begins at {@code start}, or {@code start} if there is none. */
    static int end(String source, int start) {
        char first = source.charAt(start);
        if (!isDigit(first)) {
            return start;
        }
        int fraction = start > 0 && source.charAt(start - 1) == '.' ? start : floatEnd(source, start);
        if (fraction > start) {
            return fraction;
        }
        if (first == '0') {
            return zeroEnd(source, start);
        }
        return digits(source, start, 10, false);
    }

    /** Of what {@link #end} found. */
    static boolean isFloat(String digits) {
        boolean prefixed = digits.length() > 1
                && Character.isLetter(digits.charAt(1))
                && digits.charAt(1) != 'e'
                && digits.charAt(1) != 'E';
        return !prefixed && (digits.indexOf('.') >= 0 || digits.indexOf('e') >= 0 || digits.indexOf('E') >= 0);
    }

    /** Digits, then a fraction or an exponent or both; else {@code start}. */
    private static int floatEnd(String source, int start) {
        int whole = digits(source, start, 10, false);
        int fraction = whole;
        if (whole + 1 < source.length() && source.charAt(whole) == '.' && isDigit(source.charAt(whole + 1))) {
            fraction = digits(source, whole + 1, 10, false);
        }
        if (fraction < source.length() && (source.charAt(fraction) == 'e' || source.charAt(fraction) == 'E')) {
            int exponent = fraction + 1;
            if (exponent < source.length() && (source.charAt(exponent) == '+' || source.charAt(exponent) == '-')) {
                exponent++;
            }
            if (exponent < source.length() && isDigit(source.charAt(exponent))) {
                return digits(source, exponent, 10, false);
            }
        }
        return fraction > whole ? fraction : start;
    }

    /** Numbers that begin with 0 are zeros, or have a base. */
    private static int zeroEnd(String source, int start) {
        char letter = start + 1 < source.length() ? Character.toLowerCase(source.charAt(start + 1)) : ' ';
        int radix = letter == 'b' ? 2 : letter == 'o' ? 8 : letter == 'x' ? 16 : 1;
        if (radix > 1) {
            int end = digits(source, start + 2, radix, true);
            return end > start + 2 ? end : start + 1;
        }
        return digits(source, start + 1, 1, true);
    }

    /**
     * The end of digits between which single underscores may stand.
     *
     * @param leading whether one may stand before the first
     */
    private static int digits(String source, int start, int radix, boolean leading) {
        int i = start;
        while (i < source.length()) {
            boolean underscore = source.charAt(i) == '_' && (leading || i > start);
            int digit = underscore ? i + 1 : i;
            if (digit >= source.length() || !isDigit(source.charAt(digit), radix)) {
                return i;
            }
            i = digit + 1;
        }
        return i;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isDigit(char c, int radix) {
        return c < 0x80 && Character.digit(c, 36) >= 0 && Character.digit(c, 36) < radix;
    }

    /**
     * The whole number of a token.
     *
     * @throws TemplateError if it has too many digits
     */
    static Object integer(Token token) {
        String text = token.text();
        char letter = text.length() > 1 ? Character.toLowerCase(text.charAt(1)) : ' ';
        int radix = letter == 'b' ? 2 : letter == 'o' ? 8 : letter == 'x' ? 16 : 10;
        if (text.length() > Integers.LONGEST_TEXT) {
            throw new TemplateError("a number has too many digits", token.line());
        }
        return Integers.of(new BigInteger(radix == 10 ? text : text.substring(2), radix));
    }
}
