package org.espalier.tune;

/**
 * One update on record.
 *
 * @param step         counted from 1
 * @param tokens       trained on so far, this update's among them
 * @param loss         mean over the tokens that count, before the update was made, in nats
 * @param rate         of learning
 * @param gradientNorm before clipping
 * @param seconds      it took
 */
public record Update(int step, long tokens, double loss, double rate, double gradientNorm, double seconds) {}
