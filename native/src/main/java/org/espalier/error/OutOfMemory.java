package org.espalier.error;

/** A device has too little memory left. Whoever can do with less may try again with that. */
public final class OutOfMemory extends Failure {

    private static final long serialVersionUID = 1L;

    /** See {@link Failure#Failure(String, String, String)}. */
    public OutOfMemory(String problem, String place, String advice) {
        super(problem, place, advice);
    }
}
