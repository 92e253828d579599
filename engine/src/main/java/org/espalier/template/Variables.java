package org.espalier.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a caller gives to a template, as values of templates. */
final class Variables {

    private final Map<String, Object> values = new HashMap<>();
    private long characters;

    private Variables() {}

    static Variables of(Map<String, ?> given) {
        Variables variables = new Variables();
        given.forEach((name, value) -> variables.values.put(name, variables.value(value, 0)));
        return variables;
    }

    Map<String, Object> values() {
        return values;
    }

    /** How much was given. */
    long characters() {
        return characters;
    }

    private Object value(Object given, int depth) {
        Budget.requireShallow(depth);
        characters++;
        return switch (given) {
            case null -> null;
            case String text -> {
                characters += text.length();
                yield text;
            }
            case Boolean truth -> truth;
            case BigInteger number -> Integers.of(number);
            case Long number -> number;
            case Integer number -> (long) number;
            case Double number -> number;
            case Float number -> (double) number;
            case List<?> list -> {
                List<Object> items = new ArrayList<>(list.size());
                list.forEach(item -> items.add(value(item, depth + 1)));
                yield items;
            }
            case Map<?, ?> map -> {
                Dict dict = new Dict();
                map.forEach((key, value) -> dict.put(value(key, depth + 1), value(value, depth + 1)));
                yield dict;
            }
            default -> throw new IllegalArgumentException("templates have no such value: " + given.getClass());
        };
    }
}
