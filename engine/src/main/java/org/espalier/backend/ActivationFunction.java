package org.espalier.backend;

/** What is applied to every number between two products of a feed-forward layer. */
public enum ActivationFunction {
    /** {@code x Φ(x)}, {@code Φ} the cumulative distribution of a standard normal number (Hendrycks and Gimpel 2016). */
    GELU,
    /** The approximation {@code x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2} of {@link #GELU}. */
    GELU_TANH,
    /** {@code x / (1 + e^−x)}. */
    SILU,
    /** {@code max(x, 0)}, whose derivative at 0 is taken as 0. */
    RELU,
    /** The hyperbolic tangent, which bounds what goes through it. */
    TANH
}
