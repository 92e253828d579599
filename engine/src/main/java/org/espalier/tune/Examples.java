package org.espalier.tune;

import java.util.List;

/** Texts to learn from, each made when it is asked for. */
public interface Examples extends AutoCloseable {

    /** How many texts there are. */
    int size();

    /** How many records were left out because they are broken. */
    default int broken() {
        return 0;
    }

    /**
     * Text {@code index}, from 0.
     *
     * @throws org.espalier.error.Failure if what it is made from has not the right form
     */
    Example get(int index);

    /** Closes what they are made from. */
    @Override
    default void close() {}

    /** Plain texts that count as a whole. */
    static Examples texts(List<String> texts) {
        return new Examples() {
            @Override
            public int size() {
                return texts.size();
            }

            @Override
            public Example get(int index) {
                return Example.text(texts.get(index));
            }
        };
    }
}
