package org.espalier.backend.cuda;

import org.espalier.backend.CalibrationOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Launches {@code squared_gradients.cu}, around matrix products that see every bit of their operands, and
 * {@code column_dots.cu}; {@link SaliencyKernels} after the checks.
 */
interface CudaCalibration extends CalibrationOps, CudaOps {

    @Override
    default void scaledSaliency(Queue queue, Saliency saliency, Tensor w, Tensor scale, Tensor rows, Tensor columns) {
        Checks.scaledSaliency(saliency, w, scale, rows, columns);
        new SaliencyKernels(session(), session().ownQueue(queue)).run(saliency, w, null, null, scale, rows, columns);
    }

    @Override
    default void squaredGradients(
            Queue queue, Sequences rows, double[] factors, Tensor x, Tensor dY, Target gradient, Target squares) {
        Checks.squaredGradients(COMPUTE, rows, factors, x, dY, gradient, squares);
        CudaQueue stream = session().ownQueue(queue);
        if (rows.queries() == 0) {
            CudaConvert convert = new CudaConvert(session(), stream);
            convert.clearUnlessKept(squares);
            convert.clearUnlessKept(gradient);
            return;
        }
        Shape shape = squares.tensor().shape();
        if (shape.elements() == 0) {
            return;
        }
        try (CudaBuffer buffer =
                session().memory().allocate(squares.tensor().bytes(), "one sequence's gradient " + shape)) {
            Tensor one = Tensor.of(buffer, DType.F32, shape);
            float kept = squares.beta();
            for (int s = 0; s < rows.count(); s++) {
                if (rows.queries(s) == 0) {
                    continue;
                }
                int start = rows.queryStart()[s];
                int end = rows.queryStart()[s + 1];
                new CudaProducts(session(), stream)
                        .correlate(dY.slice(start, end), x.slice(start, end), one, "squaredGradients");
                addSquares(stream, one, (float) factors[s], gradient, new Target(squares.tensor(), kept));
                kept = 1;
            }
        }
    }

    /** One sequence's gradient into the sums; that of {@code gradient} is null if nobody wants it. */
    private void addSquares(CudaQueue queue, Tensor one, float factor, Target gradient, Target squares) {
        long count = one.shape().elements();
        try (CudaKernel.Call call = session().call(queue, "squared_gradients", "squared_gradients_add")) {
            call.tensor(one)
                    .number(factor)
                    .tensor(squares.tensor())
                    .optional(gradient == null ? null : gradient.tensor())
                    .number(squares.beta())
                    .number(count)
                    .launch(session().filling(count), "squaredGradients", one.shape());
        }
    }

    @Override
    default void columnDots(Queue queue, Tensor a, Tensor shift, Tensor b, Target sums) {
        Checks.columnDots(COMPUTE, a, shift, b, sums);
        int n = a.shape().columns();
        if (n == 0) {
            return;
        }
        String type = CudaConvert.suffix(shift == null ? DType.F32 : shift.type());
        try (CudaKernel.Call call = session().call(queue, "column_dots", "column_dots_" + type)) {
            call.tensor(a)
                    .optional(shift)
                    .optional(b)
                    .tensor(sums.tensor())
                    .number((double) sums.beta())
                    .number(a.shape().extent(0))
                    .number(n)
                    .launch(CudaGrid.columnSums(n), "columnDots", a.shape());
        }
    }
}
