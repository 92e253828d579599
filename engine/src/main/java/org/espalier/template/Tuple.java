package org.espalier.template;

import java.util.List;

/**
 * A tuple.
 *
 * @param names under which its items can be had as well, in their order; empty for most
 */
record Tuple(List<Object> items, List<String> names) {

    static final Tuple EMPTY = new Tuple(List.of());

    Tuple(List<Object> items) {
        this(items, List.of());
    }
}
