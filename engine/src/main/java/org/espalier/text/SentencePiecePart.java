package org.espalier.text;

import java.util.Arrays;

/**
 * One part of a text on its way from characters to pieces. Its symbols are numbered as the characters are; a symbol that
 * took in its right neighbour goes on under its own number.
 */
final class SentencePiecePart {

    private static final int NONE = SentencePieceRanks.NONE;

    private final SentencePieceRanks vocabulary;
    private final String text;
    /** Where each symbol begins in the text, and, behind the last, where the part ends. */
    private final int[] starts;

    private final int[] next;
    private final int[] previous;
    /** The piece that a symbol and its right neighbour would be. */
    private final int[] together;
    /** A heap of possible merges: rank of the piece, then number of the left symbol. */
    private long[] heap;

    private int waiting;

    /** The characters of {@code text} from {@code start} to {@code end}, at least one. */
    SentencePiecePart(SentencePieceRanks vocabulary, String text, int start, int end) {
        this.vocabulary = vocabulary;
        this.text = text;
        int count = text.codePointCount(start, end);
        starts = new int[count + 1];
        next = new int[count];
        previous = new int[count];
        together = new int[count];
        heap = new long[count + 1];
        int at = start;
        for (int i = 0; i < count; i++) {
            starts[i] = at;
            next[i] = i + 1;
            previous[i] = i - 1;
            at += Character.charCount(text.codePointAt(at));
        }
        starts[count] = end;
    }

    SentencePiecePart merge() {
        for (int i = 0; i < next.length; i++) {
            offer(i);
        }
        while (waiting > 0) {
            long best = poll();
            int left = (int) best;
            int piece = together[left];
            if (piece != NONE && vocabulary.rank(piece) == best >>> 32) {
                join(left);
            }
        }
        return this;
    }

    private void join(int left) {
        int right = next[left];
        next[left] = next[right];
        together[right] = NONE;
        if (next[left] < next.length) {
            previous[next[left]] = left;
        }
        offer(left);
        if (previous[left] >= 0) {
            offer(previous[left]);
        }
    }

    /** Notes what a symbol and its right neighbour would be, and lets it wait for its turn. */
    private void offer(int left) {
        int right = next[left];
        together[left] = right < next.length ? vocabulary.id(text.substring(starts[left], starts[next[right]])) : NONE;
        if (together[left] != NONE) {
            push((long) vocabulary.rank(together[left]) << 32 | left);
        }
    }

    /** Gives {@code sink} every symbol. */
    void emit(PieceSink sink) {
        for (int i = 0; i < next.length; i = next[i]) {
            int end = starts[next[i]];
            sink.take(vocabulary.id(text.substring(starts[i], end)), text, starts[i], end);
        }
    }

    /** The id and the length of every symbol, one behind the other. */
    int[] toArray() {
        int[] pairs = new int[2 * next.length];
        int size = 0;
        for (int i = 0; i < next.length; i = next[i]) {
            int end = starts[next[i]];
            pairs[size++] = vocabulary.id(text.substring(starts[i], end));
            pairs[size++] = end - starts[i];
        }
        return Arrays.copyOf(pairs, size);
    }

    private void push(long entry) {
        if (waiting == heap.length) {
            heap = Arrays.copyOf(heap, heap.length + heap.length / 2 + 1);
        }
        int at = waiting++;
        while (at > 0 && heap[(at - 1) / 2] > entry) {
            heap[at] = heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        heap[at] = entry;
    }

    private long poll() {
        long least = heap[0];
        long last = heap[--waiting];
        int at = 0;
        for (int child = 1; child < waiting; child = 2 * at + 1) {
            if (child + 1 < waiting && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = last;
        return least;
    }
}
