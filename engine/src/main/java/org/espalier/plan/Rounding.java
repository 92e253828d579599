package org.espalier.plan;

/**
 * What widths that are left are multiples of, so that other programs read them and hardware and quantised blocks fit.
 *
 * @param multiple entries of an axis; 1 for any width
 * @param yielding whether a smaller power of two is taken where the multiple is coarser than a tenth of a width
 * @param uniform  whether all layers keep equally many units
 */
public record Rounding(int multiple, boolean yielding, boolean uniform) {

    /** Numbers of a quantised block, and the least that matrix units like. */
    public static final int USUAL = 32;

    /** Multiples of {@value #USUAL}, or of a smaller power of two where those are coarse. */
    public static Rounding usual() {
        return new Rounding(USUAL, true, false);
    }

    /** Multiples of exactly this number, which is a choice of its own. */
    public static Rounding exactly(int multiple) {
        return new Rounding(multiple, false, false);
    }

    /** The same, and all layers keep equally many units. */
    public Rounding withEqualLayers() {
        return new Rounding(multiple, yielding, true);
    }

    /** Whether every width will do, as long as it is that of the group alone. */
    public boolean anyWidth() {
        return multiple == 1;
    }
}
