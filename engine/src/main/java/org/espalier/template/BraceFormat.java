package org.espalier.template;

import java.util.function.UnaryOperator;

/** {@code '{0} {name!r:>8}'.format(...)}. Attributes and items of arguments are found as everywhere in a template. */
final class BraceFormat {

    private static final int DEEPEST = 2;

    private final Given given;
    private final UnaryOperator<Object> escape;
    private final Lookup lookup;
    private final Budget budget;
    private int next;
    private boolean numbered;
    private boolean counted;

    /** How attributes and items are found. */
    interface Lookup {
        Object attribute(Object object, String name);

        Object item(Object object, Object key);
    }

    /** @param escape what becomes of a value before it is put into the text */
    BraceFormat(Given given, UnaryOperator<Object> escape, Lookup lookup, Budget budget) {
        this.given = given;
        this.escape = escape;
        this.lookup = lookup;
        this.budget = budget;
    }

    String format(String text) {
        return format(text, DEEPEST);
    }

    private String format(String text, int depth) {
        if (depth == 0) {
            throw new TemplateError("a format is nested too deeply");
        }
        StringBuilder result = new StringBuilder();
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            boolean doubled = i + 1 < text.length() && text.charAt(i + 1) == c;
            if (c == '{' && !doubled) {
                int end = fieldEnd(text, i + 1);
                result.append(budget.counted(field(text.substring(i + 1, end), depth)));
                i = end + 1;
            } else if (c == '}' && !doubled) {
                throw new TemplateError("a format has a '}' too many");
            } else {
                i += c == '{' || c == '}' ? 2 : 1;
                budget.steps(1);
                result.append(c);
            }
        }
        return result.toString();
    }

    private static int fieldEnd(String text, int start) {
        int depth = 1;
        boolean inBrackets = false;
        for (int i = start; i < text.length(); i++) {
            char c = text.charAt(i);
            if (inBrackets) {
                inBrackets = c != ']';
                continue;
            }
            inBrackets = c == '[' && depth == 1;
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw new TemplateError("a format has a '{' that is not closed");
    }

    private String field(String field, int depth) {
        int end = nameEnd(field);
        String name = field.substring(0, end);
        String rest = field.substring(end);
        Object value = value(name);
        if (rest.startsWith("!")) {
            String conversion = rest.length() > 1 ? rest.substring(1, 2) : "";
            value = converted(value, conversion);
            rest = rest.substring(2);
            if (!rest.isEmpty() && !rest.startsWith(":")) {
                throw new TemplateError("a format is malformed");
            }
        }
        String spec = rest.isEmpty() ? "" : format(rest.substring(1), depth - 1 + (rest.indexOf('{') < 0 ? 1 : 0));
        Object put = escape.apply(value);
        if (put instanceof SafeText safe) {
            return spec.isEmpty()
                    ? safe.text()
                    : Escaping.escape(FormatSpec.parse(spec).format(value, budget));
        }
        return FormatSpec.parse(spec).format(put, budget);
    }

    private static int nameEnd(String field) {
        boolean inBrackets = false;
        for (int i = 0; i < field.length(); i++) {
            char c = field.charAt(i);
            inBrackets = inBrackets ? c != ']' : c == '[';
            if (!inBrackets && (c == '!' || c == ':')) {
                return i;
            }
        }
        return field.length();
    }

    private static Object converted(Object value, String conversion) {
        return switch (conversion) {
            case "r" -> Texts.repr(value);
            case "s" -> Texts.of(value);
            case "a" -> Texts.ascii(Texts.repr(value));
            default -> throw new TemplateError("a format has no conversion '" + conversion + "'");
        };
    }

    /** The argument of a name such as {@code 0}, {@code name.attribute} or {@code name[key]}. */
    private Object value(String name) {
        int end = 0;
        while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
            end++;
        }
        Object value = argument(name.substring(0, end));
        int i = end;
        while (i < name.length()) {
            if (name.charAt(i) == '.') {
                int stop = i + 1;
                while (stop < name.length() && name.charAt(stop) != '.' && name.charAt(stop) != '[') {
                    stop++;
                }
                value = lookup.attribute(value, requireName(name.substring(i + 1, stop)));
                i = stop;
            } else {
                int stop = name.indexOf(']', i);
                if (name.charAt(i) != '[' || stop < 0) {
                    throw new TemplateError("a format is malformed");
                }
                String key = requireName(name.substring(i + 1, stop));
                value = lookup.item(value, isNumber(key) ? Integers.parse(key, 10) : key);
                i = stop + 1;
            }
        }
        return value;
    }

    private static String requireName(String name) {
        if (name.isEmpty()) {
            throw new TemplateError("a format is malformed");
        }
        return name;
    }

    private Object argument(String name) {
        if (name.isEmpty() || isNumber(name)) {
            numbered |= !name.isEmpty();
            counted |= name.isEmpty();
            if (numbered && counted) {
                throw new TemplateError("a format numbers some of its fields, but not all");
            }
            int index = name.isEmpty() ? next++ : Integers.index(Integers.parse(name, 10));
            if (index >= given.positional().size()) {
                throw new TemplateError("a format has more fields than there are values");
            }
            return given.positional().get(index);
        }
        if (!given.named().containsKey(name)) {
            throw new TemplateError("a format names a value that is not there");
        }
        return given.named().get(name);
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty()
                && text.length() < Integers.LONGEST_TEXT
                && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
