package org.espalier.text;

/** Gets what a text was cut into. */
interface PieceSink {

    /**
     * Takes one part of the text, from left to right.
     *
     * @param piece its id, or {@link SentencePieceRanks#NONE} for a character that is no piece
     */
    void take(int piece, String text, int start, int end);
}
