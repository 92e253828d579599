package org.espalier.score;

import java.io.Serializable;

/**
 * A node of a sum over batches that scores are made of; see {@link org.espalier.model.SumTree}.
 *
 * @param weight  that is scored
 * @param what    is summed, a name of the criterion's own
 * @param segment of the model in which it was summed, because a tied weight is used in several
 * @param level   of the node
 * @param index   of the node
 * @param sum     its numbers
 */
public record ScoreSum(String weight, String what, int segment, int level, int index, double[] sum)
        implements Serializable {}
