package org.espalier.template;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

/** Lists that may hold null, which is Python's None. */
final class Lists {

    private Lists() {}

    static List<Object> of(Object... items) {
        List<Object> list = new ArrayList<>(items.length);
        Collections.addAll(list, items);
        return list;
    }

    static <T> List<Object> mapped(Collection<T> items, Function<? super T, Object> function) {
        List<Object> list = new ArrayList<>(items.size());
        for (T item : items) {
            list.add(function.apply(item));
        }
        return list;
    }
}
