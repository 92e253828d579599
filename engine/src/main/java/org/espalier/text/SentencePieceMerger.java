package org.espalier.text;

import java.util.HashMap;
import java.util.Map;

/**
 * Cuts a text into pieces of a SentencePiece BPE vocabulary as SentencePiece and llama.cpp do: of all neighbours that
 * together are a piece, those with the highest score become one, of equal scores the leftmost, until there are none.
 *
 * <p>A vocabulary of merges with ranks, as {@code tokenizer.json} has it, cannot say that scores are equal, and those of all
 * runs of spaces are.
 */
final class SentencePieceMerger {

    /** Longer parts without a place where no piece goes across are cut, so that memory has a bound. */
    private static final int LONGEST_PART = 1 << 22;

    private static final int LONGEST_KNOWN_WORD = 32;
    private static final int KNOWN_WORDS = 1 << 16;

    private final SentencePieceRanks pieces;
    /** What short parts become, because words come again and again. */
    private final Map<String, int[]> known = new HashMap<>();

    SentencePieceMerger(SentencePieceRanks pieces) {
        this.pieces = pieces;
    }

    /** Cuts a text into pieces; {@code sink} gets them from left to right. */
    void cut(String text, PieceSink sink) {
        int from = 0;
        int characters = 0;
        int left = 0;
        for (int i = 0; i < text.length(); ) {
            int right = text.codePointAt(i);
            if (i > from && (characters == LONGEST_PART || !pieces.areNeighbours(left, right))) {
                part(text, from, i, sink);
                from = i;
                characters = 0;
            }
            characters++;
            left = right;
            i += Character.charCount(right);
        }
        if (from < text.length()) {
            part(text, from, text.length(), sink);
        }
    }

    private void part(String text, int start, int end, PieceSink sink) {
        if (end - start > LONGEST_KNOWN_WORD) {
            new SentencePiecePart(pieces, text, start, end).merge().emit(sink);
            return;
        }
        String word = text.substring(start, end);
        int[] pairs;
        synchronized (known) {
            pairs = known.get(word);
        }
        if (pairs == null) {
            pairs = new SentencePiecePart(pieces, text, start, end).merge().toArray();
            synchronized (known) {
                if (known.size() == KNOWN_WORDS) {
                    known.clear();
                }
                known.put(word, pairs);
            }
        }
        int at = start;
        for (int i = 0; i < pairs.length; i += 2) {
            sink.take(pairs[i], text, at, at + pairs[i + 1]);
            at += pairs[i + 1];
        }
    }
}
