package org.espalier.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Values as JSON, written as Python's {@code json.dumps} writes them. */
final class JsonText {

    private final boolean ascii;
    private final boolean sorted;
    private final String indent;
    private final String between;
    private final String colon;
    private final Budget budget;
    private final StringBuilder out = new StringBuilder();

    /**
     * @param ascii   whether other characters are escaped
     * @param indent  of each level, or null for one line
     * @param between separates items
     * @param colon   separates a key from its value
     */
    JsonText(boolean ascii, boolean sorted, String indent, String between, String colon, Budget budget) {
        this.ascii = ascii;
        this.sorted = sorted;
        this.indent = indent;
        this.between = between;
        this.colon = colon;
        this.budget = budget;
    }

    /** The filter {@code tojson} as the chat templates of models get it. */
    static String of(Object value, Builtin.Bound a, Budget budget) {
        Object indent = a.get(1, null);
        String step = indent == null
                ? null
                : Equality.isText(indent)
                        ? Texts.of(indent)
                        : " ".repeat(Math.max(0, Math.min(1 << 10, Integers.index(indent))));
        String between = step == null ? ", " : ",";
        String colon = ": ";
        if (a.get(2, null) != null) {
            List<Object> separators = Sequences.toList(a.get(2), budget);
            if (separators.size() != 2 || !separators.stream().allMatch(Equality::isText)) {
                throw new TemplateError("the separators of JSON are two texts");
            }
            between = Texts.of(separators.get(0));
            colon = Texts.of(separators.get(1));
        }
        JsonText json = new JsonText(a.truth(0, false), a.truth(3, false), step, between, colon, budget);
        json.write(value, 0);
        return json.out.toString();
    }

    private void write(Object value, int depth) {
        Budget.requireShallow(depth);
        switch (value) {
            case null -> put("null");
            case Boolean truth -> put(truth ? "true" : "false");
            case Long number -> put(number.toString());
            case BigInteger number -> put(Integers.text(number));
            case Double number -> put(number(number));
            case String text -> text(text);
            case SafeText safe -> text(safe.text());
            case List<?> list -> items(list, depth);
            case Tuple tuple -> items(tuple.items(), depth);
            case Dict dict -> dict(dict, depth);
            default -> throw new TemplateError("a value of type '" + Types.name(value) + "' cannot be written as JSON");
        }
    }

    private void put(String text) {
        budget.characters(text.length());
        out.append(text);
    }

    private static String number(double number) {
        return Double.isNaN(number)
                ? "NaN"
                : Double.isInfinite(number) ? number > 0 ? "Infinity" : "-Infinity" : Floats.text(number);
    }

    private void items(List<?> items, int depth) {
        if (items.isEmpty()) {
            put("[]");
            return;
        }
        put("[");
        Iterator<?> rest = items.iterator();
        while (rest.hasNext()) {
            line(depth + 1);
            write(rest.next(), depth + 1);
            put(rest.hasNext() ? between : "");
        }
        line(depth);
        put("]");
    }

    private void dict(Dict dict, int depth) {
        if (dict.size() == 0) {
            put("{}");
            return;
        }
        put("{");
        List<Dict.Entry> entries = new ArrayList<>(dict.entries());
        if (sorted) {
            entries.sort((a, b) -> Equality.order(a.key(), b.key(), budget));
        }
        Iterator<Dict.Entry> rest = entries.iterator();
        while (rest.hasNext()) {
            Dict.Entry entry = rest.next();
            line(depth + 1);
            text(key(entry.key()));
            put(colon);
            write(entry.value(), depth + 1);
            put(rest.hasNext() ? between : "");
        }
        line(depth);
        put("}");
    }

    private static String key(Object key) {
        return switch (key) {
            case null -> "null";
            case Boolean truth -> truth ? "true" : "false";
            case Double number -> number(number);
            case Long number -> number.toString();
            case BigInteger number -> Integers.text(number);
            case String text -> text;
            case SafeText safe -> safe.text();
            default -> throw new TemplateError("a key of type '" + Types.name(key) + "' cannot be written as JSON");
        };
    }

    private void line(int depth) {
        if (indent != null) {
            put("\n");
            budget.characters((long) depth * indent.length());
            out.append(indent.repeat(depth));
        }
    }

    private void text(String text) {
        budget.characters(text.length() + 2L);
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < ' ' || ascii && c > '~') {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
