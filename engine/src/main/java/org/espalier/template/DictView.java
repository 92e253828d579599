package org.espalier.template;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/** What {@code dict.keys()}, {@code values()} and {@code items()} give. */
record DictView(Dict dict, Kind kind) implements Unhashable {

    enum Kind {
        KEYS,
        VALUES,
        ITEMS
    }

    List<Object> list() {
        return switch (kind) {
            case KEYS -> dict.keys();
            case VALUES -> dict.values();
            case ITEMS -> dict.items();
        };
    }

    Iterator<Object> elements() {
        return Lazy.mapped(
                dict.entries().iterator(),
                switch (kind) {
                    case KEYS -> Dict.Entry::key;
                    case VALUES -> Dict.Entry::value;
                    case ITEMS -> Dict.Entry::pair;
                });
    }

    String typeName() {
        return "dict_" + kind.name().toLowerCase(Locale.ROOT);
    }
}
