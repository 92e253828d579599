package org.espalier.text;

import java.util.Arrays;
import java.util.List;

/** Encodes long texts part by part. */
record CutCodec(TokenCodec codec, TextCuts cuts) implements TokenCodec {

    @Override
    public int[] encode(String text) {
        List<String> parts = cuts.cut(text);
        if (parts.size() == 1) {
            return codec.encode(parts.getFirst());
        }
        int[] ids = new int[text.length() / 2];
        int size = 0;
        for (String part : parts) {
            int[] more = codec.encode(part);
            if (size + more.length > ids.length) {
                ids = Arrays.copyOf(ids, Math.max(size + more.length, 2 * ids.length));
            }
            System.arraycopy(more, 0, ids, size, more.length);
            size += more.length;
        }
        return Arrays.copyOf(ids, size);
    }

    @Override
    public String decode(int[] ids, boolean skipSpecial) {
        return codec.decode(ids, skipSpecial);
    }

    @Override
    public void close() {
        codec.close();
    }
}
