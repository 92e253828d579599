package org.espalier.backend.cuda;

import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.backend.cuda.CublasHandle.Operand;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Sums over calibration data: launches {@code squared_gradients.cu}, {@code column_dots.cu} and {@code correlate.cu} around
 * matrix products that see every bit of their operands. Shapes were checked by the caller.
 */
final class CudaCalibration {

    private static final String CORRELATE = "correlate";
    /** Columns and rows of a block of {@code column_dots.cu}. */
    private static final int COLUMNS = 32;

    private static final int ROWS = 16;
    /** Tokens of a float32 product: its rounding stays near that of one number, its speed near the full one. */
    private static final int STRETCH = 512;

    private final CudaContext context;
    private final CudaMemory memory;
    private final CudaModules modules;

    CudaCalibration(CudaContext context, CudaMemory memory, CudaModules modules) {
        this.context = context;
        this.memory = memory;
        this.modules = modules;
    }

    /** {@code gradient} is null if nobody wants it; one sequence at least has rows. */
    void squaredGradients(
            CudaQueue queue,
            Sequences sequences,
            double[] factors,
            Tensor x,
            Tensor dY,
            Target gradient,
            Target squares) {
        Shape shape = squares.tensor().shape();
        long count = shape.elements();
        if (count == 0) {
            return;
        }
        try (CudaBuffer buffer = memory.allocate(squares.tensor().bytes(), "one sequence's gradient " + shape)) {
            Tensor one = Tensor.of(buffer, DType.F32, shape);
            float kept = squares.beta();
            for (int s = 0; s < sequences.count(); s++) {
                if (sequences.queries(s) == 0) {
                    continue;
                }
                int from = sequences.queryStart()[s];
                int to = sequences.queryStart()[s + 1];
                product(queue, dY.slice(from, to), x.slice(from, to), one, "squaredGradients");
                try (CudaKernel.Call call = modules.kernel("squared_gradients", "squared_gradients_add")
                        .on(queue)) {
                    call.tensor(one)
                            .number((float) factors[s])
                            .tensor(squares.tensor())
                            .optional(gradient == null ? null : gradient.tensor())
                            .number(kept)
                            .number(count)
                            .launch(CudaGrid.filling(context, count), "squaredGradients", x.shape(), dY.shape());
                }
                kept = 1;
            }
        }
    }

    /** {@code shift} is null for zeros, {@code b} for ones. */
    void columnDots(CudaQueue queue, Tensor a, Tensor shift, Tensor b, Target sums) {
        int n = a.shape().columns();
        if (n == 0) {
            return;
        }
        String type = CudaConvert.suffix(shift == null ? DType.F32 : shift.type());
        try (CudaKernel.Call call =
                modules.kernel("column_dots", "column_dots_" + type).on(queue)) {
            call.tensor(a)
                    .optional(shift)
                    .optional(b)
                    .tensor(sums.tensor())
                    .number((double) sums.beta())
                    .number(a.shape().extent(0))
                    .number(n)
                    .launch(new CudaGrid(Math.ceilDiv(n, COLUMNS), 1, 1, COLUMNS, ROWS), "columnDots", a.shape());
        }
    }

    /** {@code target = beta target + Σ weights a bᵀ} over one token at least; {@code weights} is null for ones. */
    void correlate(CudaQueue queue, Tensor a, Tensor b, Tensor weights, Target target) {
        Tensor sum = target.tensor();
        int tokens = a.shape().extent(0);
        if (sum.shape().elements() == 0) {
            return;
        }
        try (CudaBuffer productBuffer = memory.allocate(
                        DType.F32.bytes(sum.shape().elements()), "a correlation's product " + sum.shape());
                CudaBuffer rowsBuffer = memory.allocate(
                        weights == null ? 0 : STRETCH * a.rowBytes(), "weighted rows of a correlation " + a.shape())) {
            Tensor product = Tensor.of(productBuffer, DType.F32, sum.shape());
            for (int from = 0; from < tokens; from += STRETCH) {
                int to = Math.min(tokens, from + STRETCH);
                Tensor rows = a.slice(from, to);
                if (weights != null) {
                    Tensor weighted = new Tensor(rowsBuffer, 0, DType.F32, rows.shape());
                    weigh(queue, rows, weights.slice(from, to), weighted);
                    rows = weighted;
                }
                product(queue, rows, b.slice(from, to), product, CORRELATE);
                add(queue, product, sum, from == 0 ? target.beta() : 1);
            }
        }
    }

    private void weigh(CudaQueue queue, Tensor rows, Tensor weights, Tensor weighted) {
        int n = rows.shape().columns();
        try (CudaKernel.Call call = modules.kernel(CORRELATE, "correlate_weigh").on(queue)) {
            call.tensor(rows)
                    .tensor(weights)
                    .tensor(weighted)
                    .number(n)
                    .launch(CudaGrid.cutRows(rows.shape().extent(0), n), CORRELATE, rows.shape());
        }
    }

    private void add(CudaQueue queue, Tensor product, Tensor sum, float beta) {
        long count = sum.shape().elements();
        try (CudaKernel.Call call = modules.kernel(CORRELATE, "correlate_add").on(queue)) {
            call.tensor(product)
                    .tensor(sum)
                    .number((double) beta)
                    .number(count)
                    .launch(CudaGrid.filling(context, count), CORRELATE, sum.shape());
        }
    }

    /** {@code product [n, m] = aᵀ b} with {@code a [tokens, n]} and {@code b [tokens, m]}. */
    private static void product(CudaQueue queue, Tensor a, Tensor b, Tensor product, String operation) {
        queue.products()
                .product(
                        a.shape().columns(),
                        b.shape().columns(),
                        a.shape().extent(0),
                        operand(queue, a, true),
                        operand(queue, b, false),
                        0,
                        operand(queue, product, false),
                        false,
                        operation,
                        a.shape(),
                        b.shape());
    }

    private static Operand operand(CudaQueue queue, Tensor matrix, boolean transposed) {
        return new Operand(
                CudaBuffer.address(matrix, queue), matrix.type(), matrix.shape().columns(), transposed);
    }
}
