package org.espalier.format;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.tensor.Blocks;

/**
 * Adds a LoRA adapter to the weights it was trained beside: {@code W + scale · B A}, row by row while they are written, each row as
 * long as the adapter has it where it has lengths of rows.
 */
public final class PeftMerge {

    /**
     * The two matrices of one projection, {@code a [rank][in]} and {@code b [out][rank]} already scaled.
     *
     * @param lengths {@code [out]} of the rows, or null if they are as they come
     */
    private record LowRank(String name, String place, float[][] a, float[][] b, float[] lengths)
            implements NumberStream.RowEdit {

        @Override
        public void edit(int row, float[] numbers) {
            float[] factors = b[row];
            for (int k = 0; k < factors.length; k++) {
                float factor = factors[k];
                float[] direction = a[k];
                for (int i = 0; i < direction.length; i++) {
                    numbers[i] += factor * direction[i];
                }
            }
            if (lengths != null) {
                lengthen(numbers, lengths[row]);
            }
            if (!Finite.all(numbers)) {
                throw new Failure(
                        "tensor " + Printable.quoted(name)
                                + " with the adapter in it holds numbers that are not finite",
                        place,
                        "the model or the adapter is broken, or they do not belong together");
            }
        }
    }

    /** A row of zeros stays one. */
    private static void lengthen(float[] row, float length) {
        double squares = 0;
        for (float number : row) {
            squares += (double) number * number;
        }
        float factor = squares == 0 ? 0 : (float) (length / Math.sqrt(squares));
        for (int i = 0; i < row.length; i++) {
            row[i] *= factor;
        }
    }

    private PeftMerge() {}

    /**
     * The model {@code source} with the adapter in its weights. Both must stay open until it is written.
     *
     * @throws Failure if the adapter does not fit the weights
     */
    public static ModelContent of(Checkpoint source, PeftAdapter adapter, NumberTypes types) {
        Map<String, NumberStream.RowEdit> edits = new HashMap<>();
        for (String projection : adapter.projections()) {
            String name = projection + ".weight";
            StoredTensor weight = source.tensors().get(name);
            StoredTensor a = adapter.tensors().get(projection + PeftAdapter.SUFFIX_A);
            StoredTensor b = adapter.tensors().get(projection + PeftAdapter.SUFFIX_B);
            if (weight == null
                    || weight.shape().rank() != 2
                    || weight.shape().dim(1) != a.shape().dim(1)
                    || weight.shape().dim(0) != b.shape().dim(0)) {
                throw new Failure(
                        "the adapter of " + Printable.quoted(projection) + ", ["
                                + b.shape().dim(0) + ", "
                                + a.shape().dim(1) + "], does not fit the model's "
                                + (weight == null
                                        ? "lack of one"
                                        : weight.shape().toString()),
                        adapter.path().toString(),
                        "merge it into the model it was trained on");
            }
            edits.put(
                    name,
                    new LowRank(
                            name,
                            adapter.path().toString(),
                            rows(a, 1),
                            rows(b, adapter.config().scale()),
                            adapter.config().decomposed()
                                    ? rows(adapter.tensors().get(projection + PeftAdapter.SUFFIX_LENGTHS), 1)[0]
                                    : null));
        }
        for (String name : adapter.saved()) {
            edits.put(name, replacement(source, adapter, name));
        }
        return Conversion.of(source, types, tensor -> Optional.ofNullable(edits.get(tensor.name())));
    }

    /** Numbers in the place of a parameter of one row. */
    private static NumberStream.RowEdit replacement(Checkpoint source, PeftAdapter adapter, String name) {
        StoredTensor vector = adapter.tensors().get(name);
        StoredTensor replaced = source.tensors().get(name);
        if (replaced == null || !replaced.shape().equals(vector.shape())) {
            throw new Failure(
                    "the adapter's " + Printable.quoted(name) + " " + vector.shape() + " does not fit the model's "
                            + (replaced == null
                                    ? "lack of one"
                                    : replaced.shape().toString()),
                    adapter.path().toString(),
                    "merge it into the model it was trained on");
        }
        float[] numbers = rows(vector, 1)[0];
        return (row, target) -> System.arraycopy(numbers, 0, target, 0, numbers.length);
    }

    private static float[][] rows(StoredTensor matrix, double scale) {
        int columns = matrix.shape().columns();
        float[][] rows = new float[matrix.shape().rows()][columns];
        for (int r = 0; r < rows.length; r++) {
            Blocks.decode(matrix.type(), matrix.bytes(), matrix.rowOffset(r), rows[r], 0, columns);
            for (int c = 0; c < columns; c++) {
                rows[r][c] = (float) (scale * rows[r][c]);
            }
        }
        return rows;
    }
}
