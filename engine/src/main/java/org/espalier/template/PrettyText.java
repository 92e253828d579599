package org.espalier.template;

import java.util.ArrayList;
import java.util.List;

/** Values written over several lines where one of 80 characters is too short, as Python's {@code pprint} does. */
final class PrettyText {

    private static final int WIDTH = 80;

    private final StringBuilder out = new StringBuilder();

    private final Budget budget;

    private PrettyText(Budget budget) {
        this.budget = budget;
    }

    static String of(Object value, Budget budget) {
        PrettyText text = new PrettyText(budget);
        text.write(value, 0, 0, 0);
        return text.out.toString();
    }

    /** @param allowance characters that follow on the last line */
    private void write(Object value, int indent, int allowance, int depth) {
        Budget.requireShallow(depth);
        String line = budget.counted(Texts.repr(sorted(value, 0)));
        if (line.length() <= WIDTH - indent - allowance) {
            out.append(line);
            return;
        }
        switch (value) {
            case List<?> list -> items(list, "[", "]", indent, allowance, depth);
            case Tuple tuple ->
                items(tuple.items(), "(", tuple.items().size() == 1 ? ",)" : ")", indent, allowance, depth);
            case Dict dict when dict.size() > 0 -> dict(dict, indent, allowance, depth);
            case null, default -> out.append(line);
        }
    }

    private void items(List<?> items, String begin, String end, int indent, int allowance, int depth) {
        out.append(begin);
        for (int i = 0; i < items.size(); i++) {
            boolean last = i == items.size() - 1;
            write(items.get(i), indent + 1, last ? allowance + end.length() : 1, depth + 1);
            out.append(last ? "" : ",\n" + " ".repeat(indent + 1));
        }
        out.append(end);
    }

    private void dict(Dict dict, int indent, int allowance, int depth) {
        List<Dict.Entry> entries = entries(dict);
        out.append('{');
        for (int i = 0; i < entries.size(); i++) {
            boolean last = i == entries.size() - 1;
            String key = Texts.repr(entries.get(i).key());
            out.append(key).append(": ");
            write(entries.get(i).value(), indent + 1 + key.length() + 2, last ? allowance + 1 : 1, depth + 1);
            out.append(last ? "" : ",\n" + " ".repeat(indent + 1));
        }
        out.append('}');
    }

    /** Keys that cannot be compared are ordered by the names of their kinds. */
    private List<Dict.Entry> entries(Dict dict) {
        List<Dict.Entry> entries = new ArrayList<>(dict.entries());
        entries.sort((a, b) -> {
            boolean same = Equality.isNumber(a.key()) && Equality.isNumber(b.key())
                    || Equality.isText(a.key()) && Equality.isText(b.key());
            return same
                    ? Equality.order(a.key(), b.key(), budget)
                    : Types.name(a.key()).compareTo(Types.name(b.key()));
        });
        return entries;
    }

    private Object sorted(Object value, int depth) {
        Budget.requireShallow(depth);
        budget.steps(1);
        return switch (value) {
            case List<?> list -> sortedItems(list, depth);
            case Tuple tuple -> new Tuple(sortedItems(tuple.items(), depth));
            case Dict dict -> {
                Dict copy = new Dict();
                entries(dict).forEach(e -> copy.put(e.key(), sorted(e.value(), depth + 1)));
                yield copy;
            }
            case null, default -> value;
        };
    }

    private List<Object> sortedItems(List<?> items, int depth) {
        List<Object> copy = new ArrayList<>();
        items.forEach(item -> copy.add(sorted(item, depth + 1)));
        return copy;
    }
}
