package org.espalier.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;

/** Which values are equal, which is smaller, and what is in what, as Python sees it. */
final class Equality {

    private Equality() {}

    static boolean equal(Object a, Object b, Budget budget) {
        return equal(a, b, budget, 0);
    }

    private static boolean equal(Object a, Object b, Budget budget, int depth) {
        Budget.requireShallow(depth);
        budget.steps(1);
        if (isNumber(a) && isNumber(b)) {
            return !isNaN(a) && !isNaN(b) && compareNumbers(a, b) == 0;
        }
        if (isText(a) && isText(b)) {
            budget.steps(Texts.of(a).length() / 64);
            return Texts.of(a).equals(Texts.of(b));
        }
        return switch (a) {
            case null -> b == null;
            case List<?> list -> b instanceof List<?> other && all(list, other, budget, depth);
            case Tuple tuple -> b instanceof Tuple other && all(tuple.items(), other.items(), budget, depth);
            case Dict dict -> b instanceof Dict other && entries(dict, other, budget, depth);
            case Undefined missing -> b instanceof Undefined;
            case Range range ->
                b instanceof Range other
                        && range.size() == other.size()
                        && (range.size() == 0 || range.start() == other.start())
                        && (range.size() <= 1 || range.step() == other.step());
            case DictView view -> a == b || b instanceof DictView other && views(view, other, budget, depth);
            default -> a == b;
        };
    }

    private static boolean all(List<?> a, List<?> b, Budget budget, int depth) {
        if (a.size() != b.size()) {
            return false;
        }
        Iterator<?> others = b.iterator();
        for (Object item : a) {
            Object other = others.next();
            if (item != other && !equal(item, other, budget, depth + 1)) {
                return false;
            }
        }
        return true;
    }

    private static boolean entries(Dict a, Dict b, Budget budget, int depth) {
        if (a.size() != b.size()) {
            return false;
        }
        for (Dict.Entry entry : a.entries()) {
            Dict.Entry other = b.get(entry.key());
            if (other == null
                    || entry.value() != other.value() && !equal(entry.value(), other.value(), budget, depth + 1)) {
                return false;
            }
        }
        return true;
    }

    /** Keys and items are compared as sets, values not at all. */
    private static boolean views(DictView a, DictView b, Budget budget, int depth) {
        if (a.kind() == DictView.Kind.VALUES || b.kind() == DictView.Kind.VALUES || a.kind() != b.kind()) {
            return false;
        }
        if (a.kind() == DictView.Kind.ITEMS) {
            return entries(a.dict(), b.dict(), budget, depth);
        }
        return a.dict().size() == b.dict().size() && a.dict().keys().stream().allMatch(b.dict()::has);
    }

    static boolean isNumber(Object value) {
        return Integers.isInteger(value) || value instanceof Double;
    }

    static boolean isText(Object value) {
        return value instanceof String || value instanceof SafeText;
    }

    static boolean isNaN(Object value) {
        return value instanceof Double number && number.isNaN();
    }

    /** Of numbers none of which is NaN. */
    static int compareNumbers(Object a, Object b) {
        if (Integers.isSmall(a) && Integers.isSmall(b)) {
            return Long.compare(Integers.small(a), Integers.small(b));
        }
        if (a instanceof Double x && (b instanceof Double || x.isInfinite())) {
            return compareDoubles(x, b instanceof Double y ? y : 0);
        }
        if (b instanceof Double y && y.isInfinite()) {
            return compareDoubles(0, y);
        }
        return exact(a).compareTo(exact(b));
    }

    /** Both zeros are equal. */
    private static int compareDoubles(double a, double b) {
        return a < b ? -1 : a > b ? 1 : 0;
    }

    private static BigDecimal exact(Object number) {
        return switch (number) {
            case Double value -> new BigDecimal(value);
            case BigInteger value -> new BigDecimal(value);
            default -> BigDecimal.valueOf(Integers.small(number));
        };
    }

    /**
     * Compares by one of {@code <}, {@code <=}, {@code >}, {@code >=}.
     *
     * @throws TemplateError if the two cannot be compared
     */
    static boolean holds(String operator, Object a, Object b, Budget budget) {
        return holds(operator, a, b, budget, 0);
    }

    private static boolean holds(String operator, Object a, Object b, Budget budget, int depth) {
        Budget.requireShallow(depth);
        budget.steps(1);
        if (isNumber(a) && isNumber(b)) {
            return !isNaN(a) && !isNaN(b) && holds(operator, compareNumbers(a, b));
        }
        if (isText(a) && isText(b)) {
            return holds(operator, Characters.compare(Texts.of(a), Texts.of(b)));
        }
        if (a instanceof List<?> list && b instanceof List<?> other) {
            return itemsHold(operator, list, other, budget, depth);
        }
        if (a instanceof Tuple tuple && b instanceof Tuple other) {
            return itemsHold(operator, tuple.items(), other.items(), budget, depth);
        }
        if (a instanceof Undefined missing) {
            throw missing.used();
        }
        if (b instanceof Undefined missing) {
            throw missing.used();
        }
        throw new TemplateError("'" + Types.name(a) + "' and '" + Types.name(b) + "' cannot be compared");
    }

    /** The first items that differ decide. */
    private static boolean itemsHold(String operator, List<?> a, List<?> b, Budget budget, int depth) {
        Iterator<?> others = b.iterator();
        for (Object item : a) {
            if (!others.hasNext()) {
                break;
            }
            Object other = others.next();
            if (item != other && !equal(item, other, budget, depth + 1)) {
                return holds(operator, item, other, budget, depth + 1);
            }
        }
        return holds(operator, Integer.compare(a.size(), b.size()));
    }

    private static boolean holds(String operator, int order) {
        return switch (operator) {
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            case ">=" -> order >= 0;
            default -> throw new IllegalArgumentException(operator);
        };
    }

    /** The order in which Python sorts, which asks only what is smaller. */
    static int order(Object a, Object b, Budget budget) {
        return holds("<", a, b, budget) ? -1 : holds("<", b, a, budget) ? 1 : 0;
    }

    /** {@code item in container}. */
    static boolean contains(Object container, Object item, Budget budget) {
        switch (container) {
            case String text -> {
                return containsText(text, item, budget);
            }
            case SafeText safe -> {
                return containsText(safe.text(), item, budget);
            }
            case Dict dict -> {
                return dict.has(item);
            }
            case DictView view
            when view.kind() == DictView.Kind.KEYS -> {
                return view.dict().has(item);
            }
            case null, default -> {
                for (Iterator<Object> rest = Sequences.iterate(container); rest.hasNext(); ) {
                    budget.steps(1);
                    Object other = rest.next();
                    if (other == item || equal(other, item, budget)) {
                        return true;
                    }
                }
                return false;
            }
        }
    }

    private static boolean containsText(String text, Object item, Budget budget) {
        if (!isText(item)) {
            throw new TemplateError("'in' looks for a text in a text, not for '" + Types.name(item) + "'");
        }
        budget.search(text, Texts.of(item));
        return text.contains(Texts.of(item));
    }

    /** Whether a value counts as true. */
    static boolean truth(Object value) {
        return switch (value) {
            case null -> false;
            case Boolean truth -> truth;
            case String text -> !text.isEmpty();
            case SafeText safe -> !safe.text().isEmpty();
            case Long number -> number != 0;
            case Double number -> number != 0;
            case BigInteger number -> true;
            default -> Sequences.size(value) != 0;
        };
    }
}
