package org.espalier.tape;

import java.util.Locale;

/**
 * What is added onto the residual stream: {@code sum = streamFactor · stream + factor · output}, where the output is computed
 * from the source. Usually the source is the stream itself; it is not where branches run beside each other.
 *
 * @param index        position on the tape, from 0
 * @param kind         what it is
 * @param layer        that it belongs to, from 0
 * @param source       {@code [tokens, channels]}: what it reads of the stream
 * @param stream       {@code [tokens, channels]}: what it is added onto
 * @param streamFactor of the stream; 1 in nearly every family
 * @param output       {@code [tokens, channels]}: what it computes
 * @param factor       of the output; 1 in nearly every family
 * @param sum          {@code [tokens, channels]}: the stream after it
 */
public record Branch(
        int index,
        Kind kind,
        int layer,
        Value source,
        Value stream,
        double streamFactor,
        Value output,
        double factor,
        Value sum) {

    /** What a layer consists of. */
    public enum Kind {
        /** Mixes tokens: attention with its projections. */
        ATTENTION,
        /** Transforms every token by itself: a feed-forward network. */
        MLP;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** For messages: {@code MLP of layer 3}. */
    public String name() {
        return (kind == Kind.MLP ? kind.name() : kind.toString()) + " of layer " + layer;
    }
}
