package org.espalier.template;

import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;

/** Values as texts: Python's {@code str} and {@code repr}. */
final class Texts {

    private Texts() {}

    /** As a value prints. */
    static String of(Object value) {
        return switch (value) {
            case String text -> text;
            case SafeText safe -> safe.text();
            case Undefined missing -> "";
            case null, default -> repr(value);
        };
    }

    /** As a value is written inside of a list. */
    static String repr(Object value) {
        return repr(value, 0);
    }

    /** @param depth of the values that it stands in */
    static String repr(Object value, int depth) {
        StringBuilder out = new StringBuilder();
        repr(value, out, depth);
        return out.toString();
    }

    private static void repr(Object value, StringBuilder out, int depth) {
        Budget.requireShallow(depth);
        Budget.requireShort(out);
        switch (value) {
            case null -> out.append("None");
            case Boolean truth -> out.append(truth ? "True" : "False");
            case Long number -> out.append(number.longValue());
            case BigInteger number -> out.append(Integers.text(number));
            case Double number -> out.append(Floats.text(number));
            case String text -> quote(text, out);
            case SafeText safe -> {
                out.append("Markup(");
                quote(safe.text(), out);
                out.append(')');
            }
            case List<?> list -> all(list, "[", "]", out, depth);
            case Tuple tuple -> all(tuple.items(), "(", tuple.items().size() == 1 ? ",)" : ")", out, depth);
            case Dict dict -> dict(dict, out, depth);
            case DictView view -> {
                out.append(view.typeName());
                all(view.list(), "([", "])", out, depth);
            }
            case Range range -> {
                out.append("range(").append(range.start()).append(", ").append(range.stop());
                out.append(range.step() == 1 ? "" : ", " + range.step()).append(')');
            }
            case Undefined missing -> out.append("Undefined");
            case OneTime once -> out.append('<').append(once.typeName()).append(" object>");
            case Special special -> out.append(special.described(depth));
            default -> throw new IllegalStateException("no value of a template: " + value.getClass());
        }
    }

    private static void all(List<?> items, String begin, String end, StringBuilder out, int depth) {
        out.append(begin);
        Iterator<?> rest = items.iterator();
        while (rest.hasNext()) {
            repr(rest.next(), out, depth + 1);
            out.append(rest.hasNext() ? ", " : "");
        }
        out.append(end);
    }

    private static void dict(Dict dict, StringBuilder out, int depth) {
        out.append('{');
        Iterator<Dict.Entry> rest = dict.entries().iterator();
        while (rest.hasNext()) {
            Dict.Entry entry = rest.next();
            repr(entry.key(), out, depth + 1);
            out.append(": ");
            repr(entry.value(), out, depth + 1);
            out.append(rest.hasNext() ? ", " : "");
        }
        out.append('}');
    }

    private static void quote(String text, StringBuilder out) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            Budget.requireShort(out);
            quoted(text.codePointAt(i), quote, out);
        }
        out.append(quote);
    }

    private static void quoted(int c, char quote, StringBuilder out) {
        switch (c) {
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            case '\\' -> out.append("\\\\");
            default -> {
                if (c == quote) {
                    out.append('\\').append(quote);
                } else if (isPrintable(c)) {
                    out.appendCodePoint(c);
                } else {
                    out.append(String.format(c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
                }
            }
        }
    }

    /** What {@code str.isprintable} allows. */
    static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }

    /** What is not ASCII is escaped. */
    static String ascii(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (c < 0x80) {
                out.appendCodePoint(c);
            } else {
                out.append(String.format(c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
            }
        });
        return out.toString();
    }
}
