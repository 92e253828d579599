package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.Sequences;

/** What the forward step of attention reads and writes; shapes in {@link org.espalier.backend.AttentionOps#attention}. */
record AttentionOperands(
        Sequences sequences,
        AttentionShape shape,
        AttentionScores scores,
        MemorySegment query,
        MemorySegment key,
        MemorySegment value,
        MemorySegment out,
        MemorySegment logSum) {}
