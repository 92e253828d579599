package org.espalier.backend;

import org.espalier.tensor.Tensor;

/** What is summed over calibration data to score weights by it. */
public interface CalibrationOps {

    /**
     * As {@link ScoreOps#saliency} for a saliency of the weight alone, times a factor of each input:
     * {@code S[i, k] · scale[k]}.
     *
     * @param scale float64 {@code [in]}, not negative
     */
    void scaledSaliency(Queue queue, Saliency saliency, Tensor w, Tensor scale, Tensor rows, Tensor columns);

    /**
     * The squared gradients of a linear layer's weight, sequence by sequence: with {@code g_s = dY_sᵀ x_s} over the rows of
     * sequence {@code s}, {@code squares = beta · squares + Σ_s factors[s] · g_s²} and
     * {@code gradient = beta · gradient + Σ_s g_s}, in the order of the sequences.
     *
     * @param rows     how the tokens divide into sequences
     * @param factors  one for each sequence, not negative
     * @param x        {@code [tokens, in]}
     * @param dY       {@code [tokens, out]}
     * @param gradient {@code [out, in]} in the compute type, or null if nobody wants it
     * @param squares  {@code [out, in]} in the compute type
     */
    void squaredGradients(Queue queue, Sequences rows, double[] factors, Tensor x, Tensor dY, Tensor gradient,
            Tensor squares, float beta);

    /**
     * {@code sums[k] = beta · sums[k] + Σ_t (a[t, k] − shift[k]) · b[t, k]}, in float64 and in the order of the tokens.
     *
     * @param a     {@code [tokens, n]}
     * @param shift {@code [n]}, any plain floating type, or null for zeros
     * @param b     {@code [tokens, n]}, or null for ones
     * @param sums  float64 {@code [n]}
     */
    void columnDots(Queue queue, Tensor a, Tensor shift, Tensor b, Tensor sums, float beta);
}
