package org.espalier.backend;

/**
 * Which numbers of a tensor are left out: a pure function of these and the number's place, so that it is computed again
 * where it is needed and stored nowhere. Number {@code i} takes 16 of the 128 bits of {@link Philox}
 * under the key {@code seed} at counter {@code (i / 8, operation, run low, run high)}: from the low end, number
 * {@code i mod 8}. It is left out if they are below {@link #threshold()}.
 *
 * @param rate      part left out, from 0 to below 1, taken to the nearest 2⁻¹⁶
 * @param seed      of the whole training
 * @param run       which forward pass it is
 * @param operation which of the pass's operations
 */
public record DropoutMask(double rate, long seed, long run, int operation) {

    /** Numbers that share a counter. */
    public static final int SHARED = 8;

    public DropoutMask {
        if (!(rate >= 0 && rate < 1) || Math.round(rate * 65536) == 65536) {
            throw new IllegalArgumentException("dropout: rate " + rate + " is not from 0 to below 1");
        }
    }

    /** Draws of 16 bits below this leave a number out. */
    public int threshold() {
        return (int) Math.round(rate * 65536);
    }

    /** What numbers that stay are multiplied by, so that the mean stays. */
    public double scale() {
        return 65536.0 / (65536 - threshold());
    }

    /** Whether number {@code i} stays; slow and plain. */
    public boolean keeps(long i) {
        int[] words = words(i / SHARED);
        int draw = (int) (i % SHARED);
        int bits = words[draw / 2] >>> (draw % 2 == 0 ? 0 : 16) & 0xFFFF;
        return bits >= threshold();
    }

    /** The generator's four words at counter {@code block}. */
    int[] words(long block) {
        return Philox.words((int) block, operation, (int) run, (int) (run >>> 32), (int) seed, (int) (seed >>> 32));
    }
}
