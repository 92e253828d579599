package org.espalier.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which names a part of a template knows, and with what they begin. Jinja2 decides that once, for the whole part, before it
 * runs: a name that is read is looked for outside; one that is assigned to belongs to the part, and begins with the value that
 * the parts around have at that time, or without one.
 */
final class Scope {

    /** With what a variable begins each time its part is entered. */
    sealed interface Start {}

    /** Whoever enters the part gives it. */
    record Given() implements Start {}

    /** The value that the template was given under that name. */
    record Resolved(String name) implements Start {}

    /** The value of a variable around. */
    record Copied(Slot outer) implements Start {}

    /** None yet. */
    record Missing() implements Start {}

    private final Scope parent;
    /** What this is a branch of, or null. */
    private final Scope trunk;

    private final Slot.Layout layout;
    private final Map<String, Slot> slots = new HashMap<>();
    private final Map<Slot, Start> starts = new LinkedHashMap<>();
    private final Set<String> assigned = new HashSet<>();

    /** @param parent the part around, or null */
    Scope(Scope parent) {
        this(parent, null, new Slot.Layout(parent == null ? 0 : parent.layout.depth() + 1));
    }

    private Scope(Scope parent, Scope trunk, Slot.Layout layout) {
        this.parent = parent;
        this.trunk = trunk;
        this.layout = layout;
    }

    Slot.Layout layout() {
        return layout;
    }

    Map<Slot, Start> starts() {
        return starts;
    }

    /** The variable that a name means here, or null. */
    Slot find(String name) {
        Slot own = own(name);
        return own == null ? findOutside(name) : own;
    }

    private Slot own(String name) {
        for (Scope scope = this; scope != null; scope = scope.trunk) {
            Slot slot = scope.slots.get(name);
            if (slot != null) {
                return slot;
            }
        }
        return null;
    }

    private Slot findOutside(String name) {
        for (Scope scope = parent; scope != null; scope = scope.parent) {
            Slot slot = scope.own(name);
            if (slot != null) {
                return slot;
            }
        }
        return null;
    }

    private boolean isAssigned(String name) {
        return assigned.contains(name) || trunk != null && trunk.isAssigned(name);
    }

    void read(String name) {
        if (find(name) == null) {
            define(name, new Resolved(name));
        }
    }

    void assign(String name) {
        assigned.add(name);
        if (own(name) == null) {
            Slot outer = findOutside(name);
            define(name, outer == null ? new Missing() : new Copied(outer));
        }
    }

    Slot parameter(String name) {
        assigned.add(name);
        return define(name, new Given());
    }

    private Slot define(String name, Start start) {
        Slot slot = layout.slot(name);
        slots.put(name, slot);
        starts.put(slot, start);
        return slot;
    }

    /** Takes over what the branches of a condition know; what not all of them assign to begins with the value outside. */
    private void merge(List<Scope> branches) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (Scope branch : branches) {
            for (String name : branch.assigned) {
                if (!isAssigned(name)) {
                    counts.merge(name, 1, Integer::sum);
                }
            }
        }
        for (Scope branch : branches) {
            slots.putAll(branch.slots);
            starts.putAll(branch.starts);
            assigned.addAll(branch.assigned);
        }
        counts.forEach((name, count) -> {
            if (count < branches.size()) {
                Slot outer = findOutside(name);
                starts.put(find(name), outer == null ? new Resolved(name) : new Copied(outer));
            }
        });
    }

    /** Reads the names of a part's statements. */
    void readAll(List<? extends Statement> body) {
        body.forEach(this::readStatement);
    }

    /** Reads the names of an expression or of a target. */
    void readExpression(Expression expression, Names.Use use) {
        Names.walk(expression, use, this::use);
        readNamespaces(expression);
    }

    private void use(String name, Names.Use use) {
        switch (use) {
            case READ -> read(name);
            case ASSIGNED -> assign(name);
            case PARAMETER -> parameter(name);
        }
    }

    private void readNamespaces(Expression target) {
        if (target instanceof Expression.NamespaceTarget namespace) {
            read(namespace.name());
        } else if (target instanceof Expression.TupleOf tuple) {
            tuple.items().forEach(this::readNamespaces);
        }
    }

    /** Bodies that have a scope of their own are not looked into. */
    private void readStatement(Statement statement) {
        switch (statement) {
            case Statement.Print print -> readExpression(print.value(), Names.Use.READ);
            case Statement.If condition -> readIf(condition);
            case Statement.For loop -> readExpression(loop.iterable(), Names.Use.READ);
            case Statement.Assign assign -> {
                readExpression(assign.value(), Names.Use.READ);
                readExpression(assign.target(), Names.Use.ASSIGNED);
            }
            case Statement.AssignBlock assign -> readExpression(assign.target(), Names.Use.ASSIGNED);
            case Statement.Macro macro -> assign(macro.name());
            case Statement.CallBlock call -> readExpression(call.call(), Names.Use.READ);
            case Statement.FilterBlock filter -> readExpression(filter.filter(), Names.Use.READ);
            case Statement.With with -> with.values().forEach(value -> readExpression(value, Names.Use.READ));
            case Statement.Generation generation -> {}
            case Statement.Data data -> {}
            case Statement.Break exit -> {}
            case Statement.Continue skip -> {}
        }
    }

    private void readIf(Statement.If condition) {
        readExpression(condition.test(), Names.Use.READ);
        List<Scope> branches = new ArrayList<>();
        for (List<? extends Statement> body : List.of(condition.body(), condition.elsif(), condition.otherwise())) {
            Scope branch = new Scope(parent, this, layout);
            branch.readAll(body);
            branches.add(branch);
        }
        merge(branches);
    }
}
