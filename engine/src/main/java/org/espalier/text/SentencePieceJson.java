package org.espalier.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.espalier.error.Failure;
import org.espalier.error.Printable;

/**
 * Turns a SentencePiece vocabulary into the {@code tokenizer.json} that Hugging Face's LLaMA conversion gives: the same
 * ids. As there, spaces are kept as they stand, also where the model asks to drop some, and control tokens written
 * in a text become their ids.
 */
final class SentencePieceJson {

    private static final String SPACE = "▁";
    /** SentencePiece's own default is 16; merges are sought at every place of a piece. */
    private static final int LONGEST_PIECE = 256;

    /** Two pieces that become the piece with {@code score}. */
    private record Merge(String left, String right, float score) {}

    private final SentencePiece model;
    private final String place;
    private final Map<String, Integer> ids = new HashMap<>();
    private int unknown;
    private boolean byteFallback;

    private SentencePieceJson(SentencePiece model, String place) {
        this.model = model;
        this.place = place;
    }

    /**
     * @param added  tokens beside the pieces, or with other flags than the pieces say
     * @param before what stands before every text, such as the begin token
     * @param after  what stands behind it
     */
    static ObjectNode make(
            SentencePiece model,
            Collection<AddedToken> added,
            List<TokenizerParts.Special> before,
            List<TokenizerParts.Special> after,
            String place) {
        SentencePieceJson maker = new SentencePieceJson(model, place);
        maker.index();
        ObjectNode document = TokenizerParts.document(maker.modelSection());
        AddedTokens.write(document, model.control(), place);
        AddedTokens.write(document, added, place);
        maker.setSpaces(document);
        document.set("decoder", maker.decoder());
        if (!before.isEmpty() || !after.isEmpty()) {
            document.set("post_processor", TokenizerParts.template(before, after));
        }
        return document;
    }

    private void index() {
        int bytes = 0;
        for (int id = 0; id < model.pieces().size(); id++) {
            SentencePiece.Piece piece = model.pieces().get(id);
            String text = piece.text();
            if (text.isEmpty() || text.length() > LONGEST_PIECE) {
                throw malformed("piece " + id + " has " + text.length() + " characters, and 1 to " + LONGEST_PIECE
                        + " are possible");
            }
            if (!Float.isFinite(piece.score())) {
                throw malformed("the score of piece " + id + " is not a finite number");
            }
            if (ids.put(text, id) != null) {
                throw malformed("piece " + Printable.quoted(text) + " stands twice");
            }
            bytes += piece.type() == SentencePiece.Type.BYTE ? 1 : 0;
        }
        unknown = model.unknown().orElseThrow(() -> malformed("it has no piece for what is unknown"));
        if (bytes != 0 && bytes != SentencePiece.BYTES) {
            throw malformed("it has pieces for " + bytes + " of the 256 bytes");
        }
        byteFallback = model.bytes().length != 0;
    }

    private ObjectNode modelSection() {
        return model.kind() == SentencePiece.Kind.BPE ? bpe() : unigram();
    }

    private ObjectNode bpe() {
        // Without bytes to fall back on, every unknown character is one token of its own.
        ObjectNode bpe = TokenizerParts.bpe()
                .put("unk_token", model.pieces().get(unknown).text())
                .put("fuse_unk", byteFallback)
                .put("byte_fallback", byteFallback);
        ObjectNode vocab = bpe.putObject("vocab");
        for (int id = 0; id < model.pieces().size(); id++) {
            vocab.put(model.pieces().get(id).text(), id);
        }
        ArrayNode merges = bpe.putArray("merges");
        for (Merge merge : merges()) {
            merges.addArray().add(merge.left()).add(merge.right());
        }
        return bpe;
    }

    /**
     * Every way of putting a piece together from two others, the highest score first, then the lowest ids. Pieces of one
     * score are put together from left to right, which no fixed order says; the longest left parts first come nearest.
     */
    private List<Merge> merges() {
        List<Merge> merges = new ArrayList<>();
        Map<Float, Integer> pieces = new HashMap<>();
        for (SentencePiece.Piece piece : model.pieces()) {
            if (piece.ordinary()) {
                addMerges(piece, merges);
                pieces.merge(piece.score(), 1, Integer::sum);
            }
        }
        Comparator<Merge> lowestIds =
                Comparator.comparingInt((Merge m) -> ids.get(m.left())).thenComparingInt(m -> ids.get(m.right()));
        Comparator<Merge> longestFirst = Comparator.comparingInt(
                        (Merge m) -> -m.left().length())
                .thenComparingInt(m -> -m.right().length())
                .thenComparing(lowestIds);
        merges.sort(Comparator.comparingDouble((Merge m) -> -m.score())
                .thenComparing((a, b) -> (pieces.get(a.score()) > 1 ? longestFirst : lowestIds).compare(a, b)));
        return merges;
    }

    private void addMerges(SentencePiece.Piece piece, List<Merge> merges) {
        String text = piece.text();
        for (int position = text.offsetByCodePoints(0, 1);
                position < text.length();
                position = text.offsetByCodePoints(position, 1)) {
            String left = text.substring(0, position);
            String right = text.substring(position);
            if (isOrdinary(left) && isOrdinary(right)) {
                merges.add(new Merge(left, right, piece.score()));
            }
        }
    }

    private boolean isOrdinary(String text) {
        Integer id = ids.get(text);
        return id != null && model.pieces().get(id).ordinary();
    }

    private ObjectNode unigram() {
        ObjectNode unigram =
                TokenizerParts.typed("Unigram").put("unk_id", unknown).put("byte_fallback", byteFallback);
        ArrayNode vocab = unigram.putArray("vocab");
        for (SentencePiece.Piece piece : model.pieces()) {
            vocab.addArray().add(piece.text()).add((double) piece.score());
        }
        return unigram;
    }

    /** A normaliser puts a space before every part, the library's own rule before the first. */
    private void setSpaces(ObjectNode document) {
        if (model.spaces() == SentencePiece.Spaces.FIRST_PART) {
            document.set(
                    "pre_tokenizer",
                    TokenizerParts.typed("Metaspace")
                            .put("replacement", SPACE)
                            .put("prepend_scheme", "first")
                            .put("split", false));
            return;
        }
        List<ObjectNode> steps = new ArrayList<>();
        if (model.spaces() == SentencePiece.Spaces.EVERY_PART) {
            steps.add(TokenizerParts.typed("Prepend").put("prepend", SPACE));
        }
        steps.add(TokenizerParts.replace(" ", SPACE));
        document.set("normalizer", TokenizerParts.sequence("normalizers", steps));
    }

    private ObjectNode decoder() {
        List<ObjectNode> steps = new ArrayList<>();
        steps.add(TokenizerParts.replace(SPACE, " "));
        if (byteFallback) {
            steps.add(TokenizerParts.typed("ByteFallback"));
        }
        steps.add(TokenizerParts.typed("Fuse"));
        if (model.spaces() != SentencePiece.Spaces.NOWHERE) {
            steps.add(TokenizerParts.typed("Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0));
        }
        return TokenizerParts.sequence("decoders", steps);
    }

    private Failure malformed(String complaint) {
        return new Failure(
                "SentencePiece vocabulary cannot be used: " + complaint, place, "fetch or convert the model again");
    }
}
