package org.espalier.backend.cpu;

/**
 * An extent cut into parts as equal as whole multiples of something allow, so that no part is a sliver and blocks of
 * numbers stay whole.
 *
 * @param extent what is cut
 * @param part   length of every part but the last
 */
record Cut(int extent, int part) {

    /** Parts of at most {@code largest}, itself a multiple of {@code multiple}. */
    static Cut of(int extent, int largest, int multiple) {
        int count = Math.max(1, Math.ceilDiv(extent, largest));
        int even = Math.ceilDiv(extent, count);
        return new Cut(extent, Math.max(multiple, Math.ceilDiv(even, multiple) * multiple));
    }

    int count() {
        return Math.ceilDiv(extent, part);
    }

    int start(int index) {
        return index * part;
    }

    int end(int index) {
        return Math.min(extent, start(index) + part);
    }
}
