package org.espalier.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.espalier.template.Expression.Arguments;
import org.espalier.template.Token.Kind;

/** Reads expressions. The methods stand in the order of precedence, the weakest first, as in Jinja2's grammar. */
final class ExpressionParser {

    private final TokenStream stream;
    private final Nesting nesting;
    private final ArgumentParser arguments;

    ExpressionParser(TokenStream stream) {
        this.stream = stream;
        this.nesting = new Nesting(stream);
        this.arguments = new ArgumentParser(stream, this::expression);
    }

    Expression expression() {
        return conditional(true);
    }

    private Expression conditional(boolean allowed) {
        nesting.enter();
        try {
            if (!allowed) {
                return or();
            }
            int line = stream.current().line();
            Expression value = or();
            while (stream.skipName("if")) {
                Expression test = or();
                Expression otherwise = stream.skipName("else") ? conditional(true) : null;
                value = nesting.limited(new Expression.Conditional(test, value, otherwise, line));
            }
            return value;
        } finally {
            nesting.leave();
        }
    }

    private Expression or() {
        Expression left = and();
        while (stream.skipName("or")) {
            left = nesting.limited(new Expression.Logical(false, left, and()));
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (stream.skipName("and")) {
            left = nesting.limited(new Expression.Logical(true, left, not()));
        }
        return left;
    }

    private Expression not() {
        int line = stream.current().line();
        if (!stream.skipName("not")) {
            return comparison();
        }
        nesting.enter();
        try {
            return nesting.limited(new Expression.Unary("not", not(), line));
        } finally {
            nesting.leave();
        }
    }

    private Expression comparison() {
        int line = stream.current().line();
        List<Expression> operands = new ArrayList<>(List.of(sum()));
        List<String> operators = new ArrayList<>();
        for (String operator = comparisonOperator(); operator != null; operator = comparisonOperator()) {
            operators.add(operator);
            operands.add(sum());
        }
        return operators.isEmpty()
                ? operands.getFirst()
                : nesting.limited(new Expression.Comparison(operands, operators, line));
    }

    /** Skips and gives it, or null. */
    private String comparisonOperator() {
        Token token = stream.current();
        if (token.kind() == Kind.OPERATOR
                && Set.of("==", "!=", "<", "<=", ">", ">=").contains(token.text())) {
            return stream.next().text();
        }
        if (stream.skipName("in")) {
            return "in";
        }
        if (token.isName("not") && stream.following().isName("in")) {
            stream.next();
            stream.next();
            return "not in";
        }
        return null;
    }

    private boolean isOneOf(String... operators) {
        return stream.current().kind() == Kind.OPERATOR
                && List.of(operators).contains(stream.current().text());
    }

    private Expression sum() {
        Expression left = concatenation();
        while (isOneOf("+", "-")) {
            Token operator = stream.next();
            left = nesting.limited(new Expression.Binary(operator.text(), left, concatenation(), operator.line()));
        }
        return left;
    }

    private Expression concatenation() {
        int line = stream.current().line();
        List<Expression> parts = new ArrayList<>(List.of(product()));
        while (stream.skipOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.getFirst() : nesting.limited(new Expression.Concatenation(parts, line));
    }

    private Expression product() {
        Expression left = power();
        while (isOneOf("*", "/", "//", "%")) {
            Token operator = stream.next();
            left = nesting.limited(new Expression.Binary(operator.text(), left, power(), operator.line()));
        }
        return left;
    }

    /** Unlike Python's it groups from the left. */
    private Expression power() {
        Expression left = unary(true);
        while (isOneOf("**")) {
            Token operator = stream.next();
            left = nesting.limited(new Expression.Binary(operator.text(), left, unary(true), operator.line()));
        }
        return left;
    }

    private Expression unary(boolean filters) {
        Expression value;
        if (isOneOf("-", "+")) {
            Token operator = stream.next();
            nesting.enter();
            value = nesting.limited(new Expression.Unary(operator.text(), unary(false), operator.line()));
            nesting.leave();
        } else {
            value = primary();
        }
        value = postfix(value);
        return filters ? filters(value) : value;
    }

    private Expression primary() {
        Token token = stream.current();
        switch (token.kind()) {
            case NAME -> {
                stream.next();
                return name(token.text());
            }
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (stream.current().kind() == Kind.STRING) {
                    text.append(stream.next().text());
                }
                return new Expression.Constant(text.toString());
            }
            case INTEGER -> {
                stream.next();
                return new Expression.Constant(NumberScanner.integer(token));
            }
            case FLOAT -> {
                stream.next();
                return new Expression.Constant(Double.valueOf(token.text()));
            }
            default -> {
                return bracketed();
            }
        }
    }

    private static Expression name(String name) {
        return switch (name) {
            case "true", "True" -> new Expression.Constant(true);
            case "false", "False" -> new Expression.Constant(false);
            case "none", "None" -> new Expression.Constant(null);
            default -> new Expression.Name(name);
        };
    }

    private Expression bracketed() {
        if (stream.skipOperator("(")) {
            Expression value = tuple(true, true);
            stream.expectOperator(")");
            return value;
        }
        if (stream.skipOperator("[")) {
            return nesting.limited(new Expression.ListOf(items("]", false)));
        }
        if (stream.skipOperator("{")) {
            return nesting.limited(new Expression.DictOf(items("}", true)));
        }
        throw stream.unexpected("a value");
    }

    private List<Expression> items(String end, boolean pairs) {
        List<Expression> items = new ArrayList<>();
        while (!stream.current().isOperator(end)) {
            if (!items.isEmpty()) {
                stream.expectOperator(",");
                if (stream.current().isOperator(end)) {
                    break;
                }
            }
            items.add(expression());
            if (pairs) {
                stream.expectOperator(":");
                items.add(expression());
            }
        }
        stream.expectOperator(end);
        return items;
    }

    /** One expression or a tuple of them, up to a bracket or the end of the tag. */
    Expression tuple(boolean conditions, boolean bracketed) {
        List<Expression> items = new ArrayList<>();
        boolean tuple = false;
        while (true) {
            if (!items.isEmpty()) {
                stream.expectOperator(",");
            }
            if (endsTuple()) {
                break;
            }
            items.add(conditional(conditions));
            if (!stream.current().isOperator(",")) {
                break;
            }
            tuple = true;
        }
        if (tuple || items.isEmpty() && bracketed) {
            return nesting.limited(new Expression.TupleOf(items));
        }
        if (items.isEmpty()) {
            throw stream.unexpected("an expression");
        }
        return items.getFirst();
    }

    private boolean endsTuple() {
        Token token = stream.current();
        return token.kind() == Kind.VARIABLE_END || token.kind() == Kind.BLOCK_END || token.isOperator(")");
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            if (isOneOf(".", "[")) {
                value = subscript(value);
            } else if (isOneOf("(")) {
                value = call(value);
            } else {
                return value;
            }
        }
    }

