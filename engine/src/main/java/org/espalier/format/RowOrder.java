package org.espalier.format;

/**
 * In which order the rows of a matrix lie in the file. Rows that belong together form a block; seen as {@code [outer, inner, run]}
 * in Hugging Face's order, a block lies in the file as {@code [inner, outer, run]}.
 *
 * @param blocks that follow each other, 0 where rows lie in order
 * @param outer  parts of a block
 * @param inner  parts of each of these
 * @param run    rows of each part, which stay side by side
 */
public record RowOrder(int blocks, int outer, int inner, int run) {

    /** Rows lie as Hugging Face has them. */
    public static final RowOrder IDENTITY = new RowOrder(0, 0, 0, 0);

    /**
     * Rows of each of {@code heads} heads, of {@code headDim} rows, even, lie so that the two numbers that a rotation turns are side
     * by side: 0, {@code headDim / 2}, 1, {@code headDim / 2 + 1} and so on. GGUF files of llama architectures have queries and keys
     * so, where Hugging Face has the two half a head apart.
     */
    public static RowOrder interleaved(int heads, int headDim) {
        return heads == 0 ? IDENTITY : new RowOrder(heads, 2, headDim / 2, 1);
    }

    /**
     * The queries of all heads, then their keys, then their values, {@code [3, heads, headDim]}, where Hugging Face has the three of
     * one head after the other, {@code [heads, 3, headDim]}.
     */
    public static RowOrder apart(int heads, int headDim) {
        return new RowOrder(1, heads, 3, headDim);
    }

    /** Whether rows lie as Hugging Face has them. */
    public boolean identity() {
        return blocks == 0;
    }

    /** Rows that change places among each other alone. */
    public long blockRows() {
        return (long) outer * inner * run;
    }

    /** Rows of all blocks. */
    public long rows() {
        return blocks * blockRows();
    }

    /** The row of the file that holds row {@code row} of Hugging Face's order. */
    public long sourceRow(long row) {
        if (identity()) {
            return row;
        }
        long inBlock = row % blockRows();
        long part = inBlock / run;
        return row - inBlock + (part % inner * outer + part / inner) * run + inBlock % run;
    }
}
