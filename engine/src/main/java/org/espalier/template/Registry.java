package org.espalier.template;

import java.util.HashMap;
import java.util.Map;

/** Filters or tests by their names. */
final class Registry {

    private final Map<String, Builtin> builtins = new HashMap<>();

    /** @param names of the same, separated by blanks */
    void add(String names, String parameters, Builtin.Body body) {
        for (String name : names.split(" ")) {
            builtins.put(name, Builtin.of(name, parameters, true, body));
        }
    }

    /** The one of that name, or null. */
    Builtin get(String name) {
        return builtins.get(name);
    }

    /** Whether there is one; what is no text names none. */
    boolean has(Object name) {
        return Keys.of(name) instanceof String text && builtins.containsKey(text);
    }
}
