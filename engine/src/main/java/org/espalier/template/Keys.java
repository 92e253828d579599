package org.espalier.template;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/** Values as keys of a Java map: those that Python takes for equal are equal. */
final class Keys {

    private enum Single {
        NONE,
        UNDEFINED
    }

    private record TupleKey(List<Object> items) {}

    /** Tuples with more items in them take too long to look up. */
    private static final int MOST_ITEMS = 1000;

    private Keys() {}

    /**
     * The key of a value.
     *
     * @throws TemplateError if the value can be none, as lists and dicts
     */
    static Object of(Object value) {
        return of(value, new int[] {0}, 0);
    }

    static boolean isPossible(Object value) {
        return switch (value) {
            case Tuple tuple -> isPossible(tuple);
            case List<?> list -> false;
            case Unhashable other -> false;
            case null, default -> true;
        };
    }

    private static boolean isPossible(Tuple tuple) {
        try {
            return of(tuple) != null;
        } catch (TemplateError e) {
            return false;
        }
    }

    private static Object of(Object value, int[] seen, int depth) {
        return switch (value) {
            case null -> Single.NONE;
            case Undefined missing -> Single.UNDEFINED;
            case SafeText safe -> safe.text();
            case Boolean truth -> truth ? 1L : 0L;
            case Double number -> number(number);
            case Tuple tuple -> {
                Budget.requireShallow(depth);
                seen[0] += tuple.items().size();
                if (seen[0] > MOST_ITEMS) {
                    throw new TemplateError("a tuple is too long for a key");
                }
                List<Object> items = new ArrayList<>();
                tuple.items().forEach(item -> items.add(of(item, seen, depth + 1)));
                yield new TupleKey(items);
            }
            default -> {
                if (!isPossible(value)) {
                    throw new TemplateError("a list or a dict cannot be a key");
                }
                yield value;
            }
        };
    }

    private static Object number(double number) {
        boolean whole = number == Math.rint(number) && !Double.isInfinite(number);
        if (!whole) {
            return number;
        }
        return Math.abs(number) < 1e18 ? (Object) (long) number : Integers.of(new BigDecimal(number).toBigInteger());
    }
}
