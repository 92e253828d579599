package org.espalier.backend.cuda;

import org.espalier.backend.Queue;
import org.espalier.backend.SolveOps;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Launches {@code correlate.cu} around matrix products that see every bit of their operands. */
interface CudaSolve extends SolveOps, CudaOps {

    /** Tokens of a float32 product: its rounding stays near that of one number, its speed near the full one. */
    int CORRELATED_TOKENS = 512;

    @Override
    default void correlate(Queue queue, Tensor a, Tensor b, Tensor weights, Target sum) {
        Checks.correlate(COMPUTE, a, b, weights, sum);
        CudaQueue stream = session().ownQueue(queue);
        Shape shape = sum.tensor().shape();
        int tokens = a.shape().extent(0);
        if (tokens == 0) {
            new CudaConvert(session(), stream).clearUnlessKept(sum);
            return;
        }
        if (shape.elements() == 0) {
            return;
        }
        try (CudaBuffer productBuffer = session()
                        .memory()
                        .allocate(DType.F32.bytes(shape.elements()), "a correlation's product " + shape);
                CudaBuffer rowsBuffer = session()
                        .memory()
                        .allocate(
                                weights == null ? 0 : CORRELATED_TOKENS * a.rowBytes(),
                                "weighted rows of a correlation " + a.shape())) {
            Tensor product = Tensor.of(productBuffer, DType.F32, shape);
            for (int start = 0; start < tokens; start += CORRELATED_TOKENS) {
                int end = Math.min(tokens, start + CORRELATED_TOKENS);
                Tensor rows = a.slice(start, end);
                if (weights != null) {
                    Tensor weighted = new Tensor(rowsBuffer, 0, DType.F32, rows.shape());
                    weigh(stream, rows, weights.slice(start, end), weighted);
                    rows = weighted;
                }
                new CudaProducts(session(), stream).correlate(rows, b.slice(start, end), product, "correlate");
                addProduct(stream, product, start == 0 ? sum : Target.accumulate(sum.tensor()));
            }
        }
    }

    private void weigh(CudaQueue queue, Tensor rows, Tensor weights, Tensor weighted) {
        int n = rows.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "correlate", "correlate_weigh")) {
            call.tensor(rows)
                    .tensor(weights)
                    .tensor(weighted)
                    .number(n)
                    .launch(CudaGrid.cutRows(rows.shape().extent(0), n), "correlate", rows.shape());
        }
    }

    private void addProduct(CudaQueue queue, Tensor product, Target sum) {
        long count = product.shape().elements();
        try (CudaKernel.Call call = session().call(queue, "correlate", "correlate_add")) {
            call.tensor(product)
                    .tensor(sum.tensor())
                    .number((double) sum.beta())
                    .number(count)
                    .launch(session().filling(count), "correlate", product.shape());
        }
    }
}
