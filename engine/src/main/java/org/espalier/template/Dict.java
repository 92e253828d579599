package org.espalier.template;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A dict: keys that are equal for Python ({@code 1}, {@code 1.0} and {@code true}) are one key. */
final class Dict implements Unhashable {

    /** A key as it was first written, and its value. */
    record Entry(Object key, Object value) {
        Tuple pair() {
            return new Tuple(Lists.of(key, value));
        }
    }

    private final Map<Object, Entry> entries = new LinkedHashMap<>();

    Dict() {}

    Dict(Dict other) {
        entries.putAll(other.entries);
    }

    static Dict of(Map<String, Object> values) {
        Dict dict = new Dict();
        values.forEach(dict::put);
        return dict;
    }

    void put(Object key, Object value) {
        Object normal = Keys.of(key);
        Entry before = entries.get(normal);
        entries.put(normal, new Entry(before == null ? key : before.key(), value));
    }

    void putAll(Dict other) {
        other.entries.values().forEach(e -> put(e.key(), e.value()));
    }

    /** The entry of a key, or null. */
    Entry get(Object key) {
        return entries.get(Keys.of(key));
    }

    boolean has(Object key) {
        return entries.containsKey(Keys.of(key));
    }

    int size() {
        return entries.size();
    }

    Collection<Entry> entries() {
        return entries.values();
    }

    List<Object> keys() {
        return Lists.mapped(entries.values(), Entry::key);
    }

    List<Object> values() {
        return Lists.mapped(entries.values(), Entry::value);
    }

    List<Object> items() {
        return Lists.mapped(entries.values(), Entry::pair);
    }
}
