package org.espalier.backend.cpu;

import org.espalier.backend.CompactOps;
import org.espalier.backend.HostIndices;
import org.espalier.backend.InPlace;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

/** {@link Compaction} after the checks. */
interface CpuCompact extends CompactOps, CpuOps {

    @Override
    default void gather(Queue queue, Tensor source, Tensor rows, Tensor columns, Tensor target) {
        Checks.gather(source, rows, columns, target);
        HostIndices.checkKept(source, rows, columns, target);
        if (target.bytes() == 0) {
            return;
        }
        Compaction.Kept kept = new Compaction.Kept(
                Segments.of(source),
                intsOrNull(rows),
                intsOrNull(columns),
                source.shape().extent(1),
                source.type().blockBytes(),
                target.shape().extent(1));
        if (InPlace.is(source, target)) {
            new Compaction(session().pool())
                    .inPlace(kept, Segments.of(target), target.shape(), InPlace.panelRows(target));
        } else {
            new Compaction(session().pool()).gather(kept, 0, target.shape().extent(0), Segments.of(target));
        }
    }

    private static int[] intsOrNull(Tensor tensor) {
        return tensor == null ? null : Segments.of(tensor).toArray(Lanes.INT);
    }
}
