package org.espalier.template;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntPredicate;
import org.espalier.template.Builtin.Bound;

/** The methods of texts. Indices and widths count code points, as Python does. */
final class TextMethods {

    private final Map<String, Builtin> methods = new HashMap<>();

    private TextMethods() {}

    static Map<String, Builtin> all() {
        TextMethods table = new TextMethods();
        table.cases();
        table.ends();
        table.searches();
        table.parts();
        table.widths();
        table.kinds();
        return table.methods;
    }

    /** A method with the text it works on. */
    private interface Body {
        Object apply(Budget budget, String text, Bound arguments);
    }

    private void add(String name, String parameters, Body body) {
        add(name, parameters, false, body);
    }

    private void add(String name, String parameters, boolean byName, Body body) {
        methods.put(name, Builtin.of(name, parameters, byName, (budget, value, arguments) -> {
            budget.steps(((String) value).length() / 64);
            return body.apply(budget, (String) value, arguments);
        }));
    }

    private void cases() {
        add("upper", "", (budget, text, a) -> budget.counted(text.toUpperCase(Locale.ROOT)));
        add("lower", "", (budget, text, a) -> budget.counted(text.toLowerCase(Locale.ROOT)));
        add("casefold", "", (budget, text, a) -> budget.counted(Letters.folded(text)));
        add("capitalize", "", (budget, text, a) -> budget.counted(Letters.capitalized(text)));
        add("title", "", (budget, text, a) -> budget.counted(Letters.titled(text)));
        add("swapcase", "", (budget, text, a) -> budget.counted(Letters.swapped(text)));
    }

    private void ends() {
        add("strip", "chars?", (budget, text, a) -> strip(text, a, true, true, budget));
        add("lstrip", "chars?", (budget, text, a) -> strip(text, a, true, false, budget));
        add("rstrip", "chars?", (budget, text, a) -> strip(text, a, false, true, budget));
        add("startswith", "prefix start? end?", (budget, text, a) -> matches(text, a, String::startsWith));
        add("endswith", "suffix start? end?", (budget, text, a) -> matches(text, a, String::endsWith));
        add("removeprefix", "prefix", (budget, text, a) -> {
            String prefix = a.text(0);
            return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
        });
        add("removesuffix", "suffix", (budget, text, a) -> {
            String suffix = a.text(0);
            return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
        });
    }

    private static String strip(String text, Bound a, boolean left, boolean right, Budget budget) {
        if (!a.has(0) || a.get(0) == null) {
            return Characters.strip(text, left, right);
        }
        String characters = a.text(0);
        budget.search(text, characters);
        return Characters.strip(text, c -> characters.indexOf(c) >= 0, left, right);
    }

    private interface End {
        boolean matches(String text, String part);
    }

    /** One text or one of a tuple. */
    private static boolean matches(String text, Bound a, End end) {
        String part = window(text, a);
        if (a.get(0) instanceof Tuple several) {
            for (Object one : several.items()) {
                if (!Equality.isText(one)) {
                    throw new TemplateError("a text starts and ends with texts, not with '" + Types.name(one) + "'");
                }
                if (part != null && end.matches(part, Texts.of(one))) {
                    return true;
                }
            }
            return false;
        }
        String one = a.text(0);
        return part != null && end.matches(part, one);
    }

    /** The text between the second and third argument; null if it begins behind the end. */
    private static String window(String text, Bound a) {
        boolean whole = isNothing(a, 1) && isNothing(a, 2);
        if (whole) {
            return text;
        }
        int size = Characters.count(text);
        int first = isNothing(a, 1) ? 0 : a.integer(1);
        int start = first < 0 ? (int) Math.max(0, (long) first + size) : first;
        int end = isNothing(a, 2) ? size : Sequences.bound(a.integer(2), size);
        return start > end ? null : Characters.between(text, start, end);
    }

    private static boolean isNothing(Bound a, int index) {
        return !a.has(index) || a.get(index) == null;
    }

    private void searches() {
        add("find", "sub start? end?", (budget, text, a) -> find(text, a, false, budget));
        add("rfind", "sub start? end?", (budget, text, a) -> find(text, a, true, budget));
        add("index", "sub start? end?", (budget, text, a) -> requireFound(find(text, a, false, budget)));
        add("rindex", "sub start? end?", (budget, text, a) -> requireFound(find(text, a, true, budget)));
        add("count", "sub start? end?", (budget, text, a) -> {
            String part = window(text, a);
            String sub = a.text(0);
            budget.search(text, sub);
            return part == null ? 0L : sub.isEmpty() ? Characters.count(part) + 1L : count(part, sub);
        });
    }

    private static long find(String text, Bound a, boolean last, Budget budget) {
        String part = window(text, a);
        String sub = a.text(0);
        budget.search(text, sub);
        int index = part == null ? -1 : last ? part.lastIndexOf(sub) : part.indexOf(sub);
        if (index < 0) {
            return -1;
        }
        int first = isNothing(a, 1) ? 0 : a.integer(1);
        int start = first < 0 ? (int) Math.max(0, (long) first + Characters.count(text)) : first;
        return (long) start + part.codePointCount(0, index);
    }

    private static long requireFound(long index) {
        if (index < 0) {
            throw new TemplateError("a text does not hold what 'index' looks for");
        }
        return index;
    }

