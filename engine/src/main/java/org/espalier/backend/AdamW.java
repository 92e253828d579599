package org.espalier.backend;

/**
 * Settings of one AdamW step.
 *
 * @param learningRate for this step
 * @param beta1        decay of the first moment
 * @param beta2        decay of the second moment
 * @param eps          added to the root of the second moment
 * @param weightDecay  decoupled decay, times the learning rate
 */
public record AdamW(double learningRate, double beta1, double beta2, double eps, double weightDecay) {}
