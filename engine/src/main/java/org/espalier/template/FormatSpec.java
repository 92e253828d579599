package org.espalier.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a value is formatted, as in {@code {:>8.2f}} and {@code %-8.2f}.
 *
 * @param fill      what fills the width up; empty where nothing is said
 * @param align     one of {@code <>=^}, or empty
 * @param sign      {@code +}, {@code -}, a blank or empty
 * @param grouping  what separates thousands, or empty
 * @param precision -1 where nothing is said
 * @param type      a letter, or empty
 */
record FormatSpec(
        String fill, String align, String sign, boolean other, int width, String grouping, int precision, String type) {

    private static final Pattern SPEC = Pattern.compile(
            "(?:(.)?([<>=^]))?([ +-])?(z)?(#)?(0)?(\\d{1,9})?([,_])?(?:\\.(\\d{1,9}))?([a-zA-Z%])?", Pattern.DOTALL);
    private static final int LARGEST_PRECISION = 10_000;

    /**
     * Reads what follows the colon.
     *
     * @throws TemplateError if it is malformed
     */
    static FormatSpec parse(String spec) {
        Matcher matcher = SPEC.matcher(spec);
        if (!matcher.matches() || matcher.group(4) != null) {
            throw new TemplateError("a format is malformed");
        }
        boolean zero = matcher.group(6) != null;
        String align = matcher.group(2) == null ? "" : matcher.group(2);
        String fill = matcher.group(1) == null ? "" : matcher.group(1);
        return new FormatSpec(
                fill.isEmpty() && zero ? "0" : fill,
                align.isEmpty() && zero ? "=" : align,
                orEmpty(matcher.group(3)),
                matcher.group(5) != null,
                matcher.group(7) == null ? 0 : Integer.parseInt(matcher.group(7)),
                orEmpty(matcher.group(8)),
                matcher.group(9) == null ? -1 : Integer.parseInt(matcher.group(9)),
                orEmpty(matcher.group(10)));
    }

    private static String orEmpty(String group) {
        return group == null ? "" : group;
    }

    /** The formatted value. */
    String format(Object value, Budget budget) {
        budget.characters(width);
        if (precision > LARGEST_PRECISION) {
            throw new TemplateError("a format asks for too many digits");
        }
        if (value instanceof Boolean && type.isEmpty() && isPlain()) {
            return Texts.of(value);
        }
        if (Integers.isInteger(value)) {
            return budget.counted(integer(value));
        }
        return budget.counted(
                switch (value) {
                    case Double number -> real(number);
                    case String text -> text(text);
                    case SafeText safe -> text(safe.text());
                    case null, default -> {
                        if (!equals(parse(""))) {
                            throw new TemplateError("'" + Types.name(value) + "' has no format");
                        }
                        yield Texts.of(value);
                    }
                });
    }

    private boolean isPlain() {
        return width == 0 && precision < 0 && grouping.isEmpty() && sign.isEmpty() && !other;
    }

    private String text(String value) {
        if (!type.isEmpty() && !type.equals("s")
                || !sign.isEmpty()
                || other
                || align.equals("=") && !fill.equals("0")
                || !grouping.isEmpty()) {
            throw new TemplateError("a text has no such format");
        }
        String cut =
                precision >= 0 && precision < Characters.count(value) ? Characters.between(value, 0, precision) : value;
        // A zero before the width fills texts up on the right.
        return padded("", cut, align.equals("=") ? "<" : align.isEmpty() ? "<" : align);
    }

    private String integer(Object value) {
        if (!type.isEmpty() && "eEfFgG%".contains(type)) {
            return real(Floats.real(value));
        }
        if (precision >= 0) {
            throw new TemplateError("an integer has no such format");
        }
        BigInteger number = Integers.big(value);
        BigInteger size = number.abs();
        if (type.equals("c")) {
            if (number.signum() < 0 || number.bitLength() > 21 || !Character.isValidCodePoint(number.intValue())) {
                throw new TemplateError("a number is no character");
            }
            return padded("", Character.toString(number.intValue()), align.isEmpty() ? "<" : align);
        }
        String digits = switch (type) {
            case "", "d", "n" -> Integers.text(grouped(size.toString(), 3));
            case "x" -> grouped(size.toString(16), 4);
            case "X" -> grouped(size.toString(16).toUpperCase(Locale.ROOT), 4);
            case "o" -> grouped(size.toString(8), 4);
            case "b" -> grouped(size.toString(2), 4);
            default -> throw new TemplateError("an integer has no format '" + type + "'");
        };
        String prefix = other && "xXob".contains(type) && !type.isEmpty() ? "0" + type : "";
        return number(number.signum() < 0, prefix, digits);
    }

    private String grouped(String digits, int size) {
        if (grouping.isEmpty()) {
            return digits;
        }
        StringBuilder out = new StringBuilder(digits);
        for (int i = digits.length() - size; i > 0; i -= size) {
            out.insert(i, grouping);
        }
        return out.toString();
    }

    private String real(double value) {
        boolean negative = value < 0 || value == 0 && 1 / value < 0;
        String suffix = type.equals("%") ? "%" : "";
        boolean upper = !type.isEmpty() && Character.isUpperCase(type.charAt(0));
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            String word = Double.isNaN(value) ? "nan" : "inf";
            return number(negative, "", (upper ? word.toUpperCase(Locale.ROOT) : word) + suffix);
        }
        double size = Math.abs(value);
        String digits = switch (type) {
            case "f", "F" -> fixed(new BigDecimal(size), precision < 0 ? 6 : precision);
            case "%" -> fixed(new BigDecimal(size * 100), precision < 0 ? 6 : precision);
            case "e", "E" -> scientific(size, precision < 0 ? 6 : precision);
            case "g", "G", "n" -> general(size, precision < 0 ? 6 : Math.max(1, precision), false);
            case "" -> precision < 0 ? Floats.text(size) : general(size, Math.max(1, precision), true);
            default -> throw new TemplateError("a number has no format '" + type + "'");
        };
        int point = digits.indexOf('.') >= 0 ? digits.indexOf('.') : digits.indexOf('e');
        String whole = point < 0 ? digits : digits.substring(0, point);
        String text = grouped(whole, 3) + (point < 0 ? "" : digits.substring(point)) + suffix;
        return number(negative, "", upper ? text.toUpperCase(Locale.ROOT) : text);
    }

    private static String fixed(BigDecimal value, int digits) {
        return value.setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
    }

    /** One digit, a fraction and an exponent. */
    private static String scientific(double value, int digits) {
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits + 1, RoundingMode.HALF_EVEN));
        int exponent = value == 0 ? 0 : rounded.precision() - 1 - rounded.scale();
        String mantissa = rounded.movePointLeft(exponent)
                .setScale(digits, RoundingMode.HALF_EVEN)
                .toPlainString();
        return mantissa + Floats.exponent(exponent);
    }

    /** Whatever is shorter, without zeros at the end; where nothing is said of the type, with a fraction at least. */
    private String general(double value, int digits, boolean fraction) {
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits, RoundingMode.HALF_EVEN));
        int exponent = value == 0 ? 0 : rounded.precision() - 1 - rounded.scale();
        if (exponent < -4 || exponent >= (fraction ? digits - 1 : digits) && exponent >= (fraction ? 1 : digits)) {
            String text = scientific(value, digits - 1);
            int mark = text.indexOf('e');
            return withoutZeros(text.substring(0, mark), false) + text.substring(mark);
        }
        return withoutZeros(fixed(rounded, Math.max(0, digits - 1 - exponent)), fraction);
    }

    private String withoutZeros(String digits, boolean fraction) {
        if (other) {
            return digits;
        }
        String text = digits;
        if (text.indexOf('.') >= 0) {
            text = Characters.strip(text, c -> c == '0', false, true);
            text = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        }
        return fraction && text.indexOf('.') < 0 ? text + ".0" : text;
    }

    private String number(boolean negative, String prefix, String digits) {
        String mark = negative ? "-" : sign.equals("-") ? "" : sign;
        return padded(mark + prefix, digits, align.isEmpty() ? ">" : align);
    }

    /** @param head what stays at the left where the width is filled up behind it */
    private String padded(String head, String text, String side) {
        int missing = Math.max(0, width - Characters.count(head) - Characters.count(text));
        String filler = fill.isEmpty() ? " " : fill;
        if (side.equals("=") && !grouping.isEmpty() && filler.equals("0")) {
            return head + groupedZeros(text, missing);
        }
        return switch (side) {
            case "<" -> head + text + filler.repeat(missing);
            case "^" -> filler.repeat(missing / 2) + head + text + filler.repeat(missing - missing / 2);
            case "=" -> head + filler.repeat(missing) + text;
            default -> filler.repeat(missing) + head + text;
        };
    }

    /** Zeros before a number are grouped with its digits. */
    private String groupedZeros(String text, int missing) {
        StringBuilder out = new StringBuilder(text);
        int size = type.isEmpty() || !"xXob".contains(type) ? 3 : 4;
        int end = 0;
        while (end < text.length() && (Character.isLetterOrDigit(text.charAt(end)) || text.startsWith(grouping, end))) {
            end++;
        }
        int group = text.indexOf(grouping) < 0 ? end : text.indexOf(grouping);
        int left = missing;
        while (left > 0) {
            if (group == size) {
                // A separator never comes first: where it would, the number is one wider.
                out.insert(0, "0" + grouping);
                left -= 2;
                group = 1;
            } else {
                out.insert(0, '0');
                left--;
                group++;
            }
        }
        return out.toString();
    }
}
