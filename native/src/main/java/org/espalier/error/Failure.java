package org.espalier.error;

import java.util.regex.Pattern;

/**
 * A failure that a person can act on: what went wrong, where, and what to do. The command line prints it as one line,
 * {@code engine: WHAT (WHERE): WHAT TO DO}, and exits with 1.
 */
public sealed class Failure extends RuntimeException permits OutOfMemory {

    private static final long serialVersionUID = 1L;

    private static final Pattern BREAK = Pattern.compile("\\s*\\R\\s*");
    private static final int LONGEST_PART = 600;

    private final String problem;
    private final String place;
    private final String advice;

    /**
     * @param problem what went wrong, for example {@code "header is longer than the file"}
     * @param place   the file, tensor or operation with its shapes
     * @param advice  what the person can do about it
     */
    public Failure(String problem, String place, String advice) {
        this(problem, place, advice, null);
    }

    /** As {@link #Failure(String, String, String)}, keeping the exception that led here. */
    public Failure(String problem, String place, String advice, Throwable cause) {
        super(problem + " (" + place + "): " + advice, cause);
        this.problem = problem;
        this.place = place;
        this.advice = advice;
    }

    /** What is wrong. */
    public String problem() {
        return problem;
    }

    /** The file, option or place that it is about. */
    public String place() {
        return place;
    }

    /** What the user can do about it. */
    public String advice() {
        return advice;
    }

    /** The message on one line of a bounded length, whatever the parts contain. */
    public String oneLine() {
        return part(problem) + " (" + part(place) + "): " + part(advice);
    }

    private static String part(String text) {
        String words = BREAK.matcher(Printable.shortened(text, LONGEST_PART)).replaceAll(" ");
        return Printable.line(words);
    }
}