    private Expression filters(Expression start) {
        Expression value = start;
        while (true) {
            if (isOneOf("|")) {
                stream.next();
                value = filter(value);
            } else if (stream.current().isName("is")) {
                value = test(value);
            } else if (isOneOf("(")) {
                value = call(value);
            } else {
                return value;
            }
        }
    }

    private Expression subscript(Expression object) {
        int line = stream.current().line();
        if (stream.next().text().equals(".")) {
            Token attribute = stream.next();
            return switch (attribute.kind()) {
                case NAME -> nesting.limited(new Expression.Attribute(object, attribute.text(), line));
                case INTEGER ->
                    nesting.limited(new Expression.Item(
                            object, new Expression.Constant(NumberScanner.integer(attribute)), line));
                default -> throw new TemplateError("a name or a number is expected after '.'", line);
            };
        }
        List<Expression> keys = new ArrayList<>();
        while (!isOneOf("]")) {
            if (!keys.isEmpty()) {
                stream.expectOperator(",");
            }
            Expression key = subscribed(object, line);
            if (key instanceof Expression.Slice && (!keys.isEmpty() || isOneOf(","))) {
                throw stream.error("a slice cannot stand beside other keys");
            }
            keys.add(key);
        }
        stream.expectOperator("]");
        if (keys.size() == 1 && keys.getFirst() instanceof Expression.Slice slice && slice.object() == object) {
            return slice;
        }
        return nesting.limited(
                new Expression.Item(object, keys.size() == 1 ? keys.getFirst() : new Expression.TupleOf(keys), line));
    }

    private Expression subscribed(Expression object, int line) {
        Expression start = null;
        if (!isOneOf(":")) {
            start = expression();
            if (!isOneOf(":")) {
                return start;
            }
        }
        stream.next();
        Expression stop = isOneOf(":", "]", ",") ? null : expression();
        Expression step = stream.skipOperator(":") && !isOneOf("]", ",") ? expression() : null;
        return nesting.limited(new Expression.Slice(object, start, stop, step, line));
    }

    private Expression.Call call(Expression function) {
        int line = stream.current().line();
        return nesting.limited(new Expression.Call(function, arguments.arguments(), line));
    }

    /** A filter after its bar. */
    Expression.Filter filter(Expression object) {
        int line = stream.current().line();
        String name = dottedName();
        return nesting.limited(
                new Expression.Filter(object, name, isOneOf("(") ? arguments.arguments() : Arguments.NONE, line));
    }

    private String dottedName() {
        StringBuilder name =
                new StringBuilder(stream.expect(Kind.NAME, "a name").text());
        while (stream.skipOperator(".")) {
            name.append('.').append(stream.expect(Kind.NAME, "a name").text());
        }
        return name.toString();
    }

    private Expression test(Expression object) {
        int line = stream.next().line();
        boolean negated = stream.skipName("not");
        String name = dottedName();
        Arguments given = Arguments.NONE;
        if (isOneOf("(")) {
            given = arguments.arguments();
        } else if (beginsArgument()) {
            if (stream.current().isName("is")) {
                throw stream.error("tests cannot be chained with 'is'");
            }
            given = new Arguments(List.of(postfix(primary())), List.of(), null, null);
        }
        Expression test = nesting.limited(new Expression.Test(object, name, given, line));
        return negated ? nesting.limited(new Expression.Unary("not", test, line)) : test;
    }

    private boolean beginsArgument() {
        Token token = stream.current();
        return switch (token.kind()) {
            case NAME -> !Set.of("else", "or", "and").contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            default -> isOneOf("[", "{");
        };
    }
}
