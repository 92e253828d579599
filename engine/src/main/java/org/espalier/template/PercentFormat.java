package org.espalier.template;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code '%5.2f %s' % values}. */
final class PercentFormat {

    private static final Pattern FIELD =
            Pattern.compile("%(?:\\(([^)]*+)\\))?([-+ 0#]*+)(\\*|\\d*+)(?:\\.(\\*|\\d*+))?[hlL]?(.)", Pattern.DOTALL);
    private static final int LONGEST_NUMBER = 9;

    private final Object values;
    private final List<Object> items;
    private final UnaryOperator<String> escape;
    private final Budget budget;
    private int next;
    private boolean byName;

    private PercentFormat(Object values, UnaryOperator<String> escape, Budget budget) {
        this.values = values;
        this.items = values instanceof Tuple tuple ? tuple.items() : Lists.of(values);
        this.escape = escape;
        this.budget = budget;
    }

    /**
     * The text with its fields filled in.
     *
     * @param values a tuple of them, a dict, or the only one
     * @param escape what becomes of a value's text
     */
    static String format(String text, Object values, UnaryOperator<String> escape, Budget budget) {
        return new PercentFormat(values, escape, budget).format(text);
    }

    private String format(String text) {
        StringBuilder out = new StringBuilder();
        Matcher field = FIELD.matcher(text);
        int i = 0;
        while (i < text.length()) {
            int percent = text.indexOf('%', i);
            if (percent < 0) {
                break;
            }
            out.append(text, i, percent);
            if (!field.find(percent) || field.start() != percent) {
                throw new TemplateError("a format with '%' is malformed");
            }
            out.append(budget.counted(one(field)));
            i = field.end();
        }
        out.append(text, i, text.length());
        // What maps or is indexed may have more than the format asks for.
        boolean mapping = values instanceof Dict
                || values instanceof List<?>
                || values instanceof Range
                || values instanceof Undefined;
        if (next < items.size() && !byName && !mapping) {
            throw new TemplateError("a format with '%' has fewer fields than there are values");
        }
        return budget.counted(out.toString());
    }

    private String one(Matcher field) {
        String type = field.group(5);
        boolean percent = type.equals("%");
        Object named = null;
        if (field.group(1) != null) {
            if (!(values instanceof Dict dict)) {
                throw new TemplateError("a format with '%(name)' needs a dict");
            }
            Dict.Entry entry = dict.get(field.group(1));
            if (entry == null) {
                throw new TemplateError("a format names a value that is not there");
            }
            byName = true;
            named = entry.value();
        }
        String flags = field.group(2);
        int width = number(field.group(3), 0);
        boolean left = flags.indexOf('-') >= 0 || width < 0;
        int precision = number(field.group(4), -1);
        if (percent) {
            return "%";
        }
        Object value = field.group(1) != null ? named : nextValue();
        String align = left ? "<" : flags.indexOf('0') >= 0 ? "=" : ">";
        String sign = flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "";
        return converted(
                value,
                new FormatSpec(
                        align.equals("=") ? "0" : " ",
                        align,
                        sign,
                        flags.indexOf('#') >= 0,
                        Math.abs(width),
                        "",
                        precision,
                        type));
    }

    private int number(String digits, int absent) {
        if (digits == null) {
            return absent;
        }
        if (digits.equals("*")) {
            Object value = nextValue();
            if (!Integers.isInteger(value)) {
                throw new TemplateError("a width with '*' is an integer");
            }
            return Integers.index(value);
        }
        if (digits.length() > LONGEST_NUMBER) {
            throw new TemplateError("a format asks for too much text");
        }
        return digits.isEmpty() ? 0 : Integer.parseInt(digits);
    }

    private Object nextValue() {
        if (next >= items.size() || byName) {
            throw new TemplateError("a format with '%' has more fields than there are values");
        }
        return items.get(next++);
    }

    private String converted(Object value, FormatSpec spec) {
        return switch (spec.type()) {
            case "s" -> text(value instanceof SafeText safe ? safe.text() : escape.apply(Texts.of(value)), spec);
            case "r" -> text(escape.apply(Texts.repr(value)), spec);
            case "a" -> text(escape.apply(Texts.ascii(Texts.repr(value))), spec);
            case "c" -> text(character(value), spec);
            case "d", "i", "u" -> integer(whole(value, true), "d", spec);
            case "x", "X", "o" -> integer(whole(value, false), spec.type(), spec);
            case "e", "E", "f", "F", "g", "G" ->
                typed(spec, spec.type(), spec.precision()).format(real(value), budget);
            default -> throw new TemplateError("a format with '%' has no type '" + spec.type() + "'");
        };
    }

    private String text(String text, FormatSpec spec) {
        String align = spec.align().equals("=") ? ">" : spec.align();
        return new FormatSpec(" ", align, "", false, spec.width(), "", spec.precision(), "s").format(text, budget);
    }

    private static FormatSpec typed(FormatSpec spec, String type, int precision) {
        return new FormatSpec(spec.fill(), spec.align(), spec.sign(), spec.other(), spec.width(), "", precision, type);
    }

    /** A precision is the least number of digits. */
    private String integer(Object value, String type, FormatSpec spec) {
        if (spec.precision() > 0) {
            String digits = new FormatSpec("", "", "", false, 0, "", -1, type)
                    .format(Integers.of(Integers.big(value).abs()), budget);
            budget.characters(spec.precision());
            String mark = Integers.big(value).signum() < 0 ? "-" : spec.sign();
            String prefix = spec.other() && !type.equals("d") ? "0" + type : "";
            String zeros = "0".repeat(Math.max(0, spec.precision() - digits.length()));
            String whole = mark + prefix + zeros + digits;
            if (spec.align().equals("=")) {
                int missing = Math.max(0, spec.width() - whole.length());
                return mark + prefix + "0".repeat(missing) + zeros + digits;
            }
            return new FormatSpec(" ", spec.align(), "", false, spec.width(), "", -1, "s").format(whole, budget);
        }
        return typed(spec, type, -1).format(value, budget);
    }

    private static Object whole(Object value, boolean fractions) {
        if (Integers.isInteger(value)) {
            return Integers.of(Integers.big(value));
        }
        if (value instanceof Double number && fractions) {
            return Integers.truncated(number);
        }
        throw wrong(value);
    }

    private static Object real(Object value) {
        if (!Equality.isNumber(value)) {
            throw wrong(value);
        }
        return Floats.real(value);
    }

    private static TemplateError wrong(Object value) {
        return value instanceof Undefined missing
                ? missing.used()
                : new TemplateError("a format with '%' needs a number, not '" + Types.name(value) + "'");
    }

    private static String character(Object value) {
        if (Equality.isText(value) && Characters.count(Texts.of(value)) == 1) {
            return Texts.of(value);
        }
        if (Integers.isInteger(value)) {
            int code = Integers.index(value);
            if (!Character.isValidCodePoint(code)) {
                throw new TemplateError("a number is no character");
            }
            return Character.toString(code);
        }
        throw new TemplateError("a format of a character needs one character");
    }
}
