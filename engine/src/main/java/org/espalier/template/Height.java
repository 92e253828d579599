package org.espalier.template;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** How deep blocks and operators are inside each other. */
final class Height {

    private Height() {}

    static int of(List<? extends Statement> body) {
        return body.stream().mapToInt(Height::of).max().orElse(0);
    }

    private static int of(Statement statement) {
        return 1
                + switch (statement) {
                    case Statement.Print print -> of(print.value());
                    case Statement.If condition ->
                        max(
                                of(condition.test()),
                                of(condition.body()),
                                of(condition.elsif()),
                                of(condition.otherwise()));
                    case Statement.For loop ->
                        max(of(loop.iterable()), of(loop.test()), of(loop.body()), of(loop.otherwise()));
                    case Statement.Assign assign -> of(assign.value());
                    case Statement.AssignBlock assign -> max(of(assign.filter()), of(assign.body()));
                    case Statement.Macro macro -> max(all(macro.signature().defaults()), of(macro.body()));
                    case Statement.CallBlock call -> max(of(call.call()), of(call.body()));
                    case Statement.FilterBlock filter -> max(of(filter.filter()), of(filter.body()));
                    case Statement.With with -> max(all(with.values()), of(with.body()));
                    case Statement.Generation generation -> of(generation.body());
                    case Statement.Data data -> 0;
                    case Statement.Break exit -> 0;
                    case Statement.Continue skip -> 0;
                };
    }

    private static int max(int... heights) {
        return Arrays.stream(heights).max().orElse(0);
    }

    private static int all(List<Expression> expressions) {
        return expressions.stream().mapToInt(Height::of).max().orElse(0);
    }

    private static int of(Expression expression) {
        List<Expression> children = new ArrayList<>();
        if (expression != null) {
            children.addAll(expression.children());
        }
        children.removeIf(Objects::isNull);
        return 1 + all(children);
    }
}
