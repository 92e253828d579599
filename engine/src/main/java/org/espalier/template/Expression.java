package org.espalier.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** What has a value. Those without a {@code line} cannot fail by themselves. */
sealed interface Expression {

    /** The parts, in the order in which Jinja2 looks for names. */
    List<Expression> children();

    /** A value that stands in the template; null is {@code none}. */
    record Constant(Object value) implements Expression {
        @Override
        public List<Expression> children() {
            return List.of();
        }
    }

    /** A name that is read, or that something is assigned to. */
    record Name(String name) implements Expression {
        @Override
        public List<Expression> children() {
            return List.of();
        }
    }

    /** {@code namespace.attribute}, to be assigned to. */
    record NamespaceTarget(String name, String attribute) implements Expression {
        @Override
        public List<Expression> children() {
            return List.of();
        }
    }

    /** {@code a, b}. */
    record TupleOf(List<Expression> items) implements Expression {
        @Override
        public List<Expression> children() {
            return items;
        }
    }

    /** {@code [a, b]}. */
    record ListOf(List<Expression> items) implements Expression {
        @Override
        public List<Expression> children() {
            return items;
        }
    }

    /** {@code {a: b}}: keys and values take turns. */
    record DictOf(List<Expression> keysAndValues) implements Expression {
        @Override
        public List<Expression> children() {
            return keysAndValues;
        }
    }

    /** {@code -a}, {@code +a}, {@code not a}. */
    record Unary(String operator, Expression operand, int line) implements Expression {
        @Override
        public List<Expression> children() {
            return List.of(operand);
        }
    }

    /** Arithmetic. */
    record Binary(String operator, Expression left, Expression right, int line) implements Expression {
        @Override
        public List<Expression> children() {
            return List.of(left, right);
        }
    }

    /** {@code a and b}, {@code a or b}: one of the two values. */
    record Logical(boolean and, Expression left, Expression right) implements Expression {
        @Override
        public List<Expression> children() {
            return List.of(left, right);
        }
    }

    /** {@code a ~ b ~ c}. */
    record Concatenation(List<Expression> parts, int line) implements Expression {
        @Override
        public List<Expression> children() {
            return parts;
        }
    }

    /** {@code a < b <= c}: one operator less than operands. */
    record Comparison(List<Expression> operands, List<String> operators, int line) implements Expression {
        @Override
        public List<Expression> children() {
            return operands;
        }
    }

    /** {@code a if test else b}; without {@code else} it is null. */
    record Conditional(Expression test, Expression then, Expression otherwise, int line) implements Expression {
        @Override
        public List<Expression> children() {
            return otherwise == null ? List.of(test, then) : List.of(test, then, otherwise);
        }
    }

    /** {@code a.name}. */
    record Attribute(Expression object, String name, int line) implements Expression {
        @Override
        public List<Expression> children() {
            return List.of(object);
        }
    }

    /** {@code a[key]}. */
    record Item(Expression object, Expression key, int line) implements Expression {
        @Override
        public List<Expression> children() {
            return List.of(object, key);
        }
    }

    /** {@code a[start:stop:step]}; what is not given is null. */
    record Slice(Expression object, Expression start, Expression stop, Expression step, int line)
            implements Expression {
        @Override
        public List<Expression> children() {
            return Stream.of(object, start, stop, step).filter(Objects::nonNull).toList();
        }
    }

    /** {@code a(...)}. */
    record Call(Expression function, Arguments arguments, int line) implements Expression {
        @Override
        public List<Expression> children() {
            return arguments.with(function);
        }
    }

    /** {@code a|name(...)}; in {@code filter} and {@code set} blocks {@code object} is null. */
    record Filter(Expression object, String name, Arguments arguments, int line) implements Expression {
        @Override
        public List<Expression> children() {
            return arguments.with(object);
        }
    }

    /** {@code a is name(...)}. */
    record Test(Expression object, String name, Arguments arguments, int line) implements Expression {
        @Override
        public List<Expression> children() {
            return arguments.with(object);
        }
    }

    /** An argument given by name. */
    record Keyword(String name, Expression value) {}

    /**
     * What is given in a call.
     *
     * @param list given as {@code *list}, or null
     * @param dict given as {@code **dict}, or null
     */
    record Arguments(List<Expression> positional, List<Keyword> keywords, Expression list, Expression dict) {

        static final Arguments NONE = new Arguments(List.of(), List.of(), null, null);

        List<Expression> with(Expression object) {
            List<Expression> all = new ArrayList<>();
            all.add(object);
            all.addAll(positional);
            keywords.forEach(k -> all.add(k.value()));
            all.add(list);
            all.add(dict);
            all.removeIf(Objects::isNull);
            return all;
        }
    }
}
