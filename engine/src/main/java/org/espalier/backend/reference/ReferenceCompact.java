package org.espalier.backend.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.backend.CompactOps;
import org.espalier.backend.HostBuffer;
import org.espalier.backend.HostIndices;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

interface ReferenceCompact extends CompactOps {

    @Override
    default void gather(Queue queue, Tensor source, Tensor rows, Tensor columns, Tensor target) {
        Checks.gather(source, rows, columns, target);
        HostIndices.checkKept(source, rows, columns, target);
        int[] row = rows == null ? null : Numbers.readInts(rows);
        int[] column = columns == null ? null : Numbers.readInts(columns);
        // All is read before anything is written: the target may be where the source is.
        MemorySegment from = MemorySegment.ofArray(HostBuffer.segment(source).toArray(ValueLayout.JAVA_BYTE));
        MemorySegment to = HostBuffer.segment(target);
        int bytes = source.type().blockBytes();
        for (int i = 0; i < target.shape().extent(0); i++) {
            for (int k = 0; k < target.shape().extent(1); k++) {
                int sourceRow = row == null ? i : row[i];
                int sourceColumn = column == null ? k : column[k];
                MemorySegment.copy(
                        from,
                        source.rowBytes() * sourceRow + (long) bytes * sourceColumn,
                        to,
                        target.rowBytes() * i + (long) bytes * k,
                        bytes);
            }
        }
    }
}
