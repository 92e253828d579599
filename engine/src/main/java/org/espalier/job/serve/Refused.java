package org.espalier.job.serve;

/** Why a request was not taken in. */
public final class Refused extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** What stands in the way. */
    public enum Reason {
        /** As many requests wait as may. */
        BUSY,
        /** The service is being closed, or has failed. */
        CLOSED
    }

    private final Reason reason;

    Refused(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** What stands in the way. */
    public Reason reason() {
        return reason;
    }
}
