package org.espalier.backend.cuda;

import org.espalier.backend.ColumnOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code columns.cu}. */
interface CudaColumns extends ColumnOps, CudaOps {

    @Override
    default void copyColumns(Queue queue, Tensor source, long from, Target target, long to, long columns) {
        Checks.copyColumns(COMPUTE, source, from, target, to, columns);
        int rows = source.shape().rows();
        if (rows == 0 || columns == 0) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "columns", "copy_columns")) {
            call.tensor(source)
                    .number(source.shape().columns())
                    .number((int) from)
                    .target(target)
                    .number(target.tensor().shape().columns())
                    .number((int) to)
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
