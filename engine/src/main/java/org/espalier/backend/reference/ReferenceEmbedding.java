package org.espalier.backend.reference;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.EmbeddingOps;
import org.espalier.backend.HostBuffer;
import org.espalier.backend.HostIndices;
import org.espalier.backend.Queue;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceEmbedding extends EmbeddingOps {

    @Override
    default void embedding(Queue queue, Tensor ids, Tensor table, Tensor out) {
        Checks.embedding(DType.F64, ids, table, out);
        HostIndices.check("embedding", "ids", ids, table.shape().dim(0));
        int channels = table.shape().columns();
        int[] id = Numbers.readInts(ids);
        double[] rows = new double[id.length * channels];
        double[] row = new double[channels];
        for (int t = 0; t < id.length; t++) {
            Numbers.readRow(table, id[t], row);
            System.arraycopy(row, 0, rows, t * channels, channels);
        }
        Numbers.write(out, rows);
    }

    @Override
    default void embeddingBackward(Queue queue, Tensor ids, Tensor dOut, Tensor dTable) {
        Checks.embeddingBackward(DType.F64, ids, dOut, dTable);
        HostIndices.check("embeddingBackward", "ids", ids, dTable.shape().dim(0));
        int channels = dTable.shape().columns();
        int[] id = Numbers.readInts(ids);
        double[] from = Numbers.read(dOut);
        double[] sum = Numbers.read(dTable);
        for (int t = 0; t < id.length; t++) {
            for (int c = 0; c < channels; c++) {
                sum[id[t] * channels + c] += from[t * channels + c];
            }
        }
        Numbers.write(dTable, sum);
    }

    @Override
    default void scatterRows(Queue queue, Tensor source, Tensor rows, Tensor target) {
        Checks.scatterRows(source, rows, target);
        HostIndices.check("scatterRows", "rows", rows, target.shape().dim(0));
        int[] row = Numbers.readInts(rows);
        for (int t = 0; t < row.length; t++) {
            copyRow(source, t, target, row[t]);
        }
    }

    @Override
    default void gatherRows(Queue queue, Tensor source, Tensor rows, Tensor target) {
        Checks.gatherRows(source, rows, target);
        HostIndices.check("gatherRows", "rows", rows, source.shape().dim(0));
        int[] row = Numbers.readInts(rows);
        for (int t = 0; t < row.length; t++) {
            copyRow(source, row[t], target, t);
        }
    }

    private static void copyRow(Tensor source, int sourceAt, Tensor target, int targetAt) {
        MemorySegment bytes = HostBuffer.segment(source.slice(sourceAt, sourceAt + 1));
        HostBuffer.segment(target.slice(targetAt, targetAt + 1)).copyFrom(bytes);
    }
}
