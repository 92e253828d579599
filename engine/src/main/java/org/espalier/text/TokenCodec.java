package org.espalier.text;

/** Text to ids and back by a library; nothing is put around a text. May be used by several threads at once. */
interface TokenCodec extends AutoCloseable {

    /** The ids of a text that holds no halves of surrogate pairs. */
    int[] encode(String text);

    /** The text of ids, special tokens left out if {@code skipSpecial}. */
    String decode(int[] ids, boolean skipSpecial);

    @Override
    void close();
}
