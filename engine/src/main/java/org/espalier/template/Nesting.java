package org.espalier.template;

import java.util.IdentityHashMap;

/** Keeps expressions so shallow that they can be read, compiled and evaluated on any stack. */
final class Nesting {

    /** Python itself takes no more brackets inside each other. */
    private static final int DEEPEST = 200;

    /** Jinja2 and Python give up at about that many operators in a row. */
    private static final int HIGHEST = 500;

    private final TokenStream stream;
    private final IdentityHashMap<Expression, Integer> heights = new IdentityHashMap<>();
    private int depth;

    /** @param stream where it is read, for messages */
    Nesting(TokenStream stream) {
        this.stream = stream;
    }

    /** Enters a part that is read by the same methods again; {@link #leave} must follow. */
    void enter() {
        if (++depth > DEEPEST) {
            throw tooDeep();
        }
    }

    void leave() {
        depth--;
    }

    /** Counts how deep an expression is; chains of operators are as deep as they are long. */
    <T extends Expression> T limited(T expression) {
        int height = 0;
        for (Expression child : expression.children()) {
            height = Math.max(height, heights.getOrDefault(child, 0));
        }
        if (height >= HIGHEST) {
            throw tooDeep();
        }
        heights.put(expression, height + 1);
        return expression;
    }

    private TemplateError tooDeep() {
        return stream.error("it is nested too deeply");
    }
}
