package org.espalier.template;

import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The functions that every template finds. */
final class Globals {

    private static final String CLOCK = "strftime_now";
    private static final Map<String, Object> ALL = all();

    /** What a character of a format can become. */
    private static final long MOST_CHARACTERS_OF_A_TIME = 16;

    private Globals() {}

    /** A function, or {@link Absent#VALUE}; {@code now} is what its clock shows. */
    static Object find(String name, LocalDateTime now) {
        if (name.equals(CLOCK)) {
            return function(Builtin.of(CLOCK, "format", true, (budget, value, a) -> {
                budget.characters(MOST_CHARACTERS_OF_A_TIME * a.text(0).length());
                return Strftime.format(a.text(0), now);
            }));
        }
        return ALL.getOrDefault(name, Absent.VALUE);
    }

    private static Map<String, Object> all() {
        Map<String, Object> functions = new HashMap<>();
        add(functions, "range", "first stop? step?", false, (budget, value, a) -> {
            boolean one = !a.has(1);
            return Range.of(one ? 0 : number(a, 0), number(a, one ? 0 : 1), a.has(2) ? number(a, 2) : 1);
        });
        add(functions, "raise_exception", "message", true, (budget, value, a) -> {
            throw TemplateError.refusal(Texts.of(a.get(0)));
        });
        add(functions, "dict", "*", false, (budget, value, a) -> dict("dict", a.given(), budget));
        add(
                functions,
                "namespace",
                "*",
                false,
                (budget, value, a) -> new Namespace(dict("namespace", a.given(), budget)));
        add(functions, "cycler", "*", false, (budget, value, a) -> {
            if (a.all().isEmpty() || !a.given().named().isEmpty()) {
                throw new TemplateError("'cycler' needs items");
            }
            return new Cycler(a.all());
        });
        add(functions, "joiner", "sep?", true, (budget, value, a) -> new Joiner(a.get(0, ", ")));
        return Map.copyOf(functions);
    }

    private static long number(Builtin.Bound a, int index) {
        long number = a.integer(index);
        if (Math.abs(number) >= Integer.MAX_VALUE) {
            throw new TemplateError("the bounds of a range are too large");
        }
        return number;
    }

    private static void add(
            Map<String, Object> functions, String name, String parameters, boolean byName, Builtin.Body body) {
        functions.put(name, function(Builtin.of(name, parameters, byName, body)));
    }

    private static Callable function(Builtin builtin) {
        return new Callable() {
            @Override
            public Object call(Budget budget, Given given) {
                return builtin.apply(budget, null, given);
            }

            @Override
            public String described(int depth) {
                return "<function " + builtin.name() + ">";
            }
        };
    }

    /** From a dict or from pairs, and from what is given by name. */
    private static Dict dict(String name, Given given, Budget budget) {
        if (given.positional().size() > 1) {
            throw new TemplateError("'" + name + "' takes no more than one argument without a name");
        }
        Dict dict = new Dict();
        if (!given.positional().isEmpty()) {
            Object first = given.positional().getFirst();
            if (first instanceof Undefined missing) {
                throw missing.used();
            }
            if (first instanceof Dict other) {
                budget.items(other.size());
                dict.putAll(other);
            } else {
                Sequences.toList(first, budget).forEach(pair -> putPair(dict, pair, budget));
            }
        }
        dict.putAll(Dict.of(new LinkedHashMap<>(given.named())));
        return dict;
    }

    private static void putPair(Dict dict, Object pair, Budget budget) {
        List<Object> two = Sequences.toList(pair, budget);
        if (two.size() != 2) {
            throw new TemplateError("a dict is made of pairs");
        }
        dict.put(two.get(0), two.get(1));
    }

    /** {@code cycler(a, b)}: gives its items in turns. */
    private static final class Cycler implements Callable {

        private final List<Object> items;
        private int position;

        Cycler(List<Object> items) {
            this.items = items;
        }

        @Override
        public Object call(Budget budget, Given given) {
            throw new TemplateError("'Cycler' cannot be called");
        }

        @Override
        public String described(int depth) {
            return "<Cycler>";
        }

        @Override
        public Object attribute(String name) {
            return switch (name) {
                case "current" -> items.get(position);
                case "pos" -> (long) position;
                case "items" -> new Tuple(items);
                case "next" ->
                    Builtin.of("next", "", false, (budget, value, a) -> advance())
                            .boundTo(this);
                case "reset" ->
                    Builtin.of("reset", "", false, (budget, value, a) -> {
                                position = 0;
                                return null;
                            })
                            .boundTo(this);
                default -> Absent.VALUE;
            };
        }

        private Object advance() {
            Object item = items.get(position);
            position = (position + 1) % items.size();
            return item;
        }
    }

    /** {@code joiner(sep)}: nothing the first time, then the separator. */
    private static final class Joiner implements Callable {

        private final Object separator;
        private boolean used;

        Joiner(Object separator) {
            this.separator = separator;
        }

        @Override
        public String described(int depth) {
            return "<Joiner>";
        }

        @Override
        public Object call(Budget budget, Given given) {
            Object result = used ? separator : "";
            used = true;
            return result;
        }
    }
}
