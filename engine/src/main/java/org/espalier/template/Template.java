package org.espalier.template;

import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;

/** A template, read once and rendered any number of times. It may be used by several threads at a time. */
public final class Template {

    /** Templates of models have some ten thousand characters. */
    private static final int LONGEST = 1 << 20;

    private final String source;
    private final Action body;
    private final FrameKind frames;
    private final int height;

    private Template(String source) {
        this.source = source;
        List<Statement> statements = StatementParser.parse(source);
        this.height = Height.of(statements);
        Scope scope = new Scope(null);
        scope.readAll(statements);
        this.body = StatementCompiler.compile(statements, scope);
        this.frames = new FrameKind(scope);
    }

    /**
     * Reads a template.
     *
     * @throws TemplateError if it is none, or too large
     */
    public static Template parse(String source) {
        if (source.length() > LONGEST) {
            throw new TemplateError("it has " + source.length() + " characters");
        }
        try {
            return new Template(source);
        } catch (StackOverflowError e) {
            throw new TemplateError("it is nested too deeply");
        }
    }

    /**
     * The text of the template.
     *
     * @param variables what it sees: texts, numbers, truth values, null, and lists and maps of these
     * @param now       the time that it can ask for
     * @throws TemplateError if the template fails, refuses the variables or takes too much time or memory
     */
    public Rendered render(Map<String, ?> variables, LocalDateTime now) {
        Variables given = Variables.of(variables);
        Run run = new Run(given.values(), now, new Budget(height, source.length() + given.characters()));
        try {
            body.run(frames.enter(run, null), run.output());
            return run.result();
        } catch (TemplateError e) {
            throw e.atLine(run.line());
        } catch (StackOverflowError e) {
            throw new TemplateError("it is nested too deeply", run.line());
        }
    }
}
