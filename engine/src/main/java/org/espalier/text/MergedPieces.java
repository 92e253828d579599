package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.espalier.error.Failure;

/**
 * The pieces of a SentencePiece vocabulary out of a {@code tokenizer.json}, which has a list of merges where SentencePiece has
 * scores.
 */
final class MergedPieces {

    /** Of pieces that no merge makes. */
    private static final float LOWEST_SCORE = -1e6f;

    private MergedPieces() {}

    /**
     * The pieces by id, with the scores of the {@code tokenizer.model} beside the document where that has the same pieces, else
     * with scores that give the same order of merges.
     *
     * @throws Failure if no scores give that order
     */
    static List<SentencePiece.Piece> of(Path folder, TokenizerJson json, List<AddedToken> added) {
        List<SentencePiece.Piece> pieces = plain(json.ids(), added);
        if (Files.exists(folder.resolve(Tokenizer.SENTENCE_PIECE))) {
            List<SentencePiece.Piece> own = SentencePieceReader.read(folder).pieces();
            if (samePieces(own, pieces)) {
                return withAdded(own, added);
            }
        }
        JsonNode model = json.written().path("model");
        Map<String, Float> scores = scores(model.path("merges"), folder);
        String unknown = model.path("unk_token").asText("");
        List<SentencePiece.Piece> scored = new ArrayList<>();
        for (SentencePiece.Piece piece : pieces) {
            boolean ofByte = piece.text().matches("<0x[0-9A-F]{2}>");
            SentencePiece.Type type = piece.text().equals(unknown)
                    ? SentencePiece.Type.UNKNOWN
                    : ofByte && piece.type() == SentencePiece.Type.NORMAL ? SentencePiece.Type.BYTE : piece.type();
            boolean special = type != SentencePiece.Type.NORMAL;
            float score = special ? 0 : scores.getOrDefault(piece.text(), LOWEST_SCORE);
            scored.add(new SentencePiece.Piece(piece.text(), score, type));
        }
        return scored;
    }

    /** Tokens by id, without scores; an id that no token has is an unused one. */
    static List<SentencePiece.Piece> plain(Map<String, Integer> ids, Collection<AddedToken> added) {
        int size = ids.values().stream().mapToInt(id -> id + 1).max().orElse(0);
        List<SentencePiece.Piece> pieces = new ArrayList<>(size);
        for (int id = 0; id < size; id++) {
            pieces.add(unused(id));
        }
        ids.forEach((token, id) -> pieces.set(id, new SentencePiece.Piece(token, 0, SentencePiece.Type.NORMAL)));
        return withAdded(pieces, added);
    }

    /** The same with added tokens in their places, some of them behind the others. */
    static List<SentencePiece.Piece> withAdded(List<SentencePiece.Piece> pieces, Collection<AddedToken> added) {
        List<SentencePiece.Piece> all = new ArrayList<>(pieces);
        for (AddedToken token : added) {
            while (all.size() <= token.id()) {
                all.add(unused(all.size()));
            }
            if (all.get(token.id()).type() != SentencePiece.Type.UNKNOWN) {
                SentencePiece.Type type =
                        token.special() ? SentencePiece.Type.CONTROL : SentencePiece.Type.USER_DEFINED;
                all.set(token.id(), new SentencePiece.Piece(token.content(), 0, type));
            }
        }
        return all;
    }

    private static SentencePiece.Piece unused(int id) {
        return new SentencePiece.Piece("[PAD" + id + "]", LOWEST_SCORE, SentencePiece.Type.UNUSED);
    }

    private static boolean samePieces(List<SentencePiece.Piece> own, List<SentencePiece.Piece> pieces) {
        if (own.size() > pieces.size()) {
            return false;
        }
        for (int id = 0; id < own.size(); id++) {
            boolean same = own.get(id).text().equals(pieces.get(id).text());
            if (!same && pieces.get(id).type() == SentencePiece.Type.NORMAL) {
                return false;
            }
        }
        return true;
    }

    /** The rank of the first merge that makes a piece, negative: SentencePiece looks at the piece alone. */
    private static Map<String, Float> scores(JsonNode merges, Path folder) {
        Map<String, Float> scores = new HashMap<>();
        float lowest = 0;
        int rank = 0;
        for (JsonNode merge : merges) {
            rank++;
            String piece = String.join("", TokenizerJson.pair(merge));
            Float score = scores.putIfAbsent(piece, (float) -rank);
            if (score != null && score > lowest) {
                throw new Failure(
                        "the order of the merges is not one by pieces: merge " + (rank - 1)
                                + " makes a piece that an earlier one makes as well",
                        folder.resolve(Tokenizer.JSON).toString(),
                        "put the model's tokenizer.model beside it, or write a folder of safetensors");
            }
            lowest = scores.get(piece);
        }
        return scores;
    }
}
