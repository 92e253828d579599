package org.espalier.backend;

/**
 * Philox4x32-10 (Salmon et al. 2011): random numbers that are a pure function of a counter and a key, so that any of them is
 * had without those before it.
 */
public final class Philox {

    /** Multiplies the first word of the counter in every round. */
    public static final long MULTIPLY_A = 0xD2511F53L;

    /** Multiplies the third word of the counter in every round. */
    public static final long MULTIPLY_B = 0xCD9E8D57L;
    /** Added to the first word of the key after every round: 2³² times the golden ratio's fraction. */
    public static final int WEYL_A = 0x9E3779B9;
    /** Added to the second word of the key after every round: 2³² times the fraction of the root of 3. */
    public static final int WEYL_B = 0xBB67AE85;
    /** Rounds of mixing: the 10 that the paper recommends. */
    public static final int ROUNDS = 10;

    private static final long LOW = 0xFFFFFFFFL;

    private Philox() {}

    /** The four words of a counter of four words under a key of two. */
    public static int[] words(int c0, int c1, int c2, int c3, int key0, int key1) {
        int k0 = key0;
        int k1 = key1;
        int[] c = {c0, c1, c2, c3};
        for (int round = 0; round < ROUNDS; round++) {
            long a = (c[0] & LOW) * MULTIPLY_A;
            long b = (c[2] & LOW) * MULTIPLY_B;
            c = new int[] {(int) (b >>> 32) ^ c[1] ^ k0, (int) b, (int) (a >>> 32) ^ c[3] ^ k1, (int) a};
            k0 += WEYL_A;
            k1 += WEYL_B;
        }
        return c;
    }
}
