package org.espalier.fuzz;

/** A finding of another process. */
final class FoundElsewhere extends Exception {

    private static final long serialVersionUID = 1L;

    private final String kind;

    FoundElsewhere(String kind, String detail) {
        super(detail);
        this.kind = kind;
    }

    Finding finding(Input input) {
        return new Finding(kind, getMessage(), input);
    }
}
