package org.espalier.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.template.Expression.Arguments;
import org.espalier.template.Expression.Keyword;
import org.espalier.template.Token.Kind;

/** Reads expressions. The methods stand in the order of precedence, the weakest first, as in Jinja2's grammar. */
final class ExpressionParser {

    /** Python itself takes no more brackets inside each other. */
    private static final int DEEPEST = 200;

    /** Jinja2 and Python give up at about that many operators in a row. */
    private static final int HIGHEST = 500;

    private final TokenStream stream;
    private final Map<Expression, Integer> heights = new IdentityHashMap<>();
    private int depth;

    ExpressionParser(TokenStream stream) {
        this.stream = stream;
    }

    Expression expression() {
        return conditional(true);
    }

    private Expression conditional(boolean allowed) {
        enter();
        try {
            if (!allowed) {
                return or();
            }
            int line = stream.current().line();
            Expression value = or();
            while (stream.skipName("if")) {
                Expression test = or();
                Expression otherwise = stream.skipName("else") ? conditional(true) : null;
                value = limited(new Expression.Conditional(test, value, otherwise, line));
            }
            return value;
        } finally {
            depth--;
        }
    }

    private void enter() {
        if (++depth > DEEPEST) {
            throw stream.error("it is nested too deeply");
        }
    }

    /** Counts how deep an expression is; chains of operators are as deep as they are long. */
    private <T extends Expression> T limited(T expression) {
        int height = 0;
        for (Expression child : expression.children()) {
            height = Math.max(height, heights.getOrDefault(child, 0));
        }
        if (height >= HIGHEST) {
            throw stream.error("it is nested too deeply");
        }
        heights.put(expression, height + 1);
        return expression;
    }

