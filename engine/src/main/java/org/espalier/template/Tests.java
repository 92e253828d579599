package org.espalier.template;

import java.util.List;
import java.util.function.Predicate;

/** What stands after {@code is}. */
final class Tests {

    private final Registry tests;

    private Tests(Registry tests) {
        this.tests = tests;
    }

    /** @param filters that one of the tests looks for */
    static void addTo(Registry tests, Registry filters) {
        new Tests(tests).addAll(filters);
    }

    private void addAll(Registry filters) {
        simple("defined", value -> !(value instanceof Undefined));
        simple("undefined", value -> value instanceof Undefined);
        simple("none", value -> value == null);
        simple("boolean", value -> value instanceof Boolean);
        simple("true", Boolean.TRUE::equals);
        simple("false", Boolean.FALSE::equals);
        simple("integer", value -> Integers.isInteger(value) && !(value instanceof Boolean));
        simple("float", value -> value instanceof Double);
        simple("number", Equality::isNumber);
        simple("string", Equality::isText);
        simple("mapping", value -> value instanceof Dict);
        simple("sequence", Tests::isSequence);
        simple("iterable", value -> Sequences.isIterable(value) || value instanceof LoopState);
        simple("callable", Attributes::isCallable);
        simple("escaped", value -> value instanceof SafeText);
        simple("lower", value -> Letters.allCased(Texts.of(value), Character::isLowerCase));
        simple("upper", value -> Letters.allCased(Texts.of(value), Character::isUpperCase));
        add("odd", "", (budget, value, a) -> isRest(value, 2L, 1L, budget));
        add("even", "", (budget, value, a) -> isRest(value, 2L, 0L, budget));
        add("divisibleby", "num", (budget, value, a) -> isRest(value, a.get(0), 0L, budget));
        add("sameas", "other", (budget, value, a) -> isSame(value, a.get(0)));
        add("in", "seq", (budget, value, a) -> Equality.contains(a.get(0), value, budget));
        add("filter", "", (budget, value, a) -> filters.has(value));
        add("test", "", (budget, value, a) -> tests.has(value));
        comparison("eq", Equality::equal, "==", "equalto");
        comparison("ne", (a, b, budget) -> !Equality.equal(a, b, budget), "!=");
        for (String[] names :
                new String[][] {{"<", "lt", "lessthan"}, {"<=", "le"}, {">", "gt", "greaterthan"}, {">=", "ge"}}) {
            comparison(names[0], (a, b, budget) -> Equality.holds(names[0], a, b, budget), names);
        }
    }

    private interface Comparison {
        boolean holds(Object a, Object b, Budget budget);
    }

    private void comparison(String name, Comparison comparison, String... others) {
        Builtin.Body body = (budget, value, a) -> comparison.holds(value, a.get(0), budget);
        add(name, "other", body);
        List.of(others).forEach(other -> add(other, "other", body));
    }

    private void simple(String name, Predicate<Object> test) {
        add(name, "", (budget, value, a) -> test.test(value));
    }

    private void add(String name, String parameters, Builtin.Body body) {
        tests.add(name, parameters, body);
    }

    /** A text is formatted where {@code %} stands after it, and then equals no number. */
    private static boolean isRest(Object value, Object divisor, Object rest, Budget budget) {
        return Equality.equal(Operators.apply("%", value, divisor, budget), rest, budget);
    }

    private static boolean isSequence(Object value) {
        return Sequences.isIndexed(value) || value instanceof Dict || value instanceof Undefined;
    }

    /** Small numbers, truth values and none are always the same. */
    private static boolean isSame(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            return x.equals(y);
        }
        if (a instanceof Boolean || b instanceof Boolean) {
            return a != null && a.equals(b);
        }
        return a == b || a instanceof String x && b instanceof String y && x.equals(y);
    }
}
