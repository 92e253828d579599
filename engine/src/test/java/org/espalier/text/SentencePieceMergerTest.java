package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.StreamSupport;
import org.espalier.Allocated;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Merging with a heap gives what merging the best neighbours again and again gives, also among equal scores. */
class SentencePieceMergerTest {

    private final RandomGenerator random =
            RandomGeneratorFactory.of("L64X128MixRandom").create(3);

    @Test
    void theBestNeighboursAreMergedFirstOfEqualsTheLeftmost() {
        for (int round = 0; round < 300; round++) {
            List<SentencePiece.Piece> pieces = pieces(1 + random.nextInt(4));
            SentencePieceMerger merger = new SentencePieceMerger(new SentencePieceRanks(pieces));
            for (int i = 0; i < 20; i++) {
                String text = text("ab▁😀", 1 + random.nextInt(60));
                assertEquals(naive(pieces, text), cut(merger, text), text + " " + pieces);
                assertEquals(naive(pieces, text), cut(merger, text), "again");
            }
        }
    }

    /**
     * Vocabularies made of ties, and the ids that sentencepiece 0.2.2 gives for texts.
     *
     * <p>SentencePiece joins unknown characters that follow each other to one token; so no text has one where bytes are
     * missing.
     */
    @Test
    void idsAreThoseOfSentencePiece(@TempDir Path folder) throws IOException {
        try (InputStream in = SentencePieceMergerTest.class.getResourceAsStream("sentencepiece-ties.json")) {
            for (JsonNode model : new ObjectMapper().readTree(in)) {
                Files.write(
                        folder.resolve("tokenizer.model"), model.get("model").binaryValue());
                try (Tokenizer tokenizer = Tokenizer.open(folder)) {
                    for (JsonNode golden : model.get("texts")) {
                        String text = golden.get("text").textValue();
                        int[] ids = StreamSupport.stream(golden.get("ids").spliterator(), false)
                                .mapToInt(JsonNode::intValue)
                                .toArray();
                        assertArrayEquals(ids, tokenizer.encode(text, false), text);
                    }
                }
            }
        }
    }

    @Test
    void aMillionBlanksAreCutInOneGo() {
        List<SentencePiece.Piece> pieces = new ArrayList<>();
        for (int length = 1; length <= 16; length++) {
            pieces.add(new SentencePiece.Piece("▁".repeat(length), -1e9f, SentencePiece.Type.NORMAL));
        }
        List<String> cut = cut(new SentencePieceMerger(new SentencePieceRanks(pieces)), "▁".repeat(1_000_003));
        assertEquals(62_501, cut.size());
        assertEquals(3, cut.getLast().length());
    }

    /** Also where every two neighbours may be merged, up to the longest piece that there may be. */
    @Test
    void theWorkGrowsWithTheText() {
        List<SentencePiece.Piece> pieces = new ArrayList<>();
        for (int length = 1; length <= 256; length++) {
            pieces.add(new SentencePiece.Piece("a".repeat(length), -length % 7, SentencePiece.Type.NORMAL));
        }
        SentencePieceMerger merger = new SentencePieceMerger(new SentencePieceRanks(pieces));
        long less = Allocated.by(() -> cut(merger, "a".repeat(20_000)));
        long more = Allocated.by(() -> cut(merger, "a".repeat(40_000)));
        assertTrue(more < 2.3 * less, more + " bytes for twice the text of " + less);
    }

    /** Random pieces over a small alphabet, with few different scores. */
    private List<SentencePiece.Piece> pieces(int scores) {
        TreeSet<String> texts = new TreeSet<>(List.of("a", "▁"));
        for (int i = 0; i < 25; i++) {
            texts.add(text("ab▁😀", 1 + random.nextInt(5)));
        }
        return texts.stream()
                .map(t -> new SentencePiece.Piece(t, -random.nextInt(scores), SentencePiece.Type.NORMAL))
                .toList();
    }

    private String text(String alphabet, int length) {
        int[] characters = alphabet.codePoints().toArray();
        StringBuilder text = new StringBuilder();
        random.ints(length, 0, characters.length).forEach(i -> text.appendCodePoint(characters[i]));
        return text.toString();
    }

    private static List<String> cut(SentencePieceMerger merger, String text) {
        List<String> cut = new ArrayList<>();
        merger.cut(text, (_, whole, from, to) -> cut.add(whole.substring(from, to)));
        return cut;
    }

    private static List<String> naive(List<SentencePiece.Piece> pieces, String text) {
        Map<String, Float> scores = new HashMap<>();
        pieces.forEach(piece -> scores.put(piece.text(), piece.score()));
        List<String> symbols =
                new ArrayList<>(text.codePoints().mapToObj(Character::toString).toList());
        while (true) {
            int best = -1;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                Float score = scores.get(symbols.get(i) + symbols.get(i + 1));
                if (score != null && (best < 0 || score > scores.get(symbols.get(best) + symbols.get(best + 1)))) {
                    best = i;
                }
            }
            if (best < 0) {
                return symbols;
            }
            symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
        }
    }
}