    private static long count(String text, String sub) {
        long count = 0;
        for (int i = text.indexOf(sub); i >= 0; i = text.indexOf(sub, i + sub.length())) {
            count++;
        }
        return count;
    }

    private void parts() {
        add(
                "split",
                "sep? maxsplit?",
                true,
                (budget, text, a) -> TextParts.split(text, separator(a), a.integer(1, -1), budget));
        add(
                "rsplit",
                "sep? maxsplit?",
                true,
                (budget, text, a) -> TextParts.splitFromRight(text, separator(a), a.integer(1, -1), budget));
        add("splitlines", "keepends?", true, (budget, text, a) -> TextParts.lines(text, a.truth(0, false), budget));
        add("partition", "sep", (budget, text, a) -> {
            String separator = requireSeparator(a.text(0));
            budget.search(text, separator);
            int index = text.indexOf(separator);
            return index < 0 ? TextParts.three(text, "", "") : TextParts.around(text, index, separator);
        });
        add("rpartition", "sep", (budget, text, a) -> {
            String separator = requireSeparator(a.text(0));
            budget.search(text, separator);
            int index = text.lastIndexOf(separator);
            return index < 0 ? TextParts.three("", "", text) : TextParts.around(text, index, separator);
        });
        add("join", "iterable", (budget, text, a) -> join(text, a.get(0), budget));
        add(
                "replace",
                "old new count?",
                (budget, text, a) -> TextParts.replace(text, a.text(0), a.text(1), a.integer(2, -1), budget));
    }

    private static String separator(Bound a) {
        return isNothing(a, 0) ? null : requireSeparator(a.text(0));
    }

    private static String requireSeparator(String separator) {
        if (separator.isEmpty()) {
            throw new TemplateError("a separator is empty");
        }
        return separator;
    }

    /** As everywhere in Python only texts are joined. */
    private static String join(String separator, Object items, Budget budget) {
        StringBuilder out = new StringBuilder();
        String between = "";
        for (Iterator<Object> rest = Sequences.iterate(items); rest.hasNext(); ) {
            Object item = rest.next();
            if (!Equality.isText(item)) {
                throw new TemplateError("texts are joined, not '" + Types.name(item) + "'");
            }
            String piece = Texts.of(item);
            budget.characters((long) between.length() + piece.length());
            out.append(between).append(piece);
            between = separator;
        }
        return out.toString();
    }

    private void widths() {
        add("center", "width fillchar?", (budget, text, a) -> {
            int missing = missing(text, a.integer(0), budget);
            int left = missing / 2 + (missing & a.integer(0) & 1);
            return filler(a).repeat(left) + text + filler(a).repeat(missing - left);
        });
        add(
                "ljust",
                "width fillchar?",
                (budget, text, a) -> text + filler(a).repeat(missing(text, a.integer(0), budget)));
        add(
                "rjust",
                "width fillchar?",
                (budget, text, a) -> filler(a).repeat(missing(text, a.integer(0), budget)) + text);
        add("zfill", "width", (budget, text, a) -> {
            boolean signed = text.startsWith("-") || text.startsWith("+");
            String zeros = "0".repeat(missing(text, a.integer(0), budget));
            return signed ? text.charAt(0) + zeros + text.substring(1) : zeros + text;
        });
        add("expandtabs", "tabsize?", true, (budget, text, a) -> TextParts.expandTabs(text, a.integer(0, 8), budget));
    }

    private static int missing(String text, int width, Budget budget) {
        int missing = Math.max(0, width - Characters.count(text));
        budget.characters(missing);
        return missing;
    }

    private static String filler(Bound a) {
        String filler = a.text(1, " ");
        if (Characters.count(filler) != 1) {
            throw new TemplateError("a text is filled up with one character");
        }
        return filler;
    }

    private void kinds() {
        kind("isspace", Characters::isBlank);
        kind("isalpha", Character::isLetter);
        kind("isdecimal", c -> Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER);
        kind("isdigit", Letters::isDigit);
        kind("isnumeric", Letters::isNumeric);
        kind("isalnum", c -> Character.isLetter(c) || Letters.isNumeric(c));
        for (String name : new String[] {"encode", "translate", "maketrans"}) {
            add(name, "*", (budget, text, a) -> {
                throw new TemplateError(
                        "'" + name + "' is not there: templates have no bytes and no tables of characters");
            });
        }
        add("isascii", "", (budget, text, a) -> text.chars().allMatch(c -> c < 0x80));
        add("isprintable", "", (budget, text, a) -> text.codePoints().allMatch(Texts::isPrintable));
        add(
                "isidentifier",
                "",
                (budget, text, a) -> !text.isEmpty()
                        && !Letters.isDecimal(text.codePointAt(0))
                        && text.codePoints().allMatch(Characters::isNamePart));
        add("islower", "", (budget, text, a) -> Letters.allCased(text, Character::isLowerCase));
        add("isupper", "", (budget, text, a) -> Letters.allCased(text, Character::isUpperCase));
        add("istitle", "", (budget, text, a) -> Letters.isTitled(text));
    }

    /** Whether there are characters, all of that kind. */
    private void kind(String name, IntPredicate kind) {
        add(name, "", (budget, text, a) -> !text.isEmpty() && text.codePoints().allMatch(kind));
    }
}
