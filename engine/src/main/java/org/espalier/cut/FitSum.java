package org.espalier.cut;

import java.io.Serializable;

/**
 * Some rows of a node of the sums over batches that a fit is made of; see {@link org.espalier.model.SumTree}.
 *
 * @param weight which of the weights that are fitted together
 * @param level  of the node
 * @param index  of the node
 * @param right  whether of the products with what is lacking, else of those of activations
 * @param row    the first one
 * @param sum    their numbers, row by row; null where none of the node's batches had anything to add
 */
public record FitSum(int weight, int level, int index, boolean right, int row, double[] sum) implements Serializable {}
