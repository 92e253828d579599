package org.espalier.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/** Filters over the elements of a value. */
final class SequenceFilters {

    private SequenceFilters() {}

    static void addTo(Registry filters) {
        filters.add("first", "", (budget, value, a) -> {
            Iterator<Object> elements = Sequences.iterate(value);
            return elements.hasNext()
                    ? elements.next()
                    : new Undefined("there is no first item: the sequence is empty");
        });
        filters.add("last", "", (budget, value, a) -> {
            List<Object> reversed = reversed(value, budget);
            return reversed.isEmpty()
                    ? new Undefined("there is no last item: the sequence is empty")
                    : reversed.getFirst();
        });
        filters.add("reverse", "", SequenceFilters::reverse);
        filters.add("sort", "reverse? case_sensitive? attribute?", SequenceFilters::sort);
        filters.add("dictsort", "case_sensitive? by? reverse?", SequenceFilters::sortDict);
        filters.add("unique", "case_sensitive? attribute?", SequenceFilters::unique);
        filters.add("min", "case_sensitive? attribute?", (budget, value, a) -> extreme(value, a, ">", budget));
        filters.add("max", "case_sensitive? attribute?", (budget, value, a) -> extreme(value, a, "<", budget));
        filters.add("sum", "attribute? start?", SequenceFilters::sum);
        filters.add("batch", "linecount fill_with?", SequenceFilters::batch);
        filters.add("slice", "slices fill_with?", SequenceFilters::slice);
        filters.add("groupby", "attribute default? case_sensitive?", SequenceFilters::group);
    }

    /** Python goes backwards through what has indices, dicts and their views. */
    private static boolean isReversible(Object value) {
        return Sequences.isIndexed(value)
                || value instanceof Dict
                || value instanceof DictView
                || value instanceof Undefined;
    }

    private static List<Object> reversed(Object value, Budget budget) {
        if (!isReversible(value)) {
            throw new TemplateError("'" + Types.name(value) + "' cannot be gone through backwards");
        }
        List<Object> list = Sequences.toList(value, budget);
        Collections.reverse(list);
        return list;
    }

    private static Object reverse(Budget budget, Object value, Builtin.Bound a) {
        if (Equality.isText(value)) {
            return Sequences.slice(value, null, null, -1L, budget);
        }
        if (isReversible(value)) {
            return new OneTime(
                    Types.name(value) + "_reverseiterator",
                    reversed(value, budget).iterator());
        }
        List<Object> list = Sequences.toList(value, budget);
        Collections.reverse(list);
        return list;
    }

    /** What elements are compared by: their attribute if one is named, in small letters unless case counts. */
    private static Function<Object, Object> key(Object attribute, boolean caseCounts, Budget budget) {
        return item -> {
            budget.steps(1);
            Object value = attribute == null ? item : Attributes.path(item, attribute, budget);
            budget.read(Equality.isText(value) ? Texts.of(value).length() : 0);
            return caseCounts ? value : folded(value);
        };
    }

    private static Object folded(Object value) {
        return Equality.isText(value) ? Texts.of(value).toLowerCase(Locale.ROOT) : value;
    }

    private record Keyed(Object key, Object item) {}

    private static List<Keyed> keyed(List<Object> items, Function<Object, Object> key) {
        List<Keyed> keyed = new ArrayList<>(items.size());
        items.forEach(item -> keyed.add(new Keyed(key.apply(item), item)));
        return keyed;
    }

    /** Stable, and also when reversed equal elements keep their order. */
    private static List<Object> sorted(List<Keyed> items, boolean reverse, Budget budget) {
        Comparator<Keyed> order = (a, b) -> {
            budget.steps(1);
            return reverse ? Equality.order(b.key(), a.key(), budget) : Equality.order(a.key(), b.key(), budget);
        };
        if (items.size() > 1) {
            sort(items, order);
        }
        return Lists.mapped(items, Keyed::item);
    }

    private static void sort(List<Keyed> items, Comparator<Keyed> order) {
        try {
            items.sort(order);
        } catch (IllegalArgumentException e) {
            // NaN is neither smaller nor larger than anything.
            throw new TemplateError("the elements have no order");
        }
    }

    private static Object sort(Budget budget, Object value, Builtin.Bound a) {
        Object attribute = a.get(2, null);
        boolean caseCounts = a.truth(1, false);
        List<Function<Object, Object>> keys = new ArrayList<>();
        if (attribute != null
                && Equality.isText(attribute)
                && Texts.of(attribute).indexOf(',') >= 0) {
            for (String part : Texts.of(attribute).split(",", -1)) {
                keys.add(key(part, caseCounts, budget));
            }
        } else {
            keys.add(key(attribute, caseCounts, budget));
        }
        // Keys are lists, of which equal elements are not compared further: what is not there can be sorted as well.
        Function<Object, Object> key = item -> Lists.mapped(keys, k -> k.apply(item));
        return sorted(keyed(Sequences.toList(value, budget), key), a.truth(0, false), budget);
    }

