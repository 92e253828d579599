package org.espalier.backend.cuda;

import java.util.stream.IntStream;
import org.espalier.backend.EmbeddingOps;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

/** Launches {@code embedding.cu} and {@code rows.cu}; the kernels look at the row numbers. */
interface CudaEmbedding extends EmbeddingOps, CudaOps {

    @Override
    default void embedding(Queue queue, Tensor ids, Tensor table, Tensor out) {
        Checks.embedding(COMPUTE, ids, table, out);
        if (out.shape().elements() == 0) {
            return;
        }
        int channels = out.shape().columns();
        try (CudaKernel.Call call =
                session().call(queue, "embedding", "embedding_" + CudaConvert.suffix(table.type()))) {
            call.tensor(ids)
                    .tensor(table)
                    .tensor(out)
                    .number(table.shape().extent(0))
                    .number(channels)
                    .launch(
                            CudaGrid.rows(out.shape().rows(), channels),
                            "embedding",
                            table.type(),
                            table.shape(),
                            out.shape());
        }
    }

    @Override
    default void embeddingBackward(Queue queue, Tensor ids, Tensor dOut, Tensor dTable) {
        Checks.embeddingBackward(COMPUTE, ids, dOut, dTable);
        if (dOut.shape().elements() == 0) {
            return;
        }
        int tokens = dOut.shape().extent(0);
        int channels = dOut.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "embedding", "embedding_backward")) {
            call.tensor(ids)
                    .tensor(dOut)
                    .tensor(dTable)
                    .number(dTable.shape().extent(0))
                    .number(tokens)
                    .number(channels)
                    .launch(CudaGrid.cutRows(tokens, channels), "embeddingBackward", dOut.shape(), dTable.shape());
        }
    }

    @Override
    default void scatterRows(Queue queue, Tensor source, Tensor rows, Tensor target) {
        Checks.scatterRows(source, rows, target);
        copyRows(queue, "scatter", source, rows, target, target.shape().extent(0), source);
    }

    @Override
    default void gatherRows(Queue queue, Tensor source, Tensor rows, Tensor target) {
        Checks.gatherRows(source, rows, target);
        copyRows(queue, "gather", source, rows, target, source.shape().extent(0), target);
    }

    /** One block for each row of {@code few}, in the widest unit that divides a row and both starts. */
    private void copyRows(
            Queue queue, String direction, Tensor source, Tensor rows, Tensor target, int capacity, Tensor few) {
        if (few.bytes() == 0) {
            return;
        }
        int count = few.shape().extent(0);
        long rowBytes = few.bytes() / count;
        CudaQueue stream = session().ownQueue(queue);
        long starts = CudaBuffer.address(source, stream) | CudaBuffer.address(target, stream);
        int unit = widest(rowBytes | starts);
        int units = Math.toIntExact(rowBytes / unit);
        try (CudaKernel.Call call = session().call(queue, "rows", "rows_" + direction + "_" + unit)) {
            call.tensor(source)
                    .tensor(rows)
                    .tensor(target)
                    .number(capacity)
                    .number(units)
                    .launch(
                            CudaGrid.rows(count, units),
                            direction + "Rows",
                            source.type(),
                            source.shape(),
                            target.shape());
        }
    }

    private static int widest(long multiple) {
        return IntStream.of(16, 4, 2)
                .filter(unit -> multiple % unit == 0)
                .findFirst()
                .orElse(1);
    }
}
