package org.espalier.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A macro, or the body of a call block, ready to be called. */
final class MacroCode {

    private static final String CALLER = "caller";
    private static final String NAMED = "kwargs";
    private static final String FURTHER = "varargs";

    private final String name;
    private final List<String> parameters;
    private final int[] slots;
    private final Value[] defaults;
    /** Where what is given beside the parameters lies, for those of it that the body reads. */
    private final Map<String, Integer> special = new HashMap<>();

    private final Action body;
    private final FrameKind frames;

    private MacroCode(
            String name, Statement.Signature signature, List<Statement> statements, Scope scope, BodyCompiler bodies) {
        this.name = name;
        this.parameters = signature.parameters();
        Scope inner = new Scope(scope);
        slots = parameters.stream().mapToInt(p -> inner.parameter(p).index()).toArray();
        signature.defaults().forEach(value -> inner.readExpression(value, Names.Use.READ));
        Set<String> read = Names.readFirst(statements, Set.of(CALLER, NAMED, FURTHER));
        for (String extra : List.of(CALLER, NAMED, FURTHER)) {
            if (read.contains(extra) && !parameters.contains(extra)) {
                special.put(extra, inner.parameter(extra).index());
            }
        }
        int caller = parameters.indexOf(CALLER);
        if (read.contains(CALLER) && caller >= 0 && signature.defaultOf(caller) == null) {
            throw new TemplateError("a parameter 'caller' needs a default", 0);
        }
        inner.readAll(statements);
        ExpressionCompiler expressions = new ExpressionCompiler(inner, false);
        defaults = new Value[parameters.size()];
        for (int i = 0; i < defaults.length; i++) {
            defaults[i] = expressions.compileIfThere(signature.defaultOf(i));
        }
        body = bodies.compile(statements, inner);
        frames = new FrameKind(inner);
    }

    static MacroCode compile(
            String name, Statement.Signature signature, List<Statement> body, Scope scope, BodyCompiler bodies) {
        return new MacroCode(name, signature, body, scope, bodies);
    }

    /** The macro as it is defined in a frame, whose variables it sees. */
    Callable in(Frame outer) {
        return new Callable() {
            @Override
            public Object call(Budget budget, Given given) {
                return MacroCode.this.call(outer, given);
            }

            @Override
            public String described(int depth) {
                return "<Macro " + Texts.repr(name) + ">";
            }

            @Override
            public Object attribute(String attribute) {
                return MacroCode.this.attribute(attribute);
            }
        };
    }

    private Object attribute(String attribute) {
        return switch (attribute) {
            case "name" -> name;
            case "arguments" -> new Tuple(new ArrayList<>(parameters));
            case "catch_kwargs" -> special.containsKey(NAMED);
            case "catch_varargs" -> special.containsKey(FURTHER);
            case CALLER -> special.containsKey(CALLER);
            default -> Absent.VALUE;
        };
    }

    private Object call(Frame outer, Given given) {
        Run run = outer.run();
        run.budget().enter();
        Frame frame = frames.enter(run, outer);
        Map<String, Object> named = new LinkedHashMap<>(given.named());
        List<Object> positional = given.positional();
        Object[] values = new Object[slots.length];
        for (int i = 0; i < slots.length; i++) {
            boolean byName = i >= positional.size() && named.containsKey(parameters.get(i));
            values[i] =
                    i < positional.size() ? positional.get(i) : byName ? named.remove(parameters.get(i)) : Absent.VALUE;
            frame.set(slots[i], values[i]);
        }
        giveRest(frame, positional, named);
        for (int i = 0; i < slots.length; i++) {
            if (values[i] == Absent.VALUE) {
                frame.set(slots[i], absent(i, frame));
            }
        }
        TextSink out = new TextSink(run.budget());
        body.run(frame, out);
        run.budget().leave();
        return out.text();
    }

    private Object absent(int parameter, Frame frame) {
        return defaults[parameter] == null
                ? new Undefined("the parameter '" + parameters.get(parameter) + "' was not given")
                : defaults[parameter].in(frame);
    }

    private void giveRest(Frame frame, List<Object> positional, Map<String, Object> named) {
        if (special.containsKey(CALLER)) {
            Object caller = named.remove(CALLER);
            frame.set(special.get(CALLER), caller == null ? new Undefined("there is no caller") : caller);
        }
        if (special.containsKey(NAMED)) {
            frame.set(special.get(NAMED), Dict.of(named));
        } else if (!named.isEmpty()) {
            throw new TemplateError(
                    named.containsKey(CALLER)
                            ? "the macro '" + name + "' does not call its caller"
                            : "the macro '" + name + "' takes no argument '"
                                    + named.keySet().iterator().next() + "' there");
        }
        if (special.containsKey(FURTHER)) {
            int first = Math.min(slots.length, positional.size());
            frame.set(special.get(FURTHER), new Tuple(new ArrayList<>(positional.subList(first, positional.size()))));
        } else if (positional.size() > slots.length) {
            throw new TemplateError("the macro '" + name + "' takes no more than " + slots.length + " arguments");
        }
    }
}
