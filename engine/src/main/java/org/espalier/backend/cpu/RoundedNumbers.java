package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.ffi.Bfloat16Products;
import org.espalier.ffi.Cblas;
import org.espalier.ffi.GemmOperand;
import org.espalier.tensor.DType;

/** How numbers that were rounded to bfloat16 are stored and multiplied; sums are float32. */
enum RoundedNumbers {

    /** As what they are, by the processor's own instructions. */
    BFLOAT16(DType.BF16) {
        @Override
        void store(long from, long to, int count) {
            Narrow.bfloat16(from, to, count);
        }

        @Override
        void multiply(int m, int n, int k, float alpha, GemmOperand a, GemmOperand b, float beta, GemmOperand c) {
            Bfloat16Products.multiply(m, n, k, alpha, a, b, beta, c);
        }
    },

    /** As float32, where the processor has no such instructions: the same products, slower than those of float32 itself. */
    FLOAT32(DType.F32) {
        @Override
        void store(long from, long to, int count) {
            Narrow.roundToBfloat16(from, to, count);
        }

        @Override
        void multiply(int m, int n, int k, float alpha, GemmOperand a, GemmOperand b, float beta, GemmOperand c) {
            Cblas.sgemm(m, n, k, alpha, a, b, beta, c);
        }
    };

    private final DType type;

    RoundedNumbers(DType type) {
        this.type = type;
    }

    /** What a number is stored as. */
    DType type() {
        return type;
    }

    /** Where number {@code index} begins. */
    long at(long index) {
        return type.bytes(index);
    }

    /** Rounds {@code count} float32 numbers, from an address of {@link Raw} to another. */
    abstract void store(long from, long to, int count);

    /** Rounds {@code count} float32 numbers; offsets are in bytes. */
    void store(MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
        store(Raw.address(source, sourceAt, 4L * count), Raw.address(target, targetAt, at(count)), count);
    }

    /** Rounds {@code rows} of {@code length} float32 numbers that begin {@code ld} apart, and lays them end to end. */
    void storeRows(MemorySegment source, long sourceAt, int ld, int rows, int length, MemorySegment target) {
        if (rows == 0 || length == 0) {
            return;
        }
        long from = Raw.address(source, sourceAt, 4L * ((long) ld * (rows - 1) + length));
        long to = Raw.address(target, 0, at((long) length * rows));
        if (ld == length) {
            store(from, to, Math.multiplyExact(rows, length));
            return;
        }
        for (int r = 0; r < rows; r++) {
            store(from + 4L * ld * r, to + at((long) length * r), length);
        }
    }

    /** {@code C = alpha A B + beta C} as in {@link Cblas#sgemm}, with A and B stored like this and C in float32. */
    abstract void multiply(int m, int n, int k, float alpha, GemmOperand a, GemmOperand b, float beta, GemmOperand c);
}
