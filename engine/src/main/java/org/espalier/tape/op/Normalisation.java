package org.espalier.tape.op;

import org.espalier.tape.Op;
import org.espalier.tape.Value;

/** An operation that divides every row by how large its numbers are. */
public interface Normalisation extends Op {

    /** What is normalised, {@code [tokens, channels]}. */
    Value x();

    /** Added to the mean square. */
    double eps();
}
