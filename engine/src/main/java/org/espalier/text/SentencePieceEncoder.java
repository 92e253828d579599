package org.espalier.text;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.agrona.collections.IntArrayList;

/** Text to ids by a SentencePiece BPE vocabulary. May be used by several threads at once. */
final class SentencePieceEncoder {

    private static final char SPACE = '▁';

    private final SentencePieceMerger merger;
    private final AddedTokenScan added;
    private final SentencePiece.Spaces spaces;
    private final int unknown;
    /** The id of every byte; empty where the vocabulary has none. */
    private final int[] bytes;

    /** @param added tokens beside the pieces, or with other flags than the pieces say */
    SentencePieceEncoder(SentencePiece model, Collection<AddedToken> added) {
        this.merger = new SentencePieceMerger(new SentencePieceRanks(model.pieces()));
        this.spaces = model.spaces();
        this.unknown = model.unknown().orElse(0);
        this.bytes = model.bytes();
        Map<String, AddedToken> tokens = new LinkedHashMap<>();
        model.control().forEach(token -> tokens.put(token.content(), token));
        added.forEach(token -> tokens.put(token.content(), token));
        this.added = new AddedTokenScan(tokens.values());
    }

    /** @param text halves of surrogate pairs must have been replaced */
    int[] encode(String text) {
        IntArrayList ids = new IntArrayList();
        added.split(text, new AddedTokenScan.Sink() {
            private boolean first = true;

            @Override
            public void text(String part) {
                merger.cut(spaced(part, first), (piece, whole, from, to) -> add(ids, piece, whole, from, to));
                first = false;
            }

            @Override
            public void token(int id) {
                ids.addInt(id);
                first = false;
            }
        });
        return ids.toIntArray();
    }

    private String spaced(String part, boolean first) {
        String escaped = part.replace(' ', SPACE);
        boolean prefix = switch (spaces) {
            case EVERY_PART -> true;
            case FIRST_PART -> first && escaped.charAt(0) != SPACE;
            case NOWHERE -> false;
        };
        return prefix ? SPACE + escaped : escaped;
    }

    private void add(IntArrayList ids, int piece, String text, int start, int end) {
        if (piece != SentencePieceRanks.NONE) {
            ids.addInt(piece);
        } else if (bytes.length == 0) {
            ids.addInt(unknown);
        } else {
            for (byte b : text.substring(start, end).getBytes(StandardCharsets.UTF_8)) {
                ids.addInt(bytes[b & 0xff]);
            }
        }
    }
}