    private Expression or() {
        Expression left = and();
        while (stream.skipName("or")) {
            left = limited(new Expression.Logical(false, left, and()));
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (stream.skipName("and")) {
            left = limited(new Expression.Logical(true, left, not()));
        }
        return left;
    }

    private Expression not() {
        int line = stream.current().line();
        if (!stream.skipName("not")) {
            return comparison();
        }
        enter();
        try {
            return limited(new Expression.Unary("not", not(), line));
        } finally {
            depth--;
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
                : limited(new Expression.Comparison(operands, operators, line));
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
            left = limited(new Expression.Binary(operator.text(), left, concatenation(), operator.line()));
        }
        return left;
    }

    private Expression concatenation() {
        int line = stream.current().line();
        List<Expression> parts = new ArrayList<>(List.of(product()));
        while (stream.skipOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.getFirst() : limited(new Expression.Concatenation(parts, line));
    }

    private Expression product() {
        Expression left = power();
        while (isOneOf("*", "/", "//", "%")) {
            Token operator = stream.next();
            left = limited(new Expression.Binary(operator.text(), left, power(), operator.line()));
        }
        return left;
    }

    /** Unlike Python's it groups from the left. */
    private Expression power() {
        Expression left = unary(true);
        while (isOneOf("**")) {
            Token operator = stream.next();
            left = limited(new Expression.Binary(operator.text(), left, unary(true), operator.line()));
        }
        return left;
    }

    private Expression unary(boolean filters) {
        Expression value;
        if (isOneOf("-", "+")) {
            Token operator = stream.next();
            enter();
            value = limited(new Expression.Unary(operator.text(), unary(false), operator.line()));
            depth--;
        } else {
            value = primary(false);
        }
        value = postfix(value);
        return filters ? filters(value) : value;
    }

    /** @param namespaces whether {@code a.b} is something that can be assigned to */
    private Expression primary(boolean namespaces) {
        Token token = stream.current();
        switch (token.kind()) {
            case NAME -> {
                stream.next();
                return name(token.text(), namespaces);
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
                return new Expression.Constant(integer(token));
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

    private Expression name(String name, boolean namespaces) {
        if (namespaces && stream.skipOperator(".")) {
            return new Expression.NamespaceTarget(
                    name, stream.expect(Kind.NAME, "a name").text());
        }
        return switch (name) {
            case "true", "True" -> new Expression.Constant(true);
            case "false", "False" -> new Expression.Constant(false);
            case "none", "None" -> new Expression.Constant(null);
            default -> new Expression.Name(name);
        };
    }

    private static Object integer(Token token) {
        String text = token.text();
        char letter = text.length() > 1 ? Character.toLowerCase(text.charAt(1)) : ' ';
        int radix = letter == 'b' ? 2 : letter == 'o' ? 8 : letter == 'x' ? 16 : 10;
        if (text.length() > Integers.LONGEST_TEXT) {
            throw new TemplateError("a number has too many digits", token.line());
        }
        return Integers.of(new BigInteger(radix == 10 ? text : text.substring(2), radix));
    }

    private Expression bracketed() {
        if (stream.skipOperator("(")) {
            Expression value = tuple(true, true);
            stream.expectOperator(")");
            return value;
        }
        if (stream.skipOperator("[")) {
            return limited(new Expression.ListOf(items("]", false)));
        }
        if (stream.skipOperator("{")) {
            return limited(new Expression.DictOf(items("}", true)));
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
            return limited(new Expression.TupleOf(items));
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

    /**
     * What a value can be assigned to.
     *
     * @param namespaces whether that may be an attribute
     * @param tuples     whether that may be several names
     */
    Expression target(boolean namespaces, boolean tuples) {
        enter();
        try {
            List<Expression> items = new ArrayList<>();
            boolean tuple = false;
            while (true) {
                if (!items.isEmpty()) {
                    stream.expectOperator(",");
                }
                if (endsTuple() || tuples && stream.current().isName("in")) {
                    break;
                }
                items.add(oneTarget(namespaces));
                if (!tuples || !stream.current().isOperator(",")) {
                    break;
                }
                tuple = true;
            }
            if (items.isEmpty()) {
                throw stream.unexpected("a name");
            }
            return tuple ? limited(new Expression.TupleOf(items)) : items.getFirst();
        } finally {
            depth--;
        }
    }

    private Expression oneTarget(boolean namespaces) {
        if (stream.skipOperator("(")) {
            Expression inner = target(false, true);
            stream.expectOperator(")");
            return inner;
        }
        Expression target = primary(namespaces);
        if (target instanceof Expression.Name || target instanceof Expression.NamespaceTarget) {
            return target;
        }
        throw stream.error("nothing can be assigned to what stands before "
                + stream.current().described());
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
                case NAME -> limited(new Expression.Attribute(object, attribute.text(), line));
                case INTEGER -> limited(new Expression.Item(object, new Expression.Constant(integer(attribute)), line));
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
        return limited(
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
        return limited(new Expression.Slice(object, start, stop, step, line));
    }

    private Expression.Call call(Expression function) {
        int line = stream.current().line();
        return limited(new Expression.Call(function, arguments(), line));
    }

    /** A filter after its bar. */
    Expression.Filter filter(Expression object) {
        int line = stream.current().line();
        String name = dottedName();
        return limited(new Expression.Filter(object, name, isOneOf("(") ? arguments() : Arguments.NONE, line));
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
        Arguments arguments = Arguments.NONE;
        if (isOneOf("(")) {
            arguments = arguments();
        } else if (beginsArgument()) {
            if (stream.current().isName("is")) {
                throw stream.error("tests cannot be chained with 'is'");
            }
            arguments = new Arguments(List.of(postfix(primary(false))), List.of(), null, null);
        }
        Expression test = limited(new Expression.Test(object, name, arguments, line));
        return negated ? limited(new Expression.Unary("not", test, line)) : test;
    }

    private boolean beginsArgument() {
        Token token = stream.current();
        return switch (token.kind()) {
            case NAME -> !Set.of("else", "or", "and").contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            default -> isOneOf("[", "{");
        };
    }

    private Arguments arguments() {
        stream.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        List<Keyword> keywords = new ArrayList<>();
        Expression list = null;
        Expression dict = null;
        boolean first = true;
        while (!isOneOf(")")) {
            if (!first) {
                stream.expectOperator(",");
                if (isOneOf(")")) {
                    break;
                }
            }
            first = false;
            boolean named =
                    stream.current().kind() == Kind.NAME && stream.following().isOperator("=");
            boolean late = list != null || dict != null;
            if (dict != null
                    || late && !named && !isOneOf("**")
                    || !keywords.isEmpty() && !named && !isOneOf("*", "**")) {
                throw stream.error("the arguments of a call stand in a wrong order");
            }
            if (stream.skipOperator("*")) {
                list = expression();
            } else if (stream.skipOperator("**")) {
                dict = expression();
            } else if (named) {
                String name = stream.next().text();
                stream.next();
                keywords.add(new Keyword(name, expression()));
            } else {
                positional.add(expression());
            }
        }
        stream.expectOperator(")");
        requireDistinct(keywords);
        return new Arguments(positional, keywords, list, dict);
    }

    private void requireDistinct(List<Keyword> keywords) {
        Set<String> names = new HashSet<>();
        for (Keyword keyword : keywords) {
            if (!names.add(keyword.name())) {
                throw stream.error("the argument '" + keyword.name() + "' is given twice");
            }
        }
    }
}
