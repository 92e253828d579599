package org.espalier.backend.cuda;

/**
 * How exactly the products of linear layers see their operands; they are always summed in float32. Forwards, up to four
 * tokens, as in decoding, see every bit with each of these.
 */
public enum Precision {

    /** Every bit of a float32 number. */
    FLOAT32,
    /** Products of float32 with float32 round both to TF32, 11 bits of significand; others are as above. */
    TF32,
    /**
     * With a bfloat16 or float16 weight, activations and gradients are rounded to the weight's type, as PyTorch does with
     * a model of that type; others are as above.
     */
    HALF
}
