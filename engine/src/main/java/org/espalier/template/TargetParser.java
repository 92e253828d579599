package org.espalier.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.espalier.template.Token.Kind;

/** Reads what values can be assigned to. */
final class TargetParser {

    private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");

    private final TokenStream stream;
    private final Nesting nesting;

    TargetParser(TokenStream stream) {
        this.stream = stream;
        this.nesting = new Nesting(stream);
    }

    /** A name. */
    String name() {
        Token token = stream.expect(Kind.NAME, "a name");
        if (CONSTANTS.contains(token.text())) {
            throw new TemplateError("nothing can be assigned to '" + token.text() + "'", token.line());
        }
        return token.text();
    }

    /**
     * A name or several.
     *
     * @param namespaces whether one may be an attribute
     */
    Expression target(boolean namespaces) {
        nesting.enter();
        List<Expression> items = new ArrayList<>();
        boolean tuple = false;
        while (!ends()) {
            items.add(one(namespaces));
            if (!stream.skipOperator(",")) {
                break;
            }
            tuple = true;
        }
        nesting.leave();
        if (items.isEmpty()) {
            throw stream.unexpected("a name");
        }
        return tuple ? nesting.limited(new Expression.TupleOf(items)) : items.getFirst();
    }

    private boolean ends() {
        Token token = stream.current();
        return token.kind() == Kind.VARIABLE_END
                || token.kind() == Kind.BLOCK_END
                || token.isOperator(")")
                || token.isName("in");
    }

    private Expression one(boolean namespaces) {
        if (stream.skipOperator("(")) {
            Expression inner = target(false);
            stream.expectOperator(")");
            return inner;
        }
        String name = name();
        if (namespaces && stream.skipOperator(".")) {
            return new Expression.NamespaceTarget(
                    name, stream.expect(Kind.NAME, "a name").text());
        }
        return new Expression.Name(name);
    }
}
