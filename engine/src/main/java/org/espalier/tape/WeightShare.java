package org.espalier.tape;

/**
 * The rows of one expert, for which its weights are used.
 *
 * @param starts {@code [experts + 1]}: where the rows of each expert begin, and the end
 * @param sorted {@code [tokens · k]}: the number by token of each row, {@code t · k + j}, ascending for each expert
 * @param expert whose rows are meant
 */
public record WeightShare(Value starts, Value sorted, int expert) {}
