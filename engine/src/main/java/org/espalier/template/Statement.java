package org.espalier.template;

import java.util.List;

/** What a template does. Targets are names, tuples of targets and {@link Expression.NamespaceTarget}s. */
sealed interface Statement {

    int line();

    /** Text outside of tags. */
    record Data(String text, int line) implements Statement {}

    /** {@code {{ value }}}. */
    record Print(Expression value, int line) implements Statement {}

    /** {@code elsif} are the further branches, without a last one of their own. */
    record If(Expression test, List<Statement> body, List<If> elsif, List<Statement> otherwise, int line)
            implements Statement {}

    /** A loop; {@code test} is null where every element counts. */
    record For(
            Expression target,
            Expression iterable,
            Expression test,
            List<Statement> body,
            List<Statement> otherwise,
            boolean recursive,
            int line)
            implements Statement {}

    /** {@code {% set target = value %}}. */
    record Assign(Expression target, Expression value, int line) implements Statement {}

    /** {@code {% set target | filter %}body{% endset %}}; {@code filter} may be null. */
    record AssignBlock(Expression target, Expression.Filter filter, List<Statement> body, int line)
            implements Statement {}

    /** A macro. */
    record Macro(String name, Signature signature, List<Statement> body, int line) implements Statement {}

    /** {@code {% call(a) macro() %}body{% endcall %}}. */
    record CallBlock(Signature signature, Expression.Call call, List<Statement> body, int line) implements Statement {}

    /** {@code {% filter name %}body{% endfilter %}}. */
    record FilterBlock(Expression.Filter filter, List<Statement> body, int line) implements Statement {}

    /** {@code {% with a = 1 %}body{% endwith %}}. */
    record With(List<Expression> targets, List<Expression> values, List<Statement> body, int line)
            implements Statement {}

    /** {@code {% generation %}body{% endgeneration %}}: what a model is to learn. */
    record Generation(List<Statement> body, int line) implements Statement {}

    /** {@code {% break %}}. */
    record Break(int line) implements Statement {}

    /** {@code {% continue %}}. */
    record Continue(int line) implements Statement {}

    /** The parameters of a macro; the last of them have the defaults. */
    record Signature(List<String> parameters, List<Expression> defaults) {

        static final Signature EMPTY = new Signature(List.of(), List.of());

        /** The default of a parameter, or null. */
        Expression defaultOf(int parameter) {
            int index = parameter - (parameters.size() - defaults.size());
            return index < 0 ? null : defaults.get(index);
        }
    }
}
