package org.espalier.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Encodes GGUF's blocks of 256 numbers of four or five bits in 8 parts, Q4_K and Q5_K: {@code x ≈ (d · s) code − (e · m)} with
 * {@code d} and {@code e} of the block and whole numbers {@code s} and {@code m} from 0 to 63 of each part.
 */
@SuppressWarnings("NarrowCalculation") // offsets inside one block are small
final class SuperFits {

    private static final int SIZE = 256;
    private static final int PARTS = 8;
    private static final int PART = SIZE / PARTS;
    private static final int MOST = 63;
    private static final int TURNS = 2;

    private final CodeSearch search;
    private final int most;

    private float scale;
    private float minimum;
    private int[] scales = new int[PARTS];
    private int[] minima = new int[PARTS];

    private SuperFits(CodeSearch search, int most) {
        this.search = search;
        this.most = most;
    }

    static void encode(
            DType type, float[] source, int offset, float[] weights, MemorySegment target, long at, int count) {
        SuperFits fits = new SuperFits(CodeSearch.of(source, weights, offset), type == DType.Q5_K ? 31 : 15);
        for (int i = offset; i < offset + count; i += SIZE) {
            fits.fit(i);
            fits.put(type, source, i, target, at);
            at += type.blockBytes();
        }
    }

    private void fit(int at) {
        float[] wantedScales = new float[PARTS];
        float[] wantedMinima = new float[PARTS];
        float largestScale = 0;
        float largestMinimum = 0;
        for (int part = 0; part < PARTS; part++) {
            search.affine(at + PART * part, PART, most, false);
            wantedScales[part] = search.scale();
            wantedMinima[part] = -search.minimum();
            largestScale = Math.max(largestScale, wantedScales[part]);
            largestMinimum = Math.max(largestMinimum, wantedMinima[part]);
        }
        scale = half(largestScale / MOST);
        minimum = half(largestMinimum / MOST);
        for (int part = 0; part < PARTS; part++) {
            scales[part] = whole(wantedScales[part], scale);
            minima[part] = whole(wantedMinima[part], minimum);
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

    /** Takes for each part the best of the whole numbers around those that it has. */
    private double chooseParts(int at) {
        double sum = 0;
        for (int part = 0; part < PARTS; part++) {
            int s = scales[part];
            int m = minima[part];
            double least = Double.POSITIVE_INFINITY;
            for (int i = Math.max(0, s - 1); i <= Math.min(MOST, s + 1); i++) {
                for (int j = Math.max(0, m - 1); j <= Math.min(MOST, m + 1); j++) {
                    double error = search.error(at + PART * part, PART, scale * i, -(minimum * j), 0, most);
                    if (error < least) {
                        least = error;
                        scales[part] = i;
                        minima[part] = j;
                    }
                }
            }
            sum += least;
        }
        return sum;
    }

    /** With the codes that there are, the block's own two numbers follow; then the parts' are chosen again. */
    private double improve(int at, double error) {
        // Normal equations of x ≈ d (s l) − e m.
        double dd = 0;
        double de = 0;
        double ee = 0;
        double xd = 0;
        double xe = 0;
        for (int part = 0; part < PARTS; part++) {
            int s = scales[part];
            int m = minima[part];
            double[] sums = search.moments(at + PART * part, PART, scale * s, -(minimum * m), 0, most);
            dd += (double) s * s * sums[1];
            de -= (double) s * m * sums[3];
            ee += (double) m * m * sums[4];
            xd += s * sums[0];
            xe -= m * sums[2];
        }
        double determinant = dd * ee - de * de;
        float[] kept = {scale, minimum};
        int[] keptScales = scales.clone();
        int[] keptMinima = minima.clone();
        if (determinant > 0) {
            scale = half((float) ((xd * ee - xe * de) / determinant));
            minimum = half((float) ((xe * dd - xd * de) / determinant));
        } else if (dd > 0) {
            scale = half((float) (xd / dd));
        }
        double better = scale > 0 && minimum >= 0 ? chooseParts(at) : Double.POSITIVE_INFINITY;
        if (better >= error) {
            scale = kept[0];
            minimum = kept[1];
            scales = keptScales;
            minima = keptMinima;
        }
        return better;
    }

    private static int whole(float wanted, float unit) {
        return unit == 0 ? 0 : CodeSearch.code(wanted / unit, 0, MOST);
    }

    private static float half(float value) {
        return Float.float16ToFloat(Float.floatToFloat16(value));
    }

    /** As {@link SuperBlocks} has them. */
    private void put(DType type, float[] source, int i, MemorySegment target, long at) {
        target.set(LittleEndian.SHORT, at, Float.floatToFloat16(scale));
        target.set(LittleEndian.SHORT, at + 2, Float.floatToFloat16(minimum));
        for (int part = 0; part < PARTS / 2; part++) {
            int later = part + PARTS / 2;
            byte upper = (byte) (scales[part] | scales[later] >> 4 << 6);
            target.set(ValueLayout.JAVA_BYTE, at + 4 + part, upper);
            target.set(ValueLayout.JAVA_BYTE, at + 8 + part, (byte) (minima[part] | minima[later] >> 4 << 6));
            target.set(ValueLayout.JAVA_BYTE, at + 12 + part, (byte) (scales[later] & 15 | (minima[later] & 15) << 4));
        }
        boolean fiveBits = type == DType.Q5_K;
        long codes = fiveBits ? at + 48 : at + 16;
        for (int j = 0; j < PART; j++) {
            int fifthBits = 0;
            for (int pair = 0; pair < PARTS / 2; pair++) {
                int low = code(source, i, 2 * pair, j);
                int high = code(source, i, 2 * pair + 1, j);
                target.set(ValueLayout.JAVA_BYTE, codes + PART * pair + j, (byte) (low & 15 | (high & 15) << 4));
                fifthBits |= (low >> 4 | high >> 4 << 1) << 2 * pair;
            }
            if (fiveBits) {
                target.set(ValueLayout.JAVA_BYTE, at + 16 + j, (byte) fifthBits);
            }
        }
    }

    private int code(float[] source, int i, int part, int j) {
        float own = scale * scales[part];
        return own == 0
                ? 0
                : CodeSearch.code((source[i + PART * part + j] + minimum * minima[part]) * (1 / own), 0, most);
    }
}
