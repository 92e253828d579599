package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.ffi.GemmOperand;

/** Products of operands that are rounded to bfloat16 first. */
record RoundedBlocks(RoundedNumbers numbers) implements BlockProducts {

    @Override
    public void multiply(
            int m,
            int n,
            int k,
            float alpha,
            GemmOperand a,
            GemmOperand b,
            float beta,
            GemmOperand c,
            MemorySegment room) {
        GemmOperand left = rounded(a, m, k, room);
        GemmOperand right = rounded(b, k, n, room.asSlice(numbers.at((long) m * k)));
        numbers.multiply(m, n, k, alpha, left, right, beta, c);
    }

    @Override
    public long room(long count) {
        return numbers.at(count);
    }

    /** An operand of {@code rows} by {@code columns}, rounded, its stored rows end to end. */
    private GemmOperand rounded(GemmOperand operand, int rows, int columns, MemorySegment room) {
        int stored = operand.transposed() ? columns : rows;
        int length = operand.transposed() ? rows : columns;
        numbers.storeRows(operand.segment(), operand.byteOffset(), operand.ld(), stored, length, room);
        return new GemmOperand(room, 0, length, operand.transposed());
    }
}
