package org.espalier.template;

import java.util.Iterator;
import java.util.List;
import java.util.function.Function;

/** Filters that take other filters, tests or attributes. */
final class MappingFilters {

    private MappingFilters() {}

    static void addTo(Registry filters, Registry tests) {
        filters.add(
                "map", "*", (budget, value, a) -> generator(value, budget, () -> mapping(filters, a.given(), budget)));
        select(filters, tests, "select", true, false);
        select(filters, tests, "reject", false, false);
        select(filters, tests, "selectattr", true, true);
        select(filters, tests, "rejectattr", false, true);
    }

    /** What becomes of an element; {@link Absent#VALUE} where it is left out. */
    private interface Preparation {
        Function<Object, Object> prepare();
    }

    /** Python's generators do nothing before the first element is asked for, and nothing with what counts as false. */
    private static Object generator(Object value, Budget budget, Preparation preparation) {
        return OneTime.generator(Lazy.chained(() -> {
            if (!Equality.truth(value)) {
                return List.of().iterator();
            }
            Function<Object, Object> function = preparation.prepare();
            Iterator<Object> elements = Sequences.iterate(value);
            return Lazy.from(() -> {
                while (elements.hasNext()) {
                    budget.steps(1);
                    Object element = function.apply(elements.next());
                    if (element != Absent.VALUE) {
                        return element;
                    }
                }
                return Absent.VALUE;
            });
        }));
    }

    private static Function<Object, Object> mapping(Registry filters, Given given, Budget budget) {
        List<Object> positional = given.positional();
        if (positional.isEmpty() && given.named().containsKey("attribute")) {
            Object attribute = given.named().get("attribute");
            Object absent = given.named().get("default");
            if (!List.of("attribute", "default").containsAll(given.named().keySet())) {
                throw new TemplateError("'map' takes no names but 'attribute' and 'default'");
            }
            return item -> {
                Object found = Attributes.path(item, attribute, budget);
                return found instanceof Undefined && absent != null ? absent : found;
            };
        }
        if (positional.isEmpty()) {
            throw new TemplateError("'map' needs a filter");
        }
        Builtin filter = named(filters, positional.getFirst(), "filter");
        Given rest = new Given(positional.subList(1, positional.size()), given.named());
        return item -> filter.apply(budget, item, rest);
    }

    private static Builtin named(Registry all, Object name, String kind) {
        Builtin found = Equality.isText(name) ? all.get(Texts.of(name)) : null;
        if (found == null) {
            throw new TemplateError("there is no " + kind + " '" + Texts.of(name) + "' here");
        }
        return found;
    }

    private static void select(Registry filters, Registry tests, String name, boolean keeps, boolean byAttribute) {
        filters.add(
                name,
                "*",
                (budget, value, a) -> generator(value, budget, () -> {
                    Given given = a.given();
                    int offset = byAttribute ? 1 : 0;
                    if (given.positional().size() < offset) {
                        throw new TemplateError("'" + name + "' needs an attribute");
                    }
                    Function<Object, Object> subject = byAttribute
                            ? item -> Attributes.path(item, given.positional().getFirst(), budget)
                            : item -> item;
                    Function<Object, Object> test = test(tests, given, offset, budget);
                    return item -> Equality.truth(test.apply(subject.apply(item))) == keeps ? item : Absent.VALUE;
                }));
    }

    /** Without a test's name the values themselves count. */
    private static Function<Object, Object> test(Registry tests, Given given, int offset, Budget budget) {
        List<Object> positional = given.positional();
        if (positional.size() <= offset) {
            return value -> value;
        }
        Builtin test = named(tests, positional.get(offset), "test");
        Given rest = new Given(positional.subList(offset + 1, positional.size()), given.named());
        return value -> test.apply(budget, value, rest);
    }
}
