package org.espalier.text;

import java.util.Arrays;
import java.util.BitSet;

/** A file with a vocabulary out of which tokens can be taken. */
interface VocabularyFile {

    /** What stands in place of spaces in many vocabularies, and is put into texts before they are cut. */
    String SPACE = "\u2581";

    /** The largest id of a token, and one. */
    int size();

    /** The tokens without which some text could not be encoded, or would not decode to itself. */
    BitSet required();

    /** The tokens without which this one would not come out where it does now. */
    int[] parts(int token);

    /**
     * The file with some of its tokens.
     *
     * @param kept ids, ascending: with each the {@link #parts} of it, and all that are {@link #required}; each becomes its place in this
     */
    byte[] cut(int[] kept);

    /** The number that a token has among those that stay, or −1. */
    static int renumbered(int[] kept, int id) {
        return Math.max(-1, Arrays.binarySearch(kept, id));
    }
}
