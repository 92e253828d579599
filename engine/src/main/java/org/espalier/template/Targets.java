package org.espalier.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** What values are assigned to. */
interface Targets {

    void assign(Frame frame, Object value);

    /**
     * A target in a scope that knows its names.
     *
     * @param blocks whether what a block prints is assigned, for which Jinja2 takes dicts as well
     */
    static Targets compile(Expression target, Scope scope, boolean blocks) {
        return switch (target) {
            case Expression.Name name -> {
                int index = scope.find(name.name()).index();
                int levels = scope.layout().depth()
                        - scope.find(name.name()).layout().depth();
                yield (frame, value) -> frame.outer(levels).set(index, value);
            }
            case Expression.NamespaceTarget namespace -> {
                Value object = new ExpressionCompiler(scope, true).compile(new Expression.Name(namespace.name()));
                String attribute = namespace.attribute();
                yield (frame, value) -> setAttribute(object.in(frame), attribute, value, blocks);
            }
            case Expression.TupleOf tuple -> {
                List<Targets> parts = new ArrayList<>();
                tuple.items().forEach(part -> parts.add(compile(part, scope, blocks)));
                yield (frame, value) -> unpack(frame, value, parts);
            }
            default -> throw new IllegalStateException("no target: " + target);
        };
    }

    private static void setAttribute(Object object, String attribute, Object value, boolean blocks) {
        if (object instanceof Namespace namespace) {
            namespace.set(attribute, value);
        } else if (object instanceof Dict dict && blocks) {
            dict.put(attribute, value);
        } else {
            throw new TemplateError("only attributes of a namespace can be set");
        }
    }

    private static void unpack(Frame frame, Object value, List<Targets> parts) {
        Iterator<Object> elements = Sequences.iterate(value);
        List<Object> values = new ArrayList<>();
        while (elements.hasNext() && values.size() <= parts.size()) {
            values.add(elements.next());
        }
        if (values.size() != parts.size()) {
            throw new TemplateError("%s values for %d names"
                    .formatted(values.size() > parts.size() ? "too many" : values.size(), parts.size()));
        }
        for (int i = 0; i < parts.size(); i++) {
            parts.get(i).assign(frame, values.get(i));
        }
    }

    /** Whether a target sets attributes, which Jinja2 asks for before it computes the value. */
    static List<String> namespaces(Expression target) {
        return switch (target) {
            case Expression.NamespaceTarget namespace -> List.of(namespace.name());
            case Expression.TupleOf tuple ->
                tuple.items().stream()
                        .flatMap(part -> namespaces(part).stream())
                        .toList();
            default -> List.of();
        };
    }
}
