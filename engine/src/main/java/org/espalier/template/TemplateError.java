package org.espalier.template;

/** What is wrong with a template, or with what it was given. The line is that of the template, counted from 1. */
public final class TemplateError extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int line;
    private final boolean refusal;

    TemplateError(String message) {
        this(message, 0, false);
    }

    TemplateError(String message, int line) {
        this(message, line, false);
    }

    private TemplateError(String message, int line, boolean refusal) {
        super(message);
        this.line = line;
        this.refusal = refusal;
    }

    /** What a template says with {@code raise_exception(message)}. */
    static TemplateError refusal(String message) {
        return new TemplateError(message, 0, true);
    }

    /** The same in a line of the template, unless one was known before. */
    TemplateError atLine(int place) {
        if (line > 0) {
            return this;
        }
        TemplateError placed = new TemplateError(getMessage(), place, refusal);
        placed.setStackTrace(getStackTrace());
        return placed;
    }

    /** Where it is, or 0 where that is not known. */
    public int line() {
        return line;
    }

    /** Whether the template itself refuses what it was given, in its own words. */
    public boolean isRefusal() {
        return refusal;
    }
}
