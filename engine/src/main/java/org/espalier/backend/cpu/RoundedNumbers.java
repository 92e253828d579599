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
        void store(MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
            Narrow.bfloat16(source, sourceAt, target, targetAt, count);
        }

        @Override
        void multiply(int m, int n, int k, float alpha, GemmOperand a, GemmOperand b, float beta, GemmOperand c) {
            Bfloat16Products.multiply(m, n, k, alpha, a, b, beta, c);
        }
    },

    /** As float32, where the processor has no such instructions: the same products, slower than those of float32 itself. */
    FLOAT32(DType.F32) {
        @Override
        void store(MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
            Narrow.roundToBfloat16(source, sourceAt, target, targetAt, count);
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

    /** Rounds {@code count} float32 numbers; offsets are in bytes. */
    abstract void store(MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count);

    /** {@code C = alpha A B + beta C} as in {@link Cblas#sgemm}, with A and B stored like this and C in float32. */
    abstract void multiply(int m, int n, int k, float alpha, GemmOperand a, GemmOperand b, float beta, GemmOperand c);
}
