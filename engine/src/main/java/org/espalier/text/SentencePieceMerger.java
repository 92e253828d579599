package org.espalier.text;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.agrona.collections.LongHashSet;

/**
 * Cuts a text into pieces of a SentencePiece BPE vocabulary as SentencePiece and llama.cpp do: of all neighbours that
 * together are a piece, those with the highest score become one, of equal scores the leftmost, until there are none.
 *
 * <p>A vocabulary of merges with ranks, as {@code tokenizer.json} has it, cannot say that scores are equal, and those of all
 * runs of spaces are.
 */
final class SentencePieceMerger {

    /** No piece. */
    static final int NONE = -1;

    /** Neighbours are numbers of 21 bits each. */
    private static final int CODE_POINT_BITS = 21;
    /** Longer parts without a place where no piece goes across are cut, so that memory has a bound. */
    private static final int LONGEST_PART = 1 << 22;

    private static final int LONGEST_KNOWN_WORD = 32;
    private static final int KNOWN_WORDS = 1 << 16;

    /** Gets what a text was cut into. */
    interface Sink {

        /**
         * Takes one part of the text, from left to right.
         *
         * @param piece its id, or {@link #NONE} for a character that is no piece
         */
        void take(int piece, String text, int from, int to);
    }

    private final Map<String, Integer> ids = new HashMap<>();
    /** By id: 0 for the highest score. */
    private final int[] ranks;
    /** Two code points that are neighbours in some piece: nothing goes across any others. */
    private final LongHashSet neighbours = new LongHashSet();
    /** What short parts become, because words come again and again. */
    private final Map<String, int[]> known = new HashMap<>();

    SentencePieceMerger(List<SentencePiece.Piece> pieces) {
        float[] scores = new float[pieces.size()];
        for (int id = 0; id < pieces.size(); id++) {
            SentencePiece.Piece piece = pieces.get(id);
            // Adding 0 makes the negative zero equal to the other.
            scores[id] = piece.score() + 0f;
            if (piece.ordinary()) {
                ids.put(piece.text(), id);
                addNeighbours(piece.text());
            }
        }
        ranks = ranks(scores);
    }

    private static int[] ranks(float[] scores) {
        float[] sorted = scores.clone();
        Arrays.sort(sorted);
        int different = 0;
        for (float score : sorted) {
            if (different == 0 || sorted[different - 1] != score) {
                sorted[different++] = score;
            }
        }
        int[] ranks = new int[scores.length];
        for (int id = 0; id < scores.length; id++) {
            ranks[id] = different - 1 - Arrays.binarySearch(sorted, 0, different, scores[id]);
        }
        return ranks;
    }

    private void addNeighbours(String piece) {
        int left = piece.codePointAt(0);
        for (int i = Character.charCount(left); i < piece.length(); ) {
            int right = piece.codePointAt(i);
            neighbours.add(pair(left, right));
            left = right;
            i += Character.charCount(right);
        }
    }

    private static long pair(int left, int right) {
        return (long) left << CODE_POINT_BITS | right;
    }

    /** The id of a piece that texts are put together of, or {@link #NONE}. */
    int id(String piece) {
        return ids.getOrDefault(piece, NONE);
    }

    /** Cuts a text into pieces; {@code sink} gets them from left to right. */
    void cut(String text, Sink sink) {
        int from = 0;
        int characters = 0;
        int left = 0;
        for (int i = 0; i < text.length(); ) {
            int right = text.codePointAt(i);
            if (i > from && (characters == LONGEST_PART || !neighbours.contains(pair(left, right)))) {
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

    private void part(String text, int from, int to, Sink sink) {
        if (to - from > LONGEST_KNOWN_WORD) {
            new SentencePiecePart(this, text, from, to).merge().emit(sink);
            return;
        }
        String word = text.substring(from, to);
        int[] pairs;
        synchronized (known) {
            pairs = known.get(word);
        }
        if (pairs == null) {
            pairs = new SentencePiecePart(this, text, from, to).merge().toArray();
            synchronized (known) {
                if (known.size() == KNOWN_WORDS) {
                    known.clear();
                }
                known.put(word, pairs);
            }
        }
        int at = from;
        for (int i = 0; i < pairs.length; i += 2) {
            sink.take(pairs[i], text, at, at + pairs[i + 1]);
            at += pairs[i + 1];
        }
    }

    int rank(int piece) {
        return ranks[piece];
    }
}
