package org.espalier.backend.cuda;

import org.espalier.backend.ColumnOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code columns.cu}. */
interface CudaColumns extends ColumnOps, CudaOps {

    @Override
    default void copyColumns(Queue queue, Tensor source, long sourceAt, Target target, long targetAt, long columns) {
        Checks.copyColumns(COMPUTE, source, sourceAt, target, targetAt, columns);
        int rows = source.shape().rows();
        if (rows == 0 || columns == 0) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "columns", "copy_columns")) {
            call.tensor(source)
                    .number(source.shape().columns())
                    .number((int) sourceAt)
                    .target(target)
                    .number(target.tensor().shape().columns())
                    .number((int) targetAt)
                    .number(rows)
                    .number((int) columns)
                    .launch(
                            CudaGrid.shortRows(rows, (int) columns),
                            "copyColumns",
                            source.shape(),
                            target.tensor().shape());
        }
    }
}
