package org.espalier.text;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A SentencePiece vocabulary, from its own file or out of GGUF metadata.
 *
 * @param kind        how texts are cut
 * @param pieces      by id
 * @param spaces      where a space is put before a text
 * @param normaliser  what becomes of a text before it is cut, spaces before it aside
 * @param begin       the piece that begins a text
 * @param end         the piece that ends one
 */
record SentencePiece(
        Kind kind,
        List<Piece> pieces,
        Spaces spaces,
        Normaliser normaliser,
        Optional<String> begin,
        Optional<String> end) {

    static final int BYTES = 256;

    /**
     * What becomes of a text before it is cut.
     *
     * @param dropsSpaces whether spaces at its ends are dropped and several become one, which LLaMA's conversion does not obey
     * @param table       what stands for which characters
     */
    record Normaliser(boolean dropsSpaces, Optional<CharacterTable> table) {

        static final Normaliser NONE = new Normaliser(false, Optional.empty());
    }

    enum Kind {
        UNIGRAM,
        BPE
    }

    /** Where a space is put before a text. */
    enum Spaces {
        /** Before every part between added tokens. */
        EVERY_PART,
        /** Before the first part alone, unless one is there already. */
        FIRST_PART,
        NOWHERE;

        /**
         * What transformers' {@code LlamaTokenizer} does.
         *
         * @param prefix whether there is a space at all
         * @param legacy what {@code legacy} in {@code tokenizer_config.json} says
         */
        static Spaces of(boolean prefix, boolean legacy) {
            return !prefix ? NOWHERE : legacy ? EVERY_PART : FIRST_PART;
        }
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

    record Piece(String text, float score, Type type) {

        /** Whether texts are put together of it; the others stand for something. */
        boolean ordinary() {
            return switch (type) {
                case NORMAL, USER_DEFINED, UNUSED -> true;
                case UNKNOWN, CONTROL, BYTE -> false;
            };
        }
    }

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

    /** The same pieces, with another rule for spaces. */
    SentencePiece withSpaces(Spaces other) {
        return new SentencePiece(kind, pieces, other, normaliser, begin, end);
    }

    /** The same, where tokens with the id of a piece of another name, a placeholder, stand in that piece's place. */
    SentencePiece renamed(Collection<AddedToken> tokens) {
        Map<String, Integer> ids = ids();
        List<Piece> renamed = new ArrayList<>(pieces);
        for (AddedToken token : tokens) {
            boolean placeholder = token.id() >= 0 && token.id() < pieces.size() && !ids.containsKey(token.content());
            if (placeholder) {
                Type type = token.special() ? Type.CONTROL : Type.USER_DEFINED;
                renamed.set(token.id(), new Piece(token.content(), 0, type));
            }
        }
        return new SentencePiece(kind, renamed, spaces, normaliser, begin, end);
    }

    /** The id of the piece for what is unknown. */
    OptionalInt unknown() {
        return IntStream.range(0, pieces.size())
                .filter(id -> pieces.get(id).type() == Type.UNKNOWN)
                .findFirst();
    }

    /** The ids of the pieces {@code <0x00>} to {@code <0xFF>}; empty unless all are there. */
    int[] bytes() {
        Map<String, Integer> ids = ids();
        int[] bytes = IntStream.range(0, BYTES)
                .map(value -> ids.getOrDefault(String.format("<0x%02X>", value), -1))
                .filter(id -> id >= 0)
                .toArray();
        return bytes.length == BYTES ? bytes : new int[0];
    }

    /** Ids by piece. */
    Map<String, Integer> ids() {
        Map<String, Integer> ids = HashMap.newHashMap(pieces.size());
        for (int id = 0; id < pieces.size(); id++) {
            ids.putIfAbsent(pieces.get(id).text(), id);
        }
        return ids;
    }

    /** The pieces that are sought in texts as they stand; without ids beside the pieces' own. */
    List<AddedToken> control() {
        List<AddedToken> tokens = new ArrayList<>();
        for (int id = 0; id < pieces.size(); id++) {
            String text = pieces.get(id).text();
            switch (pieces.get(id).type()) {
                // SentencePiece's own conversion seeks all of them in the text as it is.
                case UNKNOWN, CONTROL -> tokens.add(AddedToken.plain(text, id, true));
                case USER_DEFINED -> tokens.add(new AddedToken(text, id, false, false, false, false, false));
                case NORMAL, UNUSED, BYTE -> {}
            }
        }
        return tokens;
    }

    /** The type with the file's number, if there is one. */
    static Optional<Type> type(long number) {
        return Stream.of(Type.values()).filter(type -> type.number == number).findFirst();
    }
}
