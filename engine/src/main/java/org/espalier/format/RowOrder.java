package org.espalier.format;

/**
 * In which order the rows of a matrix lie in the file. GGUF files of llama architectures store the rows of query and key
 * projections so that the two numbers a rotation turns lie side by side, where Hugging Face's order has them half a head
 * apart.
 *
 * @param heads   heads whose rows are stored interleaved, 0 where rows lie in order
 * @param headDim rows of one head, even
 */
public record RowOrder(int heads, int headDim) {

    /** Rows lie as Hugging Face has them. */
    public static final RowOrder IDENTITY = new RowOrder(0, 0);

    /**
     * Rows of each of {@code heads} heads lie as GGUF has them: 0, {@code headDim / 2}, 1, {@code headDim / 2 + 1} and
     * so on.
     */
    public static RowOrder interleaved(int heads, int headDim) {
        return new RowOrder(heads, headDim);
    }

    /** Whether rows lie as Hugging Face has them. */
    public boolean identity() {
        return heads == 0;
    }

    /** The row of the file that holds row {@code row} of Hugging Face's order. */
    public long sourceRow(long row) {
        if (identity()) {
            return row;
        }
        long inHead = row % headDim;
        int half = headDim / 2;
        return row - inHead + 2 * (inHead % half) + inHead / half;
    }
}
