package org.espalier.text;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A SentencePiece vocabulary, from its own file or out of GGUF metadata.
 *
 * @param kind        how texts are cut
 * @param pieces      by id
 * @param spacePrefix whether a space is put before every text
 * @param begin       the piece that begins a text
 * @param end         the piece that ends one
 */
record SentencePiece(Kind kind, List<Piece> pieces, boolean spacePrefix, Optional<String> begin, Optional<String> end) {

    enum Kind {
        UNIGRAM,
        BPE
    }

    /** What a piece is, with the number that the file has for it. */
    enum Type {
        NORMAL(1),
        UNKNOWN(2),
        CONTROL(3),
        USER_DEFINED(4),
        UNUSED(5),
        BYTE(6);

        private final int number;

        Type(int number) {
            this.number = number;
        }

        int number() {
            return number;
        }
    }

    record Piece(String text, float score, Type type) {}

    /** {@code settings}, with the begin and end tokens of this vocabulary where they name none. */
    TokenizerSettings complete(TokenizerSettings settings) {
        return new TokenizerSettings(
                settings.bosToken().or(() -> begin),
                settings.eosToken().or(() -> end),
                settings.eosIds(),
                settings.chatTemplate(),
                settings.addBos(),
                settings.addEos());
    }

    /** The type with the file's number, if there is one. */
    static Optional<Type> type(long number) {
        return Stream.of(Type.values()).filter(type -> type.number == number).findFirst();
    }
}
