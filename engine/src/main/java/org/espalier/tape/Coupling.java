package org.espalier.tape;

/**
 * How operations state which axes must shrink together. An axis is a term; statements unify terms, and what stays free is
 * a group of units that can be removed (DepGraph, Fang et al. 2023, here by unification over shapes).
 */
public interface Coupling {

    /** An axis, or a composition of axes. */
    interface Axis {}

    /** What an axis is used for, from which the role of a group follows. */
    enum Use {
        /** Heads that share keys and values: the batch of an attention. */
        HEADS,
        /** Query heads within one key/value head. */
        QUERIES_PER_HEAD,
        /** Dimensions summed over between query and key. */
        CONTRACTED,
        /** Dimensions of the values of attention. */
        VALUE,
        /** Channels that a normalisation averages over. */
        NORMALISED,
        /** Experts that a router chooses among. */
        EXPERTS,
        /** Tokens that the tokenizer knows. */
        TOKENS
    }

    /** Axis {@code index} of {@code value}; negative counts from the end. */
    Axis axis(Value value, int index);

    /** A new axis of this extent that no tensor has by itself. */
    Axis fresh(long extent);

    /**
     * The axis of the tokens that the tokenizer knows, which is one for a whole tape: what looks them up and what predicts them meet
     * in it, though no operation leads from one to the other.
     */
    Axis vocabulary(long tokens);

    /** The axis that runs through all combinations, the last part fastest. */
    Axis product(Axis... parts);

    /** The axis that runs through the parts one after the other. */
    Axis sum(Axis... parts);

    /** Both run through the same units. */
    void same(Axis a, Axis b);

    /** No unit of it may be removed. */
    void freeze(Axis axis, String reason);

    /** Notes what it is used for. */
    void use(Axis axis, Use use);

    /** So many units of it, or more, must stay. */
    void keepAtLeast(Axis axis, long units);

    /**
     * A value is there for one unit of an axis, which the value itself may not have: it goes when that unit goes.
     *
     * @param experts an axis with {@link Use#EXPERTS}, or a composition with one
     * @param unit    the unit's number
     */
    void belongs(Value value, Axis experts, int unit);

    /** Entries {@code i} of both halves belong together and cannot be removed alone. */
    void tie(Axis halves);
}
