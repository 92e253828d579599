package org.espalier.model;

import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.format.PeftAdapter;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Lengths of the rows of a weight, alone and with an adapter in it. With {@code n} that of a row {@code w}, and {@code b} the row of
 * {@code B}: {@code ‖w + s b A‖² = n² + 2 s b (A wᵀ) + s² b (A Aᵀ) bᵀ}, so that no matrix of the weight's size is made.
 */
final class RowLengths {

    /** Numbers that are looked at at once. */
    private static final int NUMBERS = 1 << 22;

    private RowLengths() {}

    /** The squared length of every row of a weight {@code [out, in]} of any stored type. */
    static double[] squares(Backend backend, Queue queue, Tensor weight) {
        int rows = weight.shape().extent(0);
        int columns = weight.shape().columns();
        int atOnce = Math.clamp(NUMBERS / columns, 1, rows);
        double[] squares = new double[rows];
        Tensor part = backend.allocate(DType.F32, Shape.of(atOnce, columns), "rows of a weight");
        try {
            for (int start = 0; start < rows; start += atOnce) {
                int end = Math.min(rows, start + atOnce);
                Tensor plain = part.slice(0, end - start);
                backend.convert(queue, weight.slice(start, end), plain);
                float[] numbers = HostCopy.readFloats(backend, queue, plain);
                for (int i = 0; i < numbers.length; i++) {
                    squares[start + i / columns] += (double) numbers[i] * numbers[i];
                }
            }
            return squares;
        } finally {
            part.buffer().close();
        }
    }

    /**
     * The inverse lengths {@code [out]} of the rows of a weight with its adapter in it; 0 for a row that is 0.
     *
     * @param squares of the weight's own rows
     * @param matrices of the adapter, by name
     */
    static double[] inverse(
            Backend backend,
            Queue queue,
            String projection,
            Tensor weight,
            double[] squares,
            Map<String, Tensor> matrices,
            double scale) {
        Tensor a = matrices.get(projection + PeftAdapter.SUFFIX_A);
        int rank = a.shape().extent(0);
        int out = squares.length;
        double[] b = HostCopy.readDoubles(backend, queue, matrices.get(projection + PeftAdapter.SUFFIX_B));
        double[] crossed = product(backend, queue, a, weight, out); // [rank, out]
        double[] among = product(backend, queue, a, a, rank); // [rank, rank]
        return IntStream.range(0, out)
                .mapToDouble(row -> {
                    double sum = squares[row];
                    for (int k = 0; k < rank; k++) {
                        double own = 0;
                        for (int l = 0; l < rank; l++) {
                            own += b[row * rank + l] * among[k * rank + l];
                        }
                        sum += b[row * rank + k] * scale * (2 * crossed[k * out + row] + scale * own);
                    }
                    return sum > 0 ? 1 / Math.sqrt(sum) : 0;
                })
                .toArray();
    }

    /** {@code x wᵀ}, with {@code rows} rows in w. */
    private static double[] product(Backend backend, Queue queue, Tensor x, Tensor w, int rows) {
        Tensor y = backend.allocate(
                backend.computeType(), Shape.of(x.shape().extent(0), rows), "products with an adapter");
        try {
            backend.linear(queue, x, w, null, y);
            return HostCopy.readDoubles(backend, queue, y);
        } finally {
            y.buffer().close();
        }
    }
}
