package org.espalier.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Makes statements ready to be run, in one scope. */
final class StatementCompiler {

    private final Scope scope;
    private final ExpressionCompiler expressions;

    private StatementCompiler(Scope scope) {
        this(scope, false);
    }

    private StatementCompiler(Scope scope, boolean lenient) {
        this.scope = scope;
        this.expressions = new ExpressionCompiler(scope, lenient);
    }

    /** The statements of a part of a template, in its scope. */
    static Action compile(List<Statement> body, Scope scope) {
        return new StatementCompiler(scope).compile(body);
    }

    private Action compile(List<Statement> body) {
        List<Action> actions = new ArrayList<>();
        body.forEach(statement -> actions.add(compile(statement)));
        return actions.size() == 1 ? actions.getFirst() : Action.all(actions);
    }

    private Action compile(Statement statement) {
        Action action = switch (statement) {
            case Statement.Data data -> {
                String text = data.text();
                yield (frame, out) -> {
                    out.append(text);
                    return Flow.NEXT;
                };
            }
            case Statement.Print print -> {
                Value value = expressions.compile(print.value());
                yield (frame, out) -> {
                    out.append(Texts.of(value.in(frame)));
                    return Flow.NEXT;
                };
            }
            case Statement.If condition -> condition(condition);
            case Statement.For loop -> LoopCompiler.compile(loop, scope, expressions, StatementCompiler::compile);
            case Statement.Assign assign -> assign(assign);
            case Statement.AssignBlock assign -> assignBlock(assign);
            case Statement.Macro macro -> macro(macro);
            case Statement.CallBlock call -> call(call);
            case Statement.FilterBlock filter -> filter(filter);
            case Statement.With with -> with(with);
            case Statement.Generation generation -> generation(generation);
            case Statement.Break exit -> (frame, out) -> Flow.BREAK;
            case Statement.Continue skip -> (frame, out) -> Flow.CONTINUE;
        };
        int line = statement.line();
        return (frame, out) -> {
            frame.run().line(line);
            frame.budget().steps(1);
            return action.run(frame, out);
        };
    }

    private Action condition(Statement.If condition) {
        StatementCompiler inside = new StatementCompiler(scope, true);
        List<Statement.If> branches = new ArrayList<>(List.of(condition));
        branches.addAll(condition.elsif());
        Value[] tests = branches.stream()
                .map(branch -> inside.expressions.compile(branch.test()))
                .toArray(Value[]::new);
        Action[] bodies =
                branches.stream().map(branch -> inside.compile(branch.body())).toArray(Action[]::new);
        Action otherwise = inside.compile(condition.otherwise());
        return (frame, out) -> {
            for (int i = 0; i < tests.length; i++) {
                frame.budget().steps(1);
                if (Equality.truth(tests[i].in(frame))) {
                    return bodies[i].run(frame, out);
                }
            }
            return otherwise.run(frame, out);
        };
    }

    private Action assign(Statement.Assign assign) {
        Value value = expressions.compile(assign.value());
        Targets target = Targets.compile(assign.target(), scope, false);
        List<Value> namespaces = new ArrayList<>();
        Targets.namespaces(assign.target())
                .forEach(name -> namespaces.add(expressions.compile(new Expression.Name(name))));
        return (frame, out) -> {
            for (Value namespace : namespaces) {
                if (!(namespace.in(frame) instanceof Namespace)) {
                    throw new TemplateError("only attributes of a namespace can be set");
                }
            }
            target.assign(frame, value.in(frame));
            return Flow.NEXT;
        };
    }

    /** What a body prints, in a scope of its own, for which {@code use} says what becomes of it. */
    private interface Use {
        void take(Frame outer, Frame inner, String printed, TextSink out);
    }

