package org.espalier.model;

import org.espalier.tape.Value;

/** Records the parts of a family's forward pass: T tokens, C channels, V vocabulary. */
public interface Decoder {

    /** The residual stream before the first layer, {@code [T, C]}. */
    Value embed();

    /**
     * A layer: its branches, each added onto the stream by {@link org.espalier.tape.op.Add#branch}. A branch of no size is
     * left out.
     *
     * @param stream {@code [T, C]}
     * @return the stream after it, {@code [T, C]}
     */
    Value layer(int layer, Value stream);

    /** The normalised stream after the last layer, {@code [n, C]}. */
    Value finish(Value stream);

    /** Logits, {@code [n, V]}, of what {@link #finish} gave. */
    Value logits(Value finished);
}
