package org.espalier.template;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Where a template mentions names. */
final class Names {

    /** What is done with a name. */
    enum Use {
        READ,
        ASSIGNED,
        PARAMETER
    }

    /** Gets the names one after the other, as Jinja2 goes over a template. */
    interface Visitor {
        void name(String name, Use use);
    }

    private Names() {}

    /** Whether something is assigned to {@code name} anywhere in a statement. */
    static boolean assigns(Statement statement, String name) {
        boolean[] found = new boolean[1];
        walk(statement, (other, use) -> found[0] |= use == Use.ASSIGNED && other.equals(name));
        return found[0];
    }

    /** Those of {@code names} that are read in a body before anything is assigned to them there. */
    static Set<String> readFirst(List<Statement> body, Set<String> names) {
        Set<String> open = new HashSet<>(names);
        Set<String> read = new HashSet<>();
        walk(body, (name, use) -> {
            if (use != Use.READ) {
                open.remove(name);
            } else if (open.contains(name)) {
                read.add(name);
            }
        });
        return read;
    }

    private static void walk(List<? extends Statement> body, Visitor visitor) {
        body.forEach(statement -> walk(statement, visitor));
    }

    private static void walk(Statement statement, Visitor visitor) {
        switch (statement) {
            case Statement.Print print -> walk(print.value(), Use.READ, visitor);
            case Statement.If branch -> {
                walk(branch.test(), Use.READ, visitor);
                walk(branch.body(), visitor);
                walk(branch.elsif(), visitor);
                walk(branch.otherwise(), visitor);
            }
            case Statement.For loop -> {
                walk(loop.target(), Use.ASSIGNED, visitor);
                walk(loop.iterable(), Use.READ, visitor);
                walk(loop.body(), visitor);
                walk(loop.otherwise(), visitor);
                walk(loop.test(), Use.READ, visitor);
            }
            case Statement.Assign assign -> {
                walk(assign.target(), Use.ASSIGNED, visitor);
                walk(assign.value(), Use.READ, visitor);
            }
            case Statement.AssignBlock assign -> {
                walk(assign.target(), Use.ASSIGNED, visitor);
                walk(assign.filter(), Use.READ, visitor);
                walk(assign.body(), visitor);
            }
            case Statement.Macro macro -> {
                walk(macro.signature(), visitor);
                walk(macro.body(), visitor);
            }
            case Statement.CallBlock call -> {
                walk(call.call(), Use.READ, visitor);
                walk(call.signature(), visitor);
                walk(call.body(), visitor);
            }
            case Statement.FilterBlock filter -> {
                walk(filter.body(), visitor);
                walk(filter.filter(), Use.READ, visitor);
            }
            case Statement.With with -> {
                with.targets().forEach(target -> walk(target, Use.PARAMETER, visitor));
                with.values().forEach(value -> walk(value, Use.READ, visitor));
                walk(with.body(), visitor);
            }
            case Statement.Generation generation -> walk(generation.body(), visitor);
            case Statement.Data data -> {}
            case Statement.Break exit -> {}
            case Statement.Continue skip -> {}
        }
    }

    private static void walk(Statement.Signature signature, Visitor visitor) {
        signature.parameters().forEach(name -> visitor.name(name, Use.PARAMETER));
        signature.defaults().forEach(value -> walk(value, Use.READ, visitor));
    }

    /** The names of an expression or of a target; those of namespaces whose attributes are set are no such names. */
    static void walk(Expression expression, Use use, Visitor visitor) {
        if (expression instanceof Expression.Name name) {
            visitor.name(name.name(), use);
        } else if (expression != null) {
            expression.children().forEach(child -> walk(child, use, visitor));
        }
    }
}
