package org.espalier.backend.cuda;

import org.espalier.tensor.Tensor;

/** Launches {@code embedding.cu} and {@code rows.cu}. Shapes were checked by the caller, row numbers are by the kernels. */
final class CudaEmbedding {

    private static final String FILE = "embedding";
    private static final int[] UNITS = {16, 4, 2, 1};

    private final CudaModules modules;

    CudaEmbedding(CudaModules modules) {
        this.modules = modules;
    }

    void forward(CudaQueue queue, Tensor ids, Tensor table, Tensor out) {
        if (out.shape().elements() == 0) {
            return;
        }
        int channels = out.shape().columns();
        try (CudaKernel.Call call = modules.kernel(FILE, "embedding_" + CudaConvert.suffix(table.type()))
                .on(queue)) {
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

    void backward(CudaQueue queue, Tensor ids, Tensor dOut, Tensor dTable) {
        if (dOut.shape().elements() == 0) {
            return;
        }
        int tokens = dOut.shape().extent(0);
        int channels = dOut.shape().columns();
        try (CudaKernel.Call call = modules.kernel(FILE, "embedding_backward").on(queue)) {
            call.tensor(ids)
                    .tensor(dOut)
                    .tensor(dTable)
                    .number(dTable.shape().extent(0))
                    .number(tokens)
                    .number(channels)
                    .launch(CudaGrid.cutRows(tokens, channels), "embeddingBackward", dOut.shape(), dTable.shape());
        }
    }

    void scatter(CudaQueue queue, Tensor source, Tensor rows, Tensor target) {
        copyRows(queue, "scatter", source, rows, target, target.shape().extent(0), source);
    }

    void gather(CudaQueue queue, Tensor source, Tensor rows, Tensor target) {
        copyRows(queue, "gather", source, rows, target, source.shape().extent(0), target);
    }

    /** One block for each row of {@code few}, in the widest unit that divides a row and both starts. */
    private void copyRows(
            CudaQueue queue, String direction, Tensor source, Tensor rows, Tensor target, int capacity, Tensor few) {
        if (few.bytes() == 0) {
            return;
        }
        int count = few.shape().extent(0);
        long rowBytes = few.bytes() / count;
        long starts = CudaBuffer.address(source, queue) | CudaBuffer.address(target, queue);
        int unit = widest(rowBytes | starts);
        int units = Math.toIntExact(rowBytes / unit);
        try (CudaKernel.Call call =
                modules.kernel("rows", "rows_" + direction + "_" + unit).on(queue)) {
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
        for (int unit : UNITS) {
            if (multiple % unit == 0) {
                return unit;
            }
        }
        throw new IllegalStateException("one byte divides everything");
    }
}
