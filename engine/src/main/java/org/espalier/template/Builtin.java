package org.espalier.template;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A method, a filter, a test or a function that is always there.
 *
 * @param name       for messages
 * @param parameters after the value it works on; those with {@code ?} at the end may be missing, {@code *} takes all
 * @param byName     whether arguments can be given by name
 */
record Builtin(String name, List<String> parameters, boolean byName, Body body) {

    /** What it does with the value and the arguments. */
    interface Body {
        Object apply(Budget budget, Object value, Bound arguments);
    }

    /** @param parameters separated by blanks */
    static Builtin of(String name, String parameters, boolean byName, Body body) {
        return new Builtin(name, parameters.isEmpty() ? List.of() : List.of(parameters.split(" ")), byName, body);
    }

    Object apply(Budget budget, Object value, Given given) {
        budget.steps(1);
        return body.apply(budget, value, bind(given));
    }

    Callable boundTo(Object value) {
        return new Callable() {
            @Override
            public Object call(Budget budget, Given given) {
                return apply(budget, value, given);
            }

            @Override
            public String described(int depth) {
                return "<built-in method " + name + " of " + Types.name(value) + " object>";
            }
        };
    }

    private Bound bind(Given given) {
        if (parameters.equals(List.of("*"))) {
            return new Bound(this, null, given);
        }
        if (given.positional().size() > parameters.size()) {
            throw new TemplateError("'" + name + "' takes no more than " + parameters.size() + " arguments");
        }
        Object[] values = new Object[parameters.size()];
        Arrays.fill(values, Absent.VALUE);
        for (int i = 0; i < given.positional().size(); i++) {
            values[i] = given.positional().get(i);
        }
        for (Map.Entry<String, Object> named : given.named().entrySet()) {
            int index = byName ? index(named.getKey()) : -1;
            if (index < 0 || values[index] != Absent.VALUE) {
                throw new TemplateError("'" + name + "' takes no argument '" + named.getKey() + "' there");
            }
            values[index] = named.getValue();
        }
        for (int i = 0; i < values.length; i++) {
            if (values[i] == Absent.VALUE && !parameters.get(i).endsWith("?")) {
                throw new TemplateError("'" + name + "' needs the argument '" + parameters.get(i) + "'");
            }
        }
        return new Bound(this, values, given);
    }

    private int index(String parameter) {
        int index = parameters.indexOf(parameter);
        return index >= 0 ? index : parameters.indexOf(parameter + "?");
    }

    /**
     * The arguments in the order of the parameters.
     *
     * @param values null where all are used as they are {@code given}
     */
    record Bound(Builtin builtin, Object[] values, Given given) {

        boolean has(int index) {
            return values[index] != Absent.VALUE;
        }

        Object get(int index) {
            return values[index];
        }

        Object get(int index, Object absent) {
            return has(index) ? values[index] : absent;
        }

        String text(int index) {
            if (!Equality.isText(values[index])) {
                throw wrong(index, "a text");
            }
            return Texts.of(values[index]);
        }

        String text(int index, String absent) {
            return has(index) ? text(index) : absent;
        }

        int integer(int index) {
            if (!Integers.isInteger(values[index])) {
                throw wrong(index, "an integer");
            }
            return Integers.index(values[index]);
        }

        int integer(int index, int absent) {
            return has(index) ? integer(index) : absent;
        }

        boolean truth(int index, boolean absent) {
            return has(index) ? Equality.truth(values[index]) : absent;
        }

        /** All positional arguments, as a new list. */
        List<Object> all() {
            return new ArrayList<>(given.positional());
        }

        private TemplateError wrong(int index, String expected) {
            if (values[index] instanceof Undefined missing) {
                return missing.used();
            }
            return new TemplateError(
                    "'%s' takes %s, not '%s'".formatted(builtin.name(), expected, Types.name(values[index])));
        }
    }
}
