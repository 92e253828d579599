package org.espalier.template;

import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/** Filters that give texts. */
final class TextFilters {

    private static final String WORD_BEGINS_AFTER = "-({[<";
    private static final int LEEWAY = 5;

    private TextFilters() {}

    static void addTo(Registry filters) {
        method(filters, "upper", "upper");
        method(filters, "lower", "lower");
        method(filters, "capitalize", "capitalize");
        filters.add("title", "", (budget, value, a) -> budget.counted(titled(Texts.of(value))));
        filters.add("trim", "chars?", (budget, value, a) -> call(value, "strip", Given.of(a.get(0, null)), budget));
        filters.add(
                "string",
                "",
                (budget, value, a) -> value instanceof SafeText ? value : budget.counted(Texts.of(value)));
        filters.add("safe", "", (budget, value, a) -> new SafeText(budget.counted(Texts.of(value))));
        filters.add("escape e", "", (budget, value, a) -> {
            budget.characters(5L * Texts.of(value).length());
            return Escaping.escaped(value);
        });
        filters.add("forceescape", "", (budget, value, a) -> {
            budget.characters(5L * Texts.of(value).length());
            return new SafeText(Escaping.escape(Texts.of(value)));
        });
        filters.add(
                "replace",
                "old new count?",
                (budget, value, a) -> TextParts.replace(
                        Texts.of(value),
                        Texts.of(a.get(0)),
                        Texts.of(a.get(1)),
                        a.get(2, null) == null ? -1 : a.integer(2),
                        budget));
        filters.add("format", "*", TextFilters::format);
        filters.add("center", "width?", (budget, value, a) -> call(value, "center", Given.of(a.get(0, 80L)), budget));
        filters.add("join", "d? attribute?", TextFilters::join);
        filters.add("indent", "width? first? blank?", TextFilters::indent);
        filters.add("truncate", "length? killwords? end? leeway?", TextFilters::truncate);
        filters.add("wordcount", "", (budget, value, a) -> words(budget.counted(Texts.of(value))));
        filters.add("urlencode", "", (budget, value, a) -> urlEncoded(value, budget));
    }

    private static void method(Registry filters, String name, String method) {
        filters.add(name, "", (budget, value, a) -> call(value, method, Given.NONE, budget));
    }

    /** A method of a value's text. */
    private static Object call(Object value, String method, Given given, Budget budget) {
        Object text = value instanceof SafeText ? value : Texts.of(value);
        return Methods.of(text).methods().get(method).apply(budget, text, given);
    }

    private static String titled(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean begins = true;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            String letter = Character.toString(c);
            out.append(begins ? letter.toUpperCase(Locale.ROOT) : letter.toLowerCase(Locale.ROOT));
            begins = Characters.isBlank(c) || WORD_BEGINS_AFTER.indexOf(c) >= 0;
        }
        return out.toString();
    }

    private static Object format(Budget budget, Object value, Builtin.Bound a) {
        if (!a.all().isEmpty() && !a.given().named().isEmpty()) {
            throw new TemplateError("'format' takes arguments by name or without, not both");
        }
        Object text = value instanceof SafeText ? value : Texts.of(value);
        Object values = a.given().named().isEmpty()
                ? new Tuple(a.all())
                : Dict.of(a.given().named());
        return Operators.apply("%", text, values, budget);
    }

    private static Object join(Budget budget, Object value, Builtin.Bound a) {
        String separator = Texts.of(a.get(0, ""));
        Object attribute = a.get(1, null);
        StringBuilder out = new StringBuilder();
        String between = "";
        for (Iterator<Object> rest = Sequences.iterate(value); rest.hasNext(); ) {
            Object item = rest.next();
            String piece = Texts.of(attribute == null ? item : Attributes.path(item, attribute, budget));
            budget.characters((long) between.length() + piece.length());
            out.append(between).append(piece);
            between = separator;
        }
        return out.toString();
    }

    private static Object indent(Budget budget, Object value, Builtin.Bound a) {
        if (!Equality.isText(value)) {
            throw value instanceof Undefined missing
                    ? missing.used()
                    : new TemplateError("'indent' takes a text, not '" + Types.name(value) + "'");
        }
        String margin = margin(a, budget);
        boolean first = a.truth(1, false);
        boolean blank = a.truth(2, false);
        // A line feed at the end gives a last, empty line.
        List<Object> lines = TextParts.lines(Texts.of(value) + "\n", false, budget);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            boolean moved = i == 0 ? first : blank || !line.isEmpty();
            budget.characters(margin.length() + line.length() + 1L);
            out.append(i == 0 ? "" : "\n").append(moved ? margin : "").append(line);
        }
        return value instanceof SafeText ? new SafeText(out.toString()) : out.toString();
    }

    private static String margin(Builtin.Bound a, Budget budget) {
        if (a.has(0) && Equality.isText(a.get(0))) {
            return a.text(0);
        }
        int width = Math.max(0, a.integer(0, 4));
        budget.characters(width);
        return " ".repeat(width);
    }

    private static Object truncate(Budget budget, Object value, Builtin.Bound a) {
        int length = a.integer(0, 255);
        String end = a.text(2, "...");
        int leeway = a.get(3, null) == null ? LEEWAY : a.integer(3);
        int size = Sequences.length(value);
        if (length < Characters.count(end) || leeway < 0) {
            throw new TemplateError("'truncate' leaves no place for its end");
        }
        if (size <= (long) length + leeway) {
            return value;
        }
        if (!Equality.isText(value)) {
            throw new TemplateError("'truncate' takes a text, not '" + Types.name(value) + "'");
        }
        String cut = Characters.between(budget.counted(Texts.of(value)), 0, length - Characters.count(end));
        int blank = a.truth(1, false) ? -1 : cut.lastIndexOf(' ');
        return (blank < 0 ? cut : cut.substring(0, blank)) + end;
    }

    private static long words(String text) {
        long count = 0;
        boolean inside = false;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            boolean letter = c == '_' || Character.isLetter(c) || Letters.isNumeric(c);
            count += letter && !inside ? 1 : 0;
            inside = letter;
        }
        return count;
    }

    /** A text, or the pairs of a query. */
    private static String urlEncoded(Object value, Budget budget) {
        if (Equality.isText(value) || !Sequences.isIterable(value)) {
            return percentEncoded(Texts.of(value), "/", budget);
        }
        Object pairs = value instanceof Dict dict ? dict.items() : value;
        StringBuilder out = new StringBuilder();
        for (Object pair : Sequences.toList(pairs, budget)) {
            List<Object> two = Sequences.toList(pair, budget);
            if (two.size() != 2) {
                throw new TemplateError("'urlencode' takes pairs");
            }
            out.append(out.isEmpty() ? "" : "&");
            out.append(percentEncoded(Texts.of(two.get(0)), "", budget).replace("%20", "+"));
            out.append('=');
            out.append(percentEncoded(Texts.of(two.get(1)), "", budget).replace("%20", "+"));
        }
        return out.toString();
    }

    private static String percentEncoded(String text, String allowed, Budget budget) {
        budget.characters(3L * text.length());
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || "_.-~".indexOf(c) >= 0);
            if (plain || allowed.indexOf(c) >= 0) {
                out.append(c);
            } else {
                out.append(String.format("%%%02X", (int) c));
            }
        }
        return out.toString();
    }
}
