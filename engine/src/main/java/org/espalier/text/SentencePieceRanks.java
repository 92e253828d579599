package org.espalier.text;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.agrona.collections.LongHashSet;

/** The pieces that texts are put together of, which of them come first, and which characters are neighbours in any. */
final class SentencePieceRanks {

    /** No piece. */
    static final int NONE = -1;

    /** Neighbours are numbers of 21 bits each. */
    private static final int CODE_POINT_BITS = 21;

    private final Map<String, Integer> ids = new HashMap<>();
    /** By id: 0 for the highest score. */
    private final int[] ranks;

    private final LongHashSet neighbours = new LongHashSet();

    SentencePieceRanks(List<SentencePiece.Piece> pieces) {
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

    /** Whether some piece holds the two characters one behind the other: nothing goes across any others. */
    boolean areNeighbours(int left, int right) {
        return neighbours.contains(pair(left, right));
    }

    /** The id of a piece that texts are put together of, or {@link #NONE}. */
    int id(String piece) {
        return ids.getOrDefault(piece, NONE);
    }

    int rank(int piece) {
        return ranks[piece];
    }
}
