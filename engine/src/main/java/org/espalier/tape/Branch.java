package org.espalier.tape;

import java.util.Locale;

/**
 * What is added onto the residual stream: {@code sum = onto + factor · output}, where the output is computed from the source.
 * Usually the source and what it is added onto are the stream itself. The source is not where branches run beside each other;
 * GLM adds onto the normalised stream. Where the branch is left out, the stream goes on as it is.
 *
 * @param index        position on the tape, from 0
 * @param kind         what it is
 * @param layer        that it belongs to, from 0
 * @param source       {@code [tokens, channels]}: what it reads of the stream
 * @param stream       {@code [tokens, channels]}: the stream before it
 * @param onto         {@code [tokens, channels]}: what it is added onto; the stream in nearly every family
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
        Value onto,
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

    /** Whether it is added onto the stream itself. */
    public boolean ontoStream() {
        return onto == stream;
    }

    /** For messages: {@code MLP of layer 3}. */
    public String name() {
        return (kind == Kind.MLP ? kind.name() : kind.toString()) + " of layer " + layer;
    }
}
