package org.espalier.template;

/**
 * A piece of a template.
 *
 * @param text  as it stands in the template; of {@link Kind#STRING} what it means, of numbers without underscores
 * @param start of the token, as an index into the template
 */
record Token(Kind kind, String text, int line, int start) {

    enum Kind {
        /** Text outside of tags. */
        DATA,
        VARIABLE_BEGIN,
        VARIABLE_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    /** For messages. */
    String described() {
        return switch (kind) {
            case END -> "the end of the template";
            case VARIABLE_END -> "'}}'";
            case BLOCK_END -> "'%}'";
            case DATA, VARIABLE_BEGIN, BLOCK_BEGIN -> "text";
            case NAME, STRING, INTEGER, FLOAT, OPERATOR -> "'" + text + "'";
        };
    }
}
