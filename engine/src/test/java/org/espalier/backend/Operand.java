package org.espalier.backend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/**
 * One tensor of an operation case and what it holds at the start.
 *
 * @param name     as in the operation's signature
 * @param role     how the case uses it
 * @param type     how it is stored, or null for the backend's compute type
 * @param shape    its extents
 * @param drawn    gives its numbers for the compute type, representable in float32, else null
 * @param stored   gives its bytes for a given type, else null
 * @param elements how many of its numbers the operation touches: fewer than all only for tables
 */
public record Operand(
        String name,
        Role role,
        DType type,
        Shape shape,
        Supplier<double[]> drawn,
        Supplier<byte[]> stored,
        long elements) {

    /** How a case uses an operand. */
    public enum Role {
        /** Read, or read and updated, by the forward step. */
        INPUT,
        /** As an input, but given to the backend as a weight that lies in a mapped file. */
        WEIGHT,
        /** Written by the forward step. */
        OUTPUT,
        /** The gradient that enters the backward step. */
        SEED,
        /** A gradient that the backward step writes or adds to. */
        GRADIENT
    }

    static Operand compute(String name, Role role, Shape shape, Supplier<double[]> drawn) {
        return new Operand(name, role, null, shape, new Memo<>(drawn), null, shape.elements());
    }

    static Operand stored(String name, Role role, DType type, Shape shape, Supplier<byte[]> stored) {
        return new Operand(name, role, type, shape, null, new Memo<>(stored), shape.elements());
    }

    /** The same operand of which only some numbers are touched. */
    Operand touching(long touched) {
        return new Operand(name, role, type, shape, drawn, stored, touched);
    }

    /** A weight of a plain type as an operand in the compute type, for differences smaller than its type can hold. */
    Operand exact() {
        if (role != Role.WEIGHT || !type.plain()) {
            return this;
        }
        return compute(name, Role.INPUT, shape, () -> {
            double[] values = new double[Math.toIntExact(shape.elements())];
            Blocks.decode(type, MemorySegment.ofArray(stored.get()), 0, values, 0, values.length);
            return values;
        });
    }

    /** Its numbers for the compute type, else null. */
    double[] numbers() {
        return drawn == null ? null : drawn.get();
    }

    DType type(DType compute) {
        return type == null ? compute : type;
    }

    boolean backwardOnly() {
        return role == Role.SEED || role == Role.GRADIENT;
    }

    /** The bytes at the start, on a backend of this compute type. */
    byte[] bytes(DType compute) {
        return type == null ? encode(compute, numbers()) : stored.get().clone();
    }

    /** Numbers as bytes of a plain type. */
    static byte[] encode(DType type, double[] numbers) {
        byte[] bytes = new byte[Math.toIntExact(type.bytes(numbers.length))];
        MemorySegment target = MemorySegment.ofArray(bytes);
        if (type == DType.F64) {
            MemorySegment.copy(numbers, 0, target, ValueLayout.JAVA_DOUBLE_UNALIGNED, 0, numbers.length);
        } else if (type.floating()) {
            float[] floats = new float[numbers.length];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = (float) numbers[i];
            }
            Blocks.encode(type, floats, 0, target, 0, floats.length);
        } else {
            for (int i = 0; i < numbers.length; i++) {
                encode(type, (long) numbers[i], target, i);
            }
        }
        return bytes;
    }

    private static void encode(DType type, long number, MemorySegment target, int i) {
        switch (type) {
            case I64 -> target.set(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i, number);
            case I32 -> target.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, (int) number);
            case I16 -> target.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) number);
            case I8, U8, BOOL -> target.set(ValueLayout.JAVA_BYTE, i, (byte) number);
            default -> throw new IllegalArgumentException(type + " holds no whole numbers");
        }
    }

    @Override
    public String toString() {
        return name + " " + (type == null ? "compute type" : type) + " " + shape;
    }
}
