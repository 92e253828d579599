package org.espalier.text;

/** Text to ids and back by a library; nothing is put around a text. May be used by several threads at once. */
interface TokenCodec extends AutoCloseable {

    /** @param text without halves of surrogate pairs */
    int[] encode(String text);

    String decode(int[] ids, boolean skipSpecial);

    @Override
    void close();
}
