package org.espalier.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Encodes GGUF's blocks of 256 numbers of six bits in 16 parts, Q6_K: {@code x ≈ (d · s) code} with {@code d} of the block, a
 * whole number {@code s} from −128 to 127 of each part, and codes from −32 to 31.
 */
@SuppressWarnings("NarrowCalculation") // offsets inside one block are small
final class SixBitFits {

    private static final int SIZE = 256;
    private static final int PARTS = 16;
    private static final int PART = SIZE / PARTS;
    private static final int HALF = 32;
    private static final int TURNS = 2;

    private final CodeSearch search;
    private float scale;
    private int[] scales = new int[PARTS];

    private SixBitFits(CodeSearch search) {
        this.search = search;
    }

    static void encode(float[] source, int offset, float[] weights, MemorySegment target, long at, int count) {
        SixBitFits fits = new SixBitFits(CodeSearch.of(source, weights, offset));
        for (int i = offset; i < offset + count; i += SIZE) {
            fits.fit(i);
            fits.put(source, i, target, at);
            at += DType.Q6_K.blockBytes();
        }
    }

    private void fit(int at) {
        float[] wanted = new float[PARTS];
        float farthest = 0;
        for (int part = 0; part < PARTS; part++) {
            wanted[part] = search.symmetric(at + PART * part, PART, HALF);
            farthest = Math.abs(wanted[part]) > Math.abs(farthest) ? wanted[part] : farthest;
        }
        scale = half(farthest / Byte.MIN_VALUE);
        for (int part = 0; part < PARTS; part++) {
            scales[part] = scale == 0 ? 0 : CodeSearch.code(wanted[part] / scale, Byte.MIN_VALUE, Byte.MAX_VALUE);
        }
        double error = chooseParts(at);
        for (int turn = 0; turn < TURNS; turn++) {
            double better = improve(at, error);
            if (better >= error) {
                return;
            }
            error = better;
        }
    }

    /** Takes for each part the best of the whole numbers around the one that it has. */
    private double chooseParts(int at) {
        double sum = 0;
        for (int part = 0; part < PARTS; part++) {
            int s = scales[part];
            double least = Double.POSITIVE_INFINITY;
            for (int i = Math.max(Byte.MIN_VALUE, s - 1); i <= Math.min(Byte.MAX_VALUE, s + 1); i++) {
                double error = search.error(at + PART * part, PART, scale * i, 0, -HALF, HALF - 1);
                if (error < least) {
                    least = error;
                    scales[part] = i;
                }
            }
            sum += least;
        }
        return sum;
    }

    /** With the codes that there are, the block's own number follows; then the parts' are chosen again. */
    private double improve(int at, double error) {
        double xd = 0;
        double dd = 0;
        for (int part = 0; part < PARTS; part++) {
            int s = scales[part];
            double[] sums = search.moments(at + PART * part, PART, scale * s, 0, -HALF, HALF - 1);
            xd += s * sums[0];
            dd += (double) s * s * sums[1];
        }
        if (dd == 0) {
            return error;
        }
        float kept = scale;
        int[] keptScales = scales.clone();
        scale = half((float) (xd / dd));
        double better = scale == 0 ? Double.POSITIVE_INFINITY : chooseParts(at);
        if (better >= error) {
            scale = kept;
            scales = keptScales;
        }
        return better;
    }

    private static float half(float value) {
        return Float.float16ToFloat(Float.floatToFloat16(value));
    }

    /** As {@link SuperBlocks} has them. */
    private void put(float[] source, int i, MemorySegment target, long at) {
        for (int half = 0; half < 2; half++) {
            for (int lane = 0; lane < HALF; lane++) {
                int first = i + 128 * half + lane;
                int[] codes = new int[4];
                int highBits = 0;
                for (int quarter = 0; quarter < 4; quarter++) {
                    codes[quarter] = code(source, i, first + 32 * quarter);
                    highBits |= codes[quarter] >> 4 << 2 * quarter;
                }
                long low = at + 64 * half + lane;
                target.set(ValueLayout.JAVA_BYTE, low, (byte) (codes[0] & 15 | (codes[2] & 15) << 4));
                target.set(ValueLayout.JAVA_BYTE, low + 32, (byte) (codes[1] & 15 | (codes[3] & 15) << 4));
                target.set(ValueLayout.JAVA_BYTE, at + 128 + 32 * half + lane, (byte) highBits);
            }
        }
        for (int part = 0; part < PARTS; part++) {
            target.set(ValueLayout.JAVA_BYTE, at + 192 + part, (byte) scales[part]);
        }
        target.set(LittleEndian.SHORT, at + 208, Float.floatToFloat16(scale));
    }

    private int code(float[] source, int i, int place) {
        float own = scale * scales[(place - i) / PART];
        return (own == 0 ? 0 : CodeSearch.code(source[place] * (1 / own), -HALF, HALF - 1)) + HALF;
    }
}
