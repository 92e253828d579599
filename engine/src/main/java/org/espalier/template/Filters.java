package org.espalier.template;

import java.util.List;

/** What stands after {@code |}. */
final class Filters {

    private Filters() {}

    /** @param tests that some filters apply */
    static void addTo(Registry filters, Registry tests) {
        addValues(filters);
        TextFilters.addTo(filters);
        NumberFilters.addTo(filters);
        SequenceFilters.addTo(filters);
        MappingFilters.addTo(filters, tests);
    }

    private static void addValues(Registry filters) {
        filters.add("default d", "default_value? boolean?", (budget, value, a) -> {
            boolean missing = value instanceof Undefined || a.truth(1, false) && !Equality.truth(value);
            return missing ? a.get(0, "") : value;
        });
        filters.add(
                "tojson",
                "ensure_ascii? indent? separators? sort_keys?",
                (budget, value, a) -> JsonText.of(value, a, budget));
        filters.add("attr", "name", (budget, value, a) -> {
            Object own = Attributes.own(value, Texts.of(a.get(0)));
            return own == Absent.VALUE
                    ? new Undefined("'" + Types.name(value) + "' has no attribute '" + Texts.of(a.get(0)) + "'")
                    : own;
        });
        filters.add("list", "", (budget, value, a) -> Sequences.toList(value, budget));
        filters.add("items", "", (budget, value, a) -> OneTime.generator(Lazy.of(() -> pairs(value, budget))));
        filters.add("length count", "", (budget, value, a) -> {
            budget.read(Equality.isText(value) ? Texts.of(value).length() : 0);
            return (long) Sequences.length(value);
        });
        filters.add("pprint", "", (budget, value, a) -> budget.counted(PrettyText.of(value, budget)));
    }

    private static List<Object> pairs(Object value, Budget budget) {
        if (value instanceof Undefined) {
            return List.of();
        }
        if (!(value instanceof Dict dict)) {
            throw new TemplateError("'" + Types.name(value) + "' has no items: it is no dict");
        }
        budget.items(dict.size());
        return dict.items();
    }
}
