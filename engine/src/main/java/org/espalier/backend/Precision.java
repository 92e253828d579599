package org.espalier.backend;

/**
 * How exactly the products of linear layers see their operands; they are always summed in float32. Forwards, up to four
 * tokens, as in decoding, see every bit with each of these.
 */
public enum Precision {

    /** Every bit of a float32 number. */
    FLOAT32,
    /** On a GPU, products of float32 with float32 round both to TF32, 11 bits of significand; others are as above. */
    TF32,
    /**
     * On processors weights, activations and gradients are rounded to bfloat16. On a GPU, with a bfloat16 or float16 weight,
     * activations and gradients are rounded to the weight's type, as PyTorch does with a model of that type; others are as above.
     */
    HALF,
    /**
     * On processors an operand is the sum of two bfloat16 numbers, 16 bits of significand, unless one holds it; the product of
     * the two smaller parts is left out.
     */
    SPLIT
}
