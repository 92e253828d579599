package org.espalier.text;

import java.util.List;
import java.util.Optional;

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

    /** In the order of their numbers in the file, which start with 1. */
    enum Type {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE
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
        return number >= 1 && number <= Type.values().length
                ? Optional.of(Type.values()[(int) number - 1])
                : Optional.empty();
    }
}
