package org.espalier.format;

import org.espalier.tensor.Blocks;

/** Whether numbers are numbers: neither NaN nor infinite. */
public final class Finite {

    /** Numbers decoded at once, whole blocks of every type. */
    private static final int CHUNK = 1 << 16;

    private Finite() {}

    /** Whether all numbers of a tensor are; it must hold floating-point numbers. */
    public static boolean all(StoredTensor tensor) {
        long elements = tensor.shape().elements();
        float[] numbers = new float[(int) Math.min(elements, CHUNK)];
        for (long begin = 0; begin < elements; begin += CHUNK) {
            int count = (int) Math.min(CHUNK, elements - begin);
            Blocks.decode(tensor.type(), tensor.bytes(), tensor.type().bytes(begin), numbers, 0, count);
            if (!all(numbers, count)) {
                return false;
            }
        }
        return true;
    }

    /** Whether all of these are. */
    public static boolean all(float[] numbers) {
        return all(numbers, numbers.length);
    }

    private static boolean all(float[] numbers, int count) {
        for (int i = 0; i < count; i++) {
            if (!Float.isFinite(numbers[i])) {
                return false;
            }
        }
        return true;
    }
}
