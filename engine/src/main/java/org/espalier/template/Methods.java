package org.espalier.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The methods of each kind of values. */
final class Methods {

    /**
     * Those of one kind.
     *
     * @param refused names of methods that would change the value
     */
    record Table(Map<String, Builtin> methods, Set<String> refused) {

        private static final Table NONE = new Table(Map.of(), Set.of());
    }

    private static final Table TEXT = new Table(TextMethods.all(), Set.of());
    private static final Table SAFE_TEXT = new Table(SafeTextMethods.all(), Set.of());
    private static final Table LIST =
            new Table(lists(), Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"));
    private static final Table TUPLE = new Table(searches(), Set.of());
    private static final Table DICT = new Table(dicts(), Set.of("clear", "pop", "popitem", "setdefault", "update"));
    private static final Table INTEGER = new Table(integers(), Set.of());
    private static final Table FLOAT = new Table(floats(), Set.of());

    private Methods() {}

    static Table of(Object value) {
        return switch (value) {
            case String text -> TEXT;
            case SafeText safe -> SAFE_TEXT;
            case Dict dict -> DICT;
            case List<?> list -> LIST;
            case Tuple tuple -> TUPLE;
            case Range range -> TUPLE;
            case Double number -> FLOAT;
            case null -> Table.NONE;
            default -> Integers.isInteger(value) ? INTEGER : Table.NONE;
        };
    }

    /** {@code index} and {@code count}. */
    private static Map<String, Builtin> searches() {
        Map<String, Builtin> methods = new HashMap<>();
        add(
                methods,
                "count",
                "value",
                (budget, value, a) -> Sequences.toList(value, budget).stream()
                        .filter(item -> Equality.equal(item, a.get(0), budget))
                        .count());
        add(methods, "index", "value start? stop?", (budget, value, a) -> {
            List<Object> items = Sequences.toList(value, budget);
            int start = Sequences.bound(a.integer(1, 0), items.size());
            int stop = Sequences.bound(a.integer(2, items.size()), items.size());
            for (int i = start; i < stop; i++) {
                if (Equality.equal(items.get(i), a.get(0), budget)) {
                    return (long) i;
                }
            }
            throw new TemplateError("a list does not hold what 'index' looks for");
        });
        return methods;
    }

    private static Map<String, Builtin> lists() {
        Map<String, Builtin> methods = searches();
        add(methods, "copy", "", (budget, value, a) -> Sequences.toList(value, budget));
        return methods;
    }

    private static Map<String, Builtin> dicts() {
        Map<String, Builtin> methods = new HashMap<>();
        add(methods, "get", "key default?", (budget, value, a) -> {
            Dict.Entry entry = ((Dict) value).get(a.get(0));
            return entry == null ? a.get(1, null) : entry.value();
        });
        add(methods, "keys", "", (budget, value, a) -> new DictView((Dict) value, DictView.Kind.KEYS));
        add(methods, "values", "", (budget, value, a) -> new DictView((Dict) value, DictView.Kind.VALUES));
        add(methods, "items", "", (budget, value, a) -> new DictView((Dict) value, DictView.Kind.ITEMS));
        add(methods, "copy", "", (budget, value, a) -> {
            budget.items(((Dict) value).size());
            return new Dict((Dict) value);
        });
        add(methods, "fromkeys", "keys value?", (budget, value, a) -> {
            Dict made = new Dict();
            Sequences.toList(a.get(0), budget).forEach(key -> made.put(key, a.get(1, null)));
            return made;
        });
        return methods;
    }

    private static Map<String, Builtin> integers() {
        Map<String, Builtin> methods = new HashMap<>();
        add(methods, "bit_length", "", (budget, value, a) ->
                (long) Integers.big(value).abs().bitLength());
        add(methods, "bit_count", "", (budget, value, a) ->
                (long) Integers.big(value).abs().bitCount());
        add(methods, "conjugate", "", (budget, value, a) -> Integers.of(Integers.big(value)));
        return methods;
    }

    private static Map<String, Builtin> floats() {
        Map<String, Builtin> methods = new HashMap<>();
        add(methods, "is_integer", "", (budget, value, a) -> {
            double number = (Double) value;
            return number == Math.rint(number) && !Double.isInfinite(number);
        });
        add(methods, "conjugate", "", (budget, value, a) -> value);
        add(methods, "as_integer_ratio", "", (budget, value, a) -> ratio((Double) value));
        return methods;
    }

    private static Tuple ratio(double value) {
        Integers.truncated(value);
        BigDecimal exact = new BigDecimal(value);
        BigInteger denominator = BigInteger.TEN.pow(Math.max(0, exact.scale()));
        BigInteger numerator = exact.multiply(new BigDecimal(denominator)).toBigIntegerExact();
        BigInteger common = numerator.gcd(denominator);
        return new Tuple(Lists.of(Integers.of(numerator.divide(common)), Integers.of(denominator.divide(common))));
    }

    private static void add(Map<String, Builtin> methods, String name, String parameters, Builtin.Body body) {
        methods.put(name, Builtin.of(name, parameters, false, body));
    }
}
