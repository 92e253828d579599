package org.espalier.error;

/**
 * A failure that a person can act on: what went wrong, where, and what to do. The command line prints it as one line,
 * {@code engine: WHAT (WHERE): WHAT TO DO}, and exits with 1.
 */
public final class Failure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String what;
    private final String where;
    private final String remedy;

    /**
     * @param what   what went wrong, for example {@code "header is longer than the file"}
     * @param where  the file, tensor or operation with its shapes
     * @param remedy what the person can do about it
     */
    public Failure(String what, String where, String remedy) {
        this(what, where, remedy, null);
    }

    /** As {@link #Failure(String, String, String)}, keeping the exception that led here. */
    public Failure(String what, String where, String remedy, Throwable cause) {
        super(what + " (" + where + "): " + remedy, cause);
        this.what = what;
        this.where = where;
        this.remedy = remedy;
    }

    /** What is wrong. */
    public String what() {
        return what;
    }

    /** The file, option or place that it is about. */
    public String where() {
        return where;
    }

    /** What the user can do about it. */
    public String remedy() {
        return remedy;
    }

    /** The whole message on one line, whatever the parts contain. */
    public String oneLine() {
        return getMessage().replaceAll("\\s*\\R\\s*", " ");
    }
}
