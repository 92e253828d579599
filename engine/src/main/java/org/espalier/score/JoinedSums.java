package org.espalier.score;

import java.io.Serializable;
import java.util.List;

/**
 * What was made of all parts of the sums of a weight.
 *
 * @param weight  its name
 * @param rows    scores along its rows, or null
 * @param columns scores along its columns, or null
 * @param vectors nodes of sums of vectors
 */
public record JoinedSums(String weight, double[] rows, double[] columns, List<ScoreSum> vectors)
        implements Serializable {}
