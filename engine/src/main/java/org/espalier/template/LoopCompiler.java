package org.espalier.template;

import java.util.Iterator;
import java.util.Set;

/** Makes loops ready to be run. */
final class LoopCompiler {

    private static final String LOOP = "loop";

    private final Value iterable;
    private final Targets target;
    private final FrameKind frames;
    private final Action body;
    /** Where {@code loop} lies, or -1 if the body does not ask for it. */
    private final int loopIndex;

    private final boolean recursive;
    private final Action otherwise;
    private final FrameKind otherwiseFrames;
    private final Filter filter;

    private LoopCompiler(Statement.For loop, Scope scope, ExpressionCompiler expressions, BodyCompiler bodies) {
        recursive = loop.recursive();
        iterable = expressions.compile(loop.iterable());
        Scope inner = new Scope(scope);
        boolean needed =
                recursive || !Names.readFirst(loop.body(), Set.of(LOOP)).isEmpty();
        loopIndex = needed ? inner.parameter(LOOP).index() : -1;
        inner.readExpression(loop.target(), Names.Use.PARAMETER);
        inner.readAll(loop.body());
        target = Targets.compile(loop.target(), inner, false);
        body = bodies.compile(loop.body(), inner);
        frames = new FrameKind(inner);
        Scope after = new Scope(scope);
        after.readAll(loop.otherwise());
        otherwise = bodies.compile(loop.otherwise(), after);
        otherwiseFrames = new FrameKind(after);
        filter = loop.test() == null ? null : new Filter(loop, scope);
    }

    static Action compile(Statement.For loop, Scope scope, ExpressionCompiler expressions, BodyCompiler bodies) {
        LoopCompiler code = new LoopCompiler(loop, scope, expressions, bodies);
        return (frame, out) -> {
            Object elements = code.iterable.in(frame);
            if (!code.recursive) {
                return code.run(frame, elements, 0, out);
            }
            out.append((String) code.render(frame, elements, 0));
            return Flow.NEXT;
        };
    }

    /** The condition of a loop, which has variables of its own. */
    private static final class Filter {

        private final Targets target;
        private final Value test;
        private final FrameKind frames;

        Filter(Statement.For loop, Scope scope) {
            Scope inner = new Scope(scope);
            inner.readExpression(loop.target(), Names.Use.PARAMETER);
            inner.readExpression(loop.test(), Names.Use.READ);
            target = Targets.compile(loop.target(), inner, false);
            test = new ExpressionCompiler(inner, false).compile(loop.test());
            frames = new FrameKind(inner);
        }

        Iterator<Object> elements(Frame outer, Iterator<Object> all) {
            return Lazy.chained(() -> {
                Frame frame = frames.enter(outer.run(), outer);
                return Lazy.from(() -> {
                    while (all.hasNext()) {
                        outer.budget().steps(1);
                        Object element = all.next();
                        target.assign(frame, element);
                        if (Equality.truth(test.in(frame))) {
                            return element;
                        }
                    }
                    return Absent.VALUE;
                });
            });
        }
    }

    private Object render(Frame outer, Object elements, int depth) {
        Budget budget = outer.budget();
        budget.enter();
        TextSink out = new TextSink(budget);
        run(outer, elements, depth, out);
        budget.leave();
        return out.text();
    }

    private Flow run(Frame outer, Object elements, int depth, TextSink out) {
        Run run = outer.run();
        Iterator<Object> rest = Sequences.iterate(elements);
        Object counted = elements;
        if (filter != null) {
            rest = filter.elements(outer, rest);
            counted = OneTime.generator(rest);
        }
        LoopState.Recursion recursion = recursive ? (inner, deeper) -> render(outer, inner, deeper) : null;
        LoopState state = loopIndex < 0 ? null : new LoopState(counted, rest, recursion, depth, run.budget());
        Frame frame = frames.enter(run, outer);
        boolean first = true;
        // As in Jinja2 a body that was left early does not count.
        boolean completed = false;
        while (state == null ? rest.hasNext() : state.advance()) {
            run.budget().steps(1);
            if (!first) {
                frames.reset(frame);
            }
            first = false;
            target.assign(frame, state == null ? rest.next() : state.current());
            if (state != null) {
                frame.set(loopIndex, state);
            }
            Flow flow = body.run(frame, out);
            completed |= flow == Flow.NEXT;
            if (flow == Flow.BREAK) {
                break;
            }
        }
        return completed ? Flow.NEXT : otherwise.run(otherwiseFrames.enter(run, outer), out);
    }
}
