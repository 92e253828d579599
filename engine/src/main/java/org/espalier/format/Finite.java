package org.espalier.format;

import org.espalier.error.Failure;
import org.espalier.file.Printable;
import org.espalier.tensor.Blocks;

/** Whether numbers are numbers. */
final class Finite {

    private Finite() {}

    /** Refuses a matrix that holds NaN or an infinite number. */
    static void require(StoredTensor matrix, String place, String advice) {
        float[] row = new float[matrix.shape().columns()];
        for (long r = 0; r < matrix.rows(); r++) {
            Blocks.decode(matrix.type(), matrix.bytes(), matrix.rowOffset(r), row, 0, row.length);
            require(row, matrix.name(), place, advice);
        }
    }

    /** As {@link #require(StoredTensor, String, String)}, of one row of a tensor. */
    static void require(float[] row, String tensor, String place, String advice) {
        for (float number : row) {
            if (!Float.isFinite(number)) {
                throw new Failure("tensor " + Printable.quoted(tensor) + " holds " + number, place, advice);
            }
        }
    }
}
