package org.espalier.cut;

/**
 * How firmly a fit holds weights to their old values.
 *
 * @param share  of each input's own sum of squares
 * @param chosen whether the share is chosen branch by branch, on sources left out, where tokens come from several; {@code share}
 *               is that of the other branches then
 */
public record Ridge(double share, boolean chosen) {

    /** The same share everywhere. */
    public static Ridge of(double share) {
        return new Ridge(share, false);
    }
}
