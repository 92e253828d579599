package org.espalier.template;

import java.util.List;
import org.espalier.template.Token.Kind;

/** The tokens of a template, one after the other. */
final class TokenStream {

    private final List<Token> tokens;
    private int index;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(index);
    }

    /** The one after the current. */
    Token following() {
        return tokens.get(Math.min(index + 1, tokens.size() - 1));
    }

    /** The current one, and goes on. */
    Token next() {
        Token token = current();
        index = Math.min(index + 1, tokens.size() - 1);
        return token;
    }

    boolean skipOperator(String operator) {
        boolean found = current().isOperator(operator);
        if (found) {
            next();
        }
        return found;
    }

    boolean skipName(String name) {
        boolean found = current().isName(name);
        if (found) {
            next();
        }
        return found;
    }

    Token expect(Kind kind, String described) {
        if (current().kind() != kind) {
            throw unexpected(described);
        }
        return next();
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw unexpected("'" + name + "'");
        }
    }

    TemplateError unexpected(String expected) {
        return error(expected + " is expected, not " + current().described());
    }

    TemplateError error(String message) {
        return new TemplateError(message, current().line());
    }
}