    private Action captured(Scope inner, List<Statement> statements, Use use) {
        Action body = new StatementCompiler(inner).compile(statements);
        FrameKind kind = new FrameKind(inner);
        return (frame, out) -> {
            Frame inside = kind.enter(frame.run(), frame);
            TextSink printed = new TextSink(frame.budget());
            Flow flow = body.run(inside, printed);
            if (flow == Flow.NEXT) {
                use.take(frame, inside, printed.text(), out);
            }
            return flow;
        };
    }

    private Action assignBlock(Statement.AssignBlock assign) {
        Scope inner = new Scope(scope);
        inner.readAll(assign.body());
        Filtering filtering = new Filtering(assign.filter(), inner);
        Targets target = Targets.compile(assign.target(), scope, true);
        return captured(
                inner,
                assign.body(),
                (outer, inside, printed, out) -> target.assign(outer, filtering.apply(inside, printed)));
    }

    private Action filter(Statement.FilterBlock filter) {
        Scope inner = new Scope(scope);
        inner.readAll(filter.body());
        inner.readExpression(filter.filter(), Names.Use.READ);
        Filtering filtering = new Filtering(filter.filter(), inner);
        return captured(
                inner,
                filter.body(),
                (outer, inside, printed, out) -> out.append(requireText(filtering.apply(inside, printed))));
    }

    /** Jinja2 prints nothing else there. */
    private static String requireText(Object filtered) {
        if (!Equality.isText(filtered)) {
            throw new TemplateError("the filter of a block gives '" + Types.name(filtered) + "', no text");
        }
        return Texts.of(filtered);
    }

    /** The filters of a block, and where they find what it printed. */
    private static final class Filtering {

        /** No name in a template has a blank. */
        private static final String PRINTED = "what is printed";

        private final int index;
        private final Value filter;

        Filtering(Expression.Filter filter, Scope inner) {
            index = inner.parameter(PRINTED).index();
            Value printed = frame -> frame.get(index);
            this.filter = filter == null ? printed : new ExpressionCompiler(inner, false).filter(filter, printed);
        }

        Object apply(Frame inside, String text) {
            inside.set(index, text);
            return filter.in(inside);
        }
    }

    private Action macro(Statement.Macro macro) {
        MacroCode code =
                MacroCode.compile(macro.name(), macro.signature(), macro.body(), scope, StatementCompiler::compile);
        Targets target = Targets.compile(new Expression.Name(macro.name()), scope, false);
        return (frame, out) -> {
            target.assign(frame, code.in(frame));
            return Flow.NEXT;
        };
    }

    private Action call(Statement.CallBlock call) {
        MacroCode code = MacroCode.compile("caller", call.signature(), call.body(), scope, StatementCompiler::compile);
        Value value = expressions.call(call.call(), Map.of("caller", code::in));
        return (frame, out) -> {
            out.append(Texts.of(value.in(frame)));
            return Flow.NEXT;
        };
    }

    private Action with(Statement.With with) {
        Scope inner = new Scope(scope);
        with.targets().forEach(target -> inner.readExpression(target, Names.Use.PARAMETER));
        inner.readAll(with.body());
        List<Value> values = with.values().stream().map(expressions::compile).toList();
        List<Targets> targets = with.targets().stream()
                .map(target -> Targets.compile(target, inner, false))
                .toList();
        Action body = new StatementCompiler(inner).compile(with.body());
        FrameKind kind = new FrameKind(inner);
        return (frame, out) -> {
            Frame inside = kind.enter(frame.run(), frame);
            for (int i = 0; i < targets.size(); i++) {
                targets.get(i).assign(inside, values.get(i).in(frame));
            }
            return body.run(inside, out);
        };
    }

    /** It prints what its body prints; transformers make a macro of it. */
    private Action generation(Statement.Generation generation) {
        Scope inner = new Scope(scope);
        inner.readAll(generation.body());
        Action body = new StatementCompiler(inner).compile(generation.body());
        FrameKind kind = new FrameKind(inner);
        return (frame, out) -> {
            int start = out.length();
            body.run(kind.enter(frame.run(), frame), out);
            frame.run().generated(start, out);
            return Flow.NEXT;
        };
    }
}
