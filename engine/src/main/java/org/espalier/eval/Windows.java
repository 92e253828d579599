package org.espalier.eval;

import java.util.Arrays;
import java.util.OptionalInt;
import org.espalier.error.Failure;

/**
 * How a text's ids are cut into windows of equal length; what does not fill a window is dropped.
 *
 * @param protocol which ids of a window count
 * @param seqLen   ids in a window
 * @param stride   ids from the start of a window to that of the next; where windows overlap, an id counts once
 * @param most     windows at most
 * @param bos      the id that a protocol may put first
 */
public record Windows(Protocol protocol, int seqLen, int stride, int most, OptionalInt bos) {

    public Windows {
        if (seqLen < 2 || stride < 1 || most < 1 || protocol.secondHalf() && (seqLen < 4 || stride != seqLen)) {
            throw new IllegalArgumentException("windows of " + seqLen + ", stride " + stride + ", at most " + most);
        }
    }

    /**
     * Windows in a text of {@code ids} ids.
     *
     * @throws Failure if there is not even one
     */
    int count(int ids, String where) {
        if (ids < seqLen) {
            throw new Failure(
                    "text has " + ids + " tokens, too few for one window of " + seqLen,
                    where,
                    "use a longer text or a smaller --seq-len");
        }
        return Math.min(most, (ids - seqLen) / stride + 1);
    }

    /** The ids of window {@code window}. */
    public int[] cut(int[] ids, int window) {
        int start = window * stride;
        int[] cut = Arrays.copyOfRange(ids, start, start + seqLen);
        if (protocol.secondHalf() && bos.isPresent()) {
            cut[0] = bos.getAsInt();
        }
        return cut;
    }

    /** The first entry of a window's losses that counts; all after it do. */
    int firstCounted(int window) {
        if (protocol.secondHalf()) {
            return seqLen / 2;
        }
        return window == 0 ? 0 : Math.max(0, seqLen - stride - 1);
    }
}
