package org.espalier.score;

import java.io.Serializable;

/**
 * A part of the sums of a weight: a node of a sum of its gradient or of its squares, or one of vectors.
 *
 * @param weight   its name
 * @param squares  whether of its squared gradients
 * @param segment  of the model in which it was summed
 * @param level    of the node
 * @param index    of the node
 * @param numbers  row by row; null where {@code vector} is there
 * @param vector   of a weight that is a vector; null where {@code numbers} are there
 */
public record GradientSum(
        String weight, boolean squares, int segment, int level, int index, float[] numbers, ScoreSum vector)
        implements Serializable {

    static GradientSum of(ScoreSum vector) {
        return new GradientSum(vector.weight(), false, vector.segment(), 0, 0, null, vector);
    }
}