    private static Object sortDict(Budget budget, Object value, Builtin.Bound a) {
        String order = a.text(1, "key");
        if (!order.equals("key") && !order.equals("value")) {
            throw new TemplateError("'dictsort' goes by 'key' or by 'value'");
        }
        if (!(value instanceof Dict dict)) {
            throw value instanceof Undefined missing
                    ? missing.used()
                    : new TemplateError("'dictsort' takes a dict, not '" + Types.name(value) + "'");
        }
        budget.items(dict.size());
        boolean caseCounts = a.truth(0, false);
        List<Keyed> pairs = new ArrayList<>();
        for (Dict.Entry entry : dict.entries()) {
            Object key = order.equals("key") ? entry.key() : entry.value();
            pairs.add(new Keyed(caseCounts ? key : folded(key), entry.pair()));
        }
        return sorted(pairs, a.truth(2, false), budget);
    }

    private static Object unique(Budget budget, Object value, Builtin.Bound a) {
        Function<Object, Object> key = key(a.get(1, null), a.truth(0, false), budget);
        return OneTime.generator(Lazy.chained(() -> {
            Iterator<Object> elements = Sequences.iterate(value);
            Set<Object> seen = new HashSet<>();
            return Lazy.from(() -> {
                while (elements.hasNext()) {
                    Object element = elements.next();
                    if (seen.add(Keys.of(key.apply(element)))) {
                        budget.items(1);
                        return element;
                    }
                }
                return Absent.VALUE;
            });
        }));
    }

    /** The first of the smallest or of the largest. */
    private static Object extreme(Object value, Builtin.Bound a, String worse, Budget budget) {
        Function<Object, Object> key = key(a.get(1, null), a.truth(0, false), budget);
        Iterator<Object> elements = Sequences.iterate(value);
        if (!elements.hasNext()) {
            return new Undefined("there is no such item: the sequence is empty");
        }
        Object best = elements.next();
        Object bestKey = key.apply(best);
        while (elements.hasNext()) {
            Object element = elements.next();
            Object elementKey = key.apply(element);
            if (worse.equals(">")
                    ? Equality.holds("<", elementKey, bestKey, budget)
                    : Equality.holds(">", elementKey, bestKey, budget)) {
                best = element;
                bestKey = elementKey;
            }
        }
        return best;
    }

    private static Object sum(Budget budget, Object value, Builtin.Bound a) {
        Object sum = a.get(1, 0L);
        if (Equality.isText(sum)) {
            throw new TemplateError("'sum' adds no texts");
        }
        Object attribute = a.get(0, null);
        for (Iterator<Object> rest = Sequences.iterate(value); rest.hasNext(); ) {
            Object item = rest.next();
            sum = Operators.apply(
                    "+", sum, attribute == null ? item : Attributes.path(item, attribute, budget), budget);
        }
        return sum;
    }

    private static Object batch(Budget budget, Object value, Builtin.Bound a) {
        return OneTime.generator(Lazy.of(() -> {
            List<Object> rows = new ArrayList<>();
            List<Object> row = new ArrayList<>();
            int size = a.integer(0);
            for (Object item : Sequences.toList(value, budget)) {
                if (row.size() == size) {
                    rows.add(row);
                    row = new ArrayList<>();
                }
                row.add(item);
            }
            if (!row.isEmpty()) {
                Object filler = a.get(1, null);
                int missing = filler == null ? 0 : Math.max(0, size - row.size());
                budget.items(missing);
                row.addAll(Collections.nCopies(missing, filler));
                rows.add(row);
            }
            return rows;
        }));
    }

    private static Object slice(Budget budget, Object value, Builtin.Bound a) {
        return OneTime.generator(Lazy.of(() -> {
            List<Object> items = Sequences.toList(value, budget);
            int slices = a.integer(0);
            if (slices == 0) {
                throw new TemplateError("'slice' makes at least one slice");
            }
            int each = Math.floorDiv(items.size(), slices);
            int longer = Math.floorMod(items.size(), slices);
            List<Object> rows = new ArrayList<>();
            int start = 0;
            for (int i = 0; i < slices; i++) {
                budget.items(1);
                int end = start + each + (i < longer ? 1 : 0);
                List<Object> row = new ArrayList<>(items.subList(start, end));
                if (a.get(1, null) != null && i >= longer) {
                    row.add(a.get(1));
                }
                rows.add(row);
                start = end;
            }
            return rows;
        }));
    }

    private static Object group(Budget budget, Object value, Builtin.Bound a) {
        boolean caseCounts = a.truth(2, false);
        Function<Object, Object> exact = item -> {
            Object found = Attributes.path(item, a.get(0), budget);
            return found instanceof Undefined && a.get(1, null) != null ? a.get(1) : found;
        };
        List<Keyed> items = keyed(
                Sequences.toList(value, budget), item -> caseCounts ? exact.apply(item) : folded(exact.apply(item)));
        List<Object> ordered = sorted(items, false, budget);
        List<Object> groups = new ArrayList<>();
        Object last = Absent.VALUE;
        List<Object> members = new ArrayList<>();
        for (int i = 0; i < ordered.size(); i++) {
            Object key = items.get(i).key();
            if (last == Absent.VALUE || !Equality.equal(key, last, budget)) {
                members = new ArrayList<>();
                Object shown = caseCounts ? key : exact.apply(ordered.get(i));
                groups.add(new Tuple(Lists.of(shown, members), List.of("grouper", "list")));
                last = key;
            }
            budget.items(1);
            members.add(ordered.get(i));
        }
        return groups;
    }
}
