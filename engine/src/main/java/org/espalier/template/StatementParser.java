package org.espalier.template;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.espalier.template.Expression.Filter;
import org.espalier.template.Statement.Signature;
import org.espalier.template.Token.Kind;

/** Reads a template's blocks. */
final class StatementParser {

    /** Python takes no more: Jinja2 gives it templates as programs, indented block by block. */
    private static final int DEEPEST = 100;

    private final TokenStream stream;
    private final ExpressionParser expressions;
    private final TargetParser targets;
    /** The blocks around the current place, the innermost last. */
    private final List<String> open = new ArrayList<>();

    private StatementParser(TokenStream stream) {
        this.stream = stream;
        this.expressions = new ExpressionParser(stream);
        this.targets = new TargetParser(stream);
    }

    /**
     * The statements of a template.
     *
     * @throws TemplateError if it is none
     */
    static List<Statement> parse(String source) {
        return new StatementParser(new TokenStream(Lexer.tokens(source))).body(List.of());
    }

    /** Statements up to one of {@code ends}, which becomes the current token; without ends up to the end of the template. */
    private List<Statement> body(List<String> ends) {
        List<Statement> body = new ArrayList<>();
        while (true) {
            Token token = stream.current();
            switch (token.kind()) {
                case DATA -> body.add(new Statement.Data(stream.next().text(), token.line()));
                case VARIABLE_BEGIN -> {
                    stream.next();
                    body.add(new Statement.Print(expressions.tuple(true, false), token.line()));
                    stream.expect(Kind.VARIABLE_END, "'}}'");
                }
                case BLOCK_BEGIN -> {
                    stream.next();
                    if (ends.contains(stream.current().text())
                            && stream.current().kind() == Kind.NAME) {
                        return body;
                    }
                    body.add(statement());
                    stream.expect(Kind.BLOCK_END, "'%}'");
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw stream.error(
                                "'" + open.getLast() + "' does not end: '" + ends.getLast() + "' is missing");
                    }
                    return body;
                }
            }
        }
    }

    /** The statements of a block, from the end of its first tag on; what ends it is the current token. */
    private List<Statement> blockBody(String name, String... ends) {
        stream.skipOperator(":");
        stream.expect(Kind.BLOCK_END, "'%}'");
        if (open.size() >= DEEPEST) {
            throw stream.error("it is nested too deeply");
        }
        open.add(name);
        List<Statement> body = body(List.of(ends));
        open.removeLast();
        return body;
    }

    private List<Statement> lastBody(String name) {
        List<Statement> body = blockBody(name, "end" + name);
        stream.next();
        return body;
    }

    private Statement statement() {
        Token tag = stream.expect(Kind.NAME, "a tag's name");
        int line = tag.line();
        return switch (tag.text()) {
            case "if" -> ifBlock(line);
            case "for" -> forBlock(line);
            case "set" -> set(line);
            case "macro" -> macro(line);
            case "call" -> call(line);
            case "filter" -> {
                Filter filter = filters(expressions.filter(null));
                yield new Statement.FilterBlock(filter, lastBody("filter"), line);
            }
            case "with" -> with(line);
            case "print" -> print(line);
            case "generation" -> new Statement.Generation(outsideLoops(() -> lastBody("generation")), line);
            case "break" -> {
                requireLoop("break");
                yield new Statement.Break(line);
            }
            case "continue" -> {
                requireLoop("continue");
                yield new Statement.Continue(line);
            }
            case "include", "import", "from", "extends" ->
                throw new TemplateError("'" + tag.text() + "' would read another file", line);
            default -> throw new TemplateError("there is no tag '" + tag.text() + "' here", line);
        };
    }

    private void requireLoop(String tag) {
        if (!open.contains("for")) {
            throw stream.error("'" + tag + "' stands outside of a loop");
        }
    }

    private interface Body<T> {
        T read();
    }

    /** Blocks that become functions of their own cannot leave the loop around them. */
    private <T> T outsideLoops(Body<T> body) {
        List<String> enclosing = new ArrayList<>(open);
        open.replaceAll(name -> name.equals("for") ? "for outside" : name);
        T result = body.read();
        open.clear();
        open.addAll(enclosing);
        return result;
    }

    private Statement.If ifBlock(int line) {
        Expression test = expressions.tuple(false, false);
        List<Statement> body = blockBody("if", "elif", "else", "endif");
        List<Statement.If> elsif = new ArrayList<>();
        while (stream.current().isName("elif")) {
            int place = stream.next().line();
            Expression other = expressions.tuple(false, false);
            elsif.add(new Statement.If(other, blockBody("if", "elif", "else", "endif"), List.of(), List.of(), place));
        }
        return new Statement.If(test, body, elsif, otherwise("if", "endif"), line);
    }

    /** What follows {@code else} if there is one, and the end of the block. */
    private List<Statement> otherwise(String name, String end) {
        boolean found = stream.next().text().equals("else");
        if (!found) {
            return List.of();
        }
        List<Statement> body = blockBody(name, end);
        stream.next();
        return body;
    }

    private Statement.For forBlock(int line) {
        Expression target = targets.target(false);
        stream.expectName("in");
        Expression iterable = expressions.tuple(false, false);
        Expression test = stream.skipName("if") ? expressions.expression() : null;
        boolean recursive = stream.skipName("recursive");
        List<Statement> body = blockBody("for", "endfor", "else");
        // What stands after else is no part of the loop.
        List<Statement> otherwise = otherwise("else", "endfor");
        Statement.For loop = new Statement.For(target, iterable, test, body, otherwise, recursive, line);
        if (Names.assigns(loop, "loop")) {
            throw new TemplateError("nothing can be assigned to 'loop' inside of a loop", line);
        }
        return loop;
    }

    private Statement set(int line) {
        Expression target = targets.target(true);
        if (stream.skipOperator("=")) {
            return new Statement.Assign(target, expressions.tuple(true, false), line);
        }
        Filter filter = stream.skipOperator("|") ? filters(expressions.filter(null)) : null;
        return new Statement.AssignBlock(target, filter, lastBody("set"), line);
    }

    /** Further filters after a first one. */
    private Filter filters(Filter first) {
        Filter filter = first;
        while (stream.skipOperator("|")) {
            filter = expressions.filter(filter);
        }
        return filter;
    }

    private Statement.Macro macro(int line) {
        String name = targets.name();
        Signature signature = signature();
        return new Statement.Macro(name, signature, outsideLoops(() -> lastBody("macro")), line);
    }

    private Signature signature() {
        stream.expectOperator("(");
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        while (!stream.current().isOperator(")")) {
            if (!parameters.isEmpty()) {
                stream.expectOperator(",");
            }
            String parameter = targets.name();
            if (!seen.add(parameter)) {
                throw stream.error("the parameter '" + parameter + "' is there twice");
            }
            parameters.add(parameter);
            if (stream.skipOperator("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw stream.error("a parameter without a default follows one with a default");
            }
        }
        stream.expectOperator(")");
        return new Signature(parameters, defaults);
    }

    private Statement.CallBlock call(int line) {
        Signature signature = stream.current().isOperator("(") ? signature() : Signature.EMPTY;
        if (!(expressions.expression() instanceof Expression.Call call)) {
            throw stream.error("'call' needs a call");
        }
        return new Statement.CallBlock(signature, call, outsideLoops(() -> lastBody("call")), line);
    }

    private Statement.With with(int line) {
        List<Expression> names = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (stream.current().kind() != Kind.BLOCK_END) {
            if (!names.isEmpty()) {
                stream.expectOperator(",");
            }
            names.add(targets.target(false));
            stream.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Statement.With(names, values, lastBody("with"), line);
    }

    private Statement print(int line) {
        List<Expression> values = new ArrayList<>();
        while (stream.current().kind() != Kind.BLOCK_END) {
            if (!values.isEmpty()) {
                stream.expectOperator(",");
            }
            values.add(expressions.expression());
        }
        return new Statement.Print(new Expression.Concatenation(values, line), line);
    }
}
