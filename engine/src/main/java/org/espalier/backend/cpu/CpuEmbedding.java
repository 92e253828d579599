package org.espalier.backend.cpu;

import org.espalier.backend.EmbeddingOps;
import org.espalier.backend.HostIndices;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

/** {@link Tables} after the checks. */
interface CpuEmbedding extends EmbeddingOps, CpuOps {

    @Override
    default void embedding(Queue queue, Tensor ids, Tensor table, Tensor out) {
        Checks.embedding(COMPUTE, ids, table, out);
        HostIndices.check("embedding", "ids", ids, table.shape().dim(0));
        new Tables(session().pool())
                .embedding(
                        Segments.of(ids),
                        table.type(),
                        Segments.of(table),
                        Segments.of(out),
                        out.shape().rows(),
                        out.shape().columns());
    }

    @Override
    default void embeddingBackward(Queue queue, Tensor ids, Tensor dOut, Tensor dTable) {
        Checks.embeddingBackward(COMPUTE, ids, dOut, dTable);
        HostIndices.check("embeddingBackward", "ids", ids, dTable.shape().dim(0));
        new Tables(session().pool())
                .embeddingBackward(
                        Segments.of(ids),
                        Segments.of(dOut),
                        Segments.of(dTable),
                        dOut.shape().rows(),
                        dOut.shape().columns());
    }

    @Override
    default void scatterRows(Queue queue, Tensor source, Tensor rows, Tensor target) {
        Checks.scatterRows(source, rows, target);
        HostIndices.check("scatterRows", "rows", rows, target.shape().dim(0));
        new Tables(session().pool())
                .scatter(
                        Segments.of(source),
                        Segments.of(rows),
                        Segments.of(target),
                        source.shape().extent(0),
                        entryBytes(source));
    }

    @Override
    default void gatherRows(Queue queue, Tensor source, Tensor rows, Tensor target) {
        Checks.gatherRows(source, rows, target);
        HostIndices.check("gatherRows", "rows", rows, source.shape().dim(0));
        new Tables(session().pool())
                .gather(
                        Segments.of(source),
                        Segments.of(rows),
                        Segments.of(target),
                        target.shape().extent(0),
                        entryBytes(target));
    }

    private static long entryBytes(Tensor tensor) {
        return tensor.shape().dim(0) == 0 ? 0 : tensor.bytes() / tensor.shape().dim(0);
    }
}
