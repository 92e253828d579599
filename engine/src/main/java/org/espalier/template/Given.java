package org.espalier.template;

import java.util.List;
import java.util.Map;

/** The arguments of a call. */
record Given(List<Object> positional, Map<String, Object> named) {

    static final Given NONE = new Given(List.of(), Map.of());

    static Given of(Object... positional) {
        return new Given(Lists.of(positional), Map.of());
    }
}
