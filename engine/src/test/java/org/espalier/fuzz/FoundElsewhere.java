package org.espalier.fuzz;

/** A finding that a target itself makes, such as one of another process. */
public final class FoundElsewhere extends Exception {

    private static final long serialVersionUID = 1L;

    private final String kind;

    /**
     * @param kind   in a few words, by which findings of one cause are known
     * @param detail for a person
     */
    public FoundElsewhere(String kind, String detail) {
        super(detail);
        this.kind = kind;
    }

    Finding finding(Input input) {
        return new Finding(kind, getMessage(), input);
    }
}
