package org.espalier.tape;

import java.util.List;

/**
 * What a parameter does in an operation: all that is needed to tell from activations and gradients what its rows and columns
 * are worth.
 *
 * @param kind   what the numbers do
 * @param weight the parameter, or a part of it
 * @param input  what meets it: the input of a product, the ids of a look-up, else null
 * @param output what it makes; null for {@link Kind#BIAS}
 * @param shift  added to the output afterwards, or null
 * @param share  which rows of input and output it is used for; null for all
 */
public record WeightUse(Kind kind, Value weight, Value input, Value output, Value shift, WeightShare share) {

    /** Of all rows. */
    public WeightUse(Kind kind, Value weight, Value input, Value output, Value shift) {
        this(kind, weight, input, output, shift, null);
    }

    /** What the numbers of a parameter do. */
    public enum Kind {
        /** {@code output = input · weightᵀ + shift}. */
        PRODUCT,
        /** {@code output[t, k] = weight[k] · (something)[t, k] + shift[k]}. */
        SCALE,
        /** {@code output[t] = weight[input[t]]}. */
        LOOKUP,
        /** It is added, and has no importance of its own: it goes with the unit that it belongs to. */
        BIAS
    }

    /** A matrix product with an optional bias, and that bias. */
    public static List<WeightUse> product(Value weight, Value input, Value output, Value bias) {
        return withBias(new WeightUse(Kind.PRODUCT, weight, input, output, bias), bias);
    }

    /** A matrix product of some rows. */
    public static WeightUse ofRows(Value weight, Value input, Value output, WeightShare share) {
        return new WeightUse(Kind.PRODUCT, weight, input, output, null, share);
    }

    /** Its rows in a run, of which there may be none. */
    public WeightRows rows(Step step) {
        return share == null ? WeightRows.all(step) : WeightRows.of(share, step);
    }

    /** A factor of every channel with an optional bias, and that bias. */
    public static List<WeightUse> scale(Value weight, Value output, Value bias) {
        return withBias(new WeightUse(Kind.SCALE, weight, null, output, bias), bias);
    }

    private static List<WeightUse> withBias(WeightUse use, Value bias) {
        return bias == null ? List.of(use) : List.of(use, new WeightUse(Kind.BIAS, bias, null, null, null));
    }
}
