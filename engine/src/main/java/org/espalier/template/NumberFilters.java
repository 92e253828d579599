package org.espalier.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;

/** Filters that give numbers. */
final class NumberFilters {

    private static final int MOST_DIGITS = 400;

    private NumberFilters() {}

    static void addTo(Registry filters) {
        filters.add("int", "default? base?", NumberFilters::integer);
        filters.add("float", "default?", NumberFilters::real);
        filters.add("abs", "", (budget, value, a) -> absolute(value));
        filters.add("round", "precision? method?", NumberFilters::round);
        filters.add("filesizeformat", "binary?", (budget, value, a) -> fileSize(value, a.truth(0, false)));
    }

    private static Object integer(Budget budget, Object value, Builtin.Bound a) {
        Object absent = a.get(0, 0L);
        switch (value) {
            case Undefined missing -> throw missing.used();
            case String text -> {
                return parsed(text, a, absent);
            }
            case SafeText safe -> {
                return parsed(safe.text(), a, absent);
            }
            case Double number -> {
                return Double.isNaN(number) || Double.isInfinite(number)
                        ? infinite(number, absent)
                        : Integers.truncated(number);
            }
            case null, default -> {
                return Integers.isInteger(value) ? Integers.of(Integers.big(value)) : absent;
            }
        }
    }

    /** Python raises another error for what is infinite than for what is no number. */
    private static Object infinite(double number, Object absent) {
        if (Double.isInfinite(number)) {
            throw new TemplateError("an infinite number is no integer");
        }
        return absent;
    }

    private static Object parsed(String text, Builtin.Bound a, Object absent) {
        int base = a.integer(1, 10);
        Object whole = base == 0 || base >= 2 && base <= 36 ? Integers.parse(text, base) : null;
        if (whole != null) {
            return whole;
        }
        Double real = Floats.parse(text);
        return real == null || real.isNaN() || real.isInfinite() ? absent : Integers.truncated(real);
    }

    private static Object real(Budget budget, Object value, Builtin.Bound a) {
        Object absent = a.get(0, 0.0);
        switch (value) {
            case Undefined missing -> throw missing.used();
            case String text -> {
                Double number = Floats.parse(text);
                return number == null ? absent : number;
            }
            case SafeText safe -> {
                Double number = Floats.parse(safe.text());
                return number == null ? absent : number;
            }
            case null, default -> {
                return Equality.isNumber(value) ? Floats.real(value) : absent;
            }
        }
    }

    private static Object absolute(Object value) {
        return switch (value) {
            case Undefined missing -> throw missing.used();
            case Double number -> Math.abs(number);
            case null, default -> {
                if (!Integers.isInteger(value)) {
                    throw new TemplateError("'" + Types.name(value) + "' has no absolute value");
                }
                yield Integers.of(Integers.big(value).abs());
            }
        };
    }

    private static Object round(Budget budget, Object value, Builtin.Bound a) {
        int precision = a.integer(0, 0);
        String method = a.text(1, "common");
        if (!List.of("common", "ceil", "floor").contains(method)) {
            throw new TemplateError("'round' has no method '" + method + "'");
        }
        if (value instanceof Undefined missing) {
            throw missing.used();
        }
        if (!Equality.isNumber(value)) {
            throw new TemplateError("'" + Types.name(value) + "' cannot be rounded");
        }
        if (method.equals("common")) {
            return value instanceof Double number ? rounded(number, precision) : wholeRounded(value, precision);
        }
        Object power = Operators.apply("**", 10L, (long) precision, budget);
        Object scaled = Operators.apply("*", value, power, budget);
        Object whole = scaled instanceof Double number
                ? Integers.truncated(method.equals("ceil") ? Math.ceil(number) : Math.floor(number))
                : scaled;
        return Operators.apply("/", whole, power, budget);
    }

    private static Object rounded(double number, int precision) {
        if (Double.isNaN(number) || Double.isInfinite(number) || precision > MOST_DIGITS) {
            return number;
        }
        if (precision < -MOST_DIGITS) {
            return Math.copySign(0.0, number);
        }
        double result = new BigDecimal(number)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .doubleValue();
        return Math.copySign(result, number);
    }

    private static Object wholeRounded(Object value, int precision) {
        BigInteger number = Integers.big(value);
        if (precision >= 0) {
            return Integers.of(number);
        }
        if (precision < -Integers.LONGEST_TEXT) {
            return 0L;
        }
        return Integers.of(new BigDecimal(number)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .toBigInteger());
    }

    private static String fileSize(Object value, boolean binary) {
        Object number = Equality.isText(value) ? Floats.parse(Texts.of(value)) : value;
        if (!Equality.isNumber(number)) {
            throw new TemplateError("'filesizeformat' takes a number");
        }
        double bytes = Floats.real(number);
        double base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return "1 Byte";
        }
        if (bytes < base) {
            return Integers.truncated(bytes) + " Bytes";
        }
        double unit = base;
        String text = "";
        for (char prefix : (binary ? "KMGTPEZY" : "kMGTPEZY").toCharArray()) {
            unit *= base;
            text = String.format(Locale.ROOT, "%s %s%s", tenths(base * bytes / unit), prefix, binary ? "iB" : "B");
            if (bytes < unit) {
                break;
            }
        }
        return text;
    }

    /** A number that is too large for its unit, or none, is written as Python does. */
    private static String tenths(double value) {
        if (!Double.isFinite(value)) {
            return Floats.text(value);
        }
        return new BigDecimal(value).setScale(1, RoundingMode.HALF_EVEN).toPlainString();
    }
}
