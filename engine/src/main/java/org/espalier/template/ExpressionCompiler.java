package org.espalier.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes expressions ready to be evaluated, in one scope. */
final class ExpressionCompiler {

    private final Scope scope;
    /** Whether what is compiled may never be evaluated: then unknown filters and tests are errors only if it is. */
    private final boolean lenient;

    ExpressionCompiler(Scope scope, boolean lenient) {
        this.scope = scope;
        this.lenient = lenient;
    }

    Value compile(Expression expression) {
        return switch (expression) {
            case Expression.Constant constant -> {
                Object value = constant.value();
                yield frame -> value;
            }
            case Expression.Name name -> name(name.name());
            case Expression.NamespaceTarget target -> throw new IllegalStateException("a target is no value");
            case Expression.TupleOf tuple -> {
                Value[] items = all(tuple.items());
                yield frame -> new Tuple(values(items, frame));
            }
            case Expression.ListOf list -> {
                Value[] items = all(list.items());
                yield frame -> values(items, frame);
            }
            case Expression.DictOf dict -> dict(all(dict.keysAndValues()));
            case Expression.Unary unary -> unary(unary);
            case Expression.Binary binary -> {
                Value left = compile(binary.left());
                Value right = compile(binary.right());
                String operator = binary.operator().intern();
                yield frame -> Operators.apply(operator, left.in(frame), right.in(frame), stepped(frame));
            }
            case Expression.Logical logical -> logical(logical);
            case Expression.Concatenation joined -> concatenation(all(joined.parts()));
            case Expression.Comparison comparison -> comparison(comparison);
            case Expression.Conditional conditional -> conditional(conditional);
            case Expression.Attribute attribute -> {
                Value object = compile(attribute.object());
                String name = attribute.name();
                yield frame -> {
                    stepped(frame);
                    return Attributes.attribute(object.in(frame), name);
                };
            }
            case Expression.Item item -> {
                Value object = compile(item.object());
                Value key = compile(item.key());
                yield frame -> {
                    Object value = object.in(frame);
                    stepped(frame).read(Equality.isText(value) ? Texts.of(value).length() : 0);
                    return Attributes.item(value, key.in(frame));
                };
            }
            case Expression.Slice slice -> slice(slice);
            case Expression.Call call -> call(call, Map.of());
            case Expression.Filter filter -> {
                Builtin builtin = builtin(Builtins.FILTERS, filter.name(), "filter", filter.line());
                yield applied(builtin, filter.name(), "filter", compile(filter.object()), filter.arguments());
            }
            case Expression.Test test -> {
                Builtin builtin = builtin(Builtins.TESTS, test.name(), "test", test.line());
                yield applied(builtin, test.name(), "test", compile(test.object()), test.arguments());
            }
        };
    }

    /** Of an expression that may be missing. */
    Value compileIfThere(Expression expression) {
        return expression == null ? null : compile(expression);
    }

    /** The budget of a frame, one step less. */
    private static Budget stepped(Frame frame) {
        frame.budget().steps(1);
        return frame.budget();
    }

    private Value[] all(List<Expression> expressions) {
        return expressions.stream().map(this::compile).toArray(Value[]::new);
    }

    private static List<Object> values(Value[] items, Frame frame) {
        frame.budget().items(items.length);
        List<Object> list = new ArrayList<>(items.length);
        for (Value item : items) {
            list.add(item.in(frame));
        }
        return list;
    }

    private static Value dict(Value[] keysAndValues) {
        return frame -> {
            frame.budget().items(keysAndValues.length);
            Dict dict = new Dict();
            for (int i = 0; i < keysAndValues.length; i += 2) {
                dict.put(keysAndValues[i].in(frame), keysAndValues[i + 1].in(frame));
            }
            return dict;
        };
    }

    private Slot slot(String name) {
        if (scope.find(name) == null) {
            scope.read(name);
        }
        return scope.find(name);
    }

    private Value name(String name) {
        Slot slot = slot(name);
        int levels = scope.layout().depth() - slot.layout().depth();
        int index = slot.index();
        return frame -> {
            Object value = frame.outer(levels).get(index);
            return value == Absent.VALUE ? Undefined.name(name) : value;
        };
    }

    private Value unary(Expression.Unary unary) {
        Value operand = compile(unary.operand());
        return switch (unary.operator()) {
            case "not" ->
                frame -> {
                    stepped(frame);
                    return !Equality.truth(operand.in(frame));
                };
            case "-" ->
                frame -> {
                    stepped(frame);
                    return Operators.negated(operand.in(frame));
                };
            default ->
                frame -> {
                    stepped(frame);
                    return Operators.plus(operand.in(frame));
                };
        };
    }

    private Value logical(Expression.Logical logical) {
        Value left = compile(logical.left());
        Value right = compile(logical.right());
        boolean and = logical.and();
        return frame -> {
            stepped(frame);
            Object first = left.in(frame);
            return Equality.truth(first) == and ? right.in(frame) : first;
        };
    }

    private static Value concatenation(Value[] parts) {
        return frame -> {
            TextSink joined = new TextSink(stepped(frame));
            for (Value part : parts) {
                joined.append(Texts.of(part.in(frame)));
            }
            return joined.text();
        };
    }

    private Value comparison(Expression.Comparison comparison) {
        Value[] operands = all(comparison.operands());
        String[] operators = comparison.operators().toArray(String[]::new);
        return frame -> {
            Budget budget = stepped(frame);
            Object left = operands[0].in(frame);
            boolean holds = true;
            for (int i = 0; i < operators.length && holds; i++) {
                Object right = operands[i + 1].in(frame);
                holds = holds(operators[i], left, right, budget);
                left = right;
            }
            return holds;
        };
    }

    private static boolean holds(String operator, Object left, Object right, Budget budget) {
        return switch (operator) {
            case "==" -> Equality.equal(left, right, budget);
            case "!=" -> !Equality.equal(left, right, budget);
            case "in" -> Equality.contains(right, left, budget);
            case "not in" -> !Equality.contains(right, left, budget);
            default -> Equality.holds(operator, left, right, budget);
        };
    }

    private Value conditional(Expression.Conditional conditional) {
        ExpressionCompiler branches = new ExpressionCompiler(scope, true);
        Value test = branches.compile(conditional.test());
        Value then = branches.compile(conditional.then());
        Value otherwise = branches.compileIfThere(conditional.otherwise());
        return frame -> {
            stepped(frame);
            if (Equality.truth(test.in(frame))) {
                return then.in(frame);
            }
            return otherwise == null
                    ? new Undefined("the condition is false, and there is no 'else'")
                    : otherwise.in(frame);
        };
    }

    private Value slice(Expression.Slice slice) {
        Value object = compile(slice.object());
        Value start = compileIfThere(slice.start());
        Value stop = compileIfThere(slice.stop());
        Value step = compileIfThere(slice.step());
        return frame -> {
            Object value = object.in(frame);
            stepped(frame).read(Equality.isText(value) ? Texts.of(value).length() : 0);
            return Sequences.slice(value, at(start, frame), at(stop, frame), at(step, frame), frame.budget());
        };
    }

    private static Object at(Value value, Frame frame) {
        return value == null ? null : value.in(frame);
    }

    /** @param more arguments by name beside those of the template */
    Value call(Expression.Call call, Map<String, Value> more) {
        Value function = compile(call.function());
        GivenValues arguments = arguments(call.arguments(), more);
        int line = call.line();
        return frame -> {
            Object called = function.in(frame);
            Given given = arguments.in(frame);
            Run run = frame.run();
            run.line(line);
            Object result = Attributes.call(called, given, run.budget());
            run.line(line);
            return result;
        };
    }

    private Builtin builtin(Registry all, String name, String kind, int line) {
        Builtin builtin = all.get(name);
        if (builtin == null && !lenient) {
            throw new TemplateError("there is no " + kind + " '" + name + "' here", line);
        }
        return builtin;
    }

    private Value applied(Builtin builtin, String name, String kind, Value object, Expression.Arguments given) {
        GivenValues arguments = arguments(given, Map.of());
        return frame -> {
            if (builtin == null) {
                throw new TemplateError("there is no " + kind + " '" + name + "' here");
            }
            Object value = object.in(frame);
            return builtin.apply(stepped(frame), value, arguments.in(frame));
        };
    }

    /** A filter of what a block prints. */
    Value filter(Expression.Filter filter, Value printed) {
        Expression inner = filter.object();
        Value object = inner == null ? printed : filter((Expression.Filter) inner, printed);
        Builtin builtin = builtin(Builtins.FILTERS, filter.name(), "filter", filter.line());
        return applied(builtin, filter.name(), "filter", object, filter.arguments());
    }

    /** The arguments of a call, ready to be evaluated. */
    private interface GivenValues {
        Given in(Frame frame);
    }

    private GivenValues arguments(Expression.Arguments arguments, Map<String, Value> more) {
        Value[] positional = all(arguments.positional());
        Map<String, Value> named = new LinkedHashMap<>();
        arguments.keywords().forEach(k -> named.put(k.name(), compile(k.value())));
        more.forEach(named::put);
        Value list = compileIfThere(arguments.list());
        Value dict = compileIfThere(arguments.dict());
        if (positional.length == 0 && named.isEmpty() && list == null && dict == null) {
            return frame -> Given.NONE;
        }
        return frame -> {
            List<Object> values = values(positional, frame);
            if (list != null) {
                values.addAll(Sequences.toList(list.in(frame), frame.budget()));
            }
            Map<String, Object> byName = new LinkedHashMap<>();
            named.forEach((name, value) -> byName.put(name, value.in(frame)));
            if (dict != null) {
                addAll(dict.in(frame), byName, frame.budget());
            }
            return new Given(values, byName);
        };
    }

    private static void addAll(Object value, Map<String, Object> byName, Budget budget) {
        if (!(value instanceof Dict dict)) {
            throw value instanceof Undefined missing
                    ? missing.used()
                    : new TemplateError("'**' takes a dict, not '" + Types.name(value) + "'");
        }
        budget.items(dict.size());
        for (Dict.Entry entry : dict.entries()) {
            if (!Equality.isText(entry.key()) || byName.containsKey(Texts.of(entry.key()))) {
                throw new TemplateError("an argument's name is no text or is there twice");
            }
            byName.put(Texts.of(entry.key()), entry.value());
        }
    }
}
