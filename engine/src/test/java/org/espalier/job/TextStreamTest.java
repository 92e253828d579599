package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.text.BpeTrainer;
import org.espalier.text.Tokenizer;
import org.espalier.text.TokenizerSettings;
import org.junit.jupiter.api.Test;

final class TextStreamTest {

    /** A token for every byte, from id 2 on in their order. */
    private static final String BYTES =
            BpeTrainer.train(List.of(), 258).tokenizerJson().toString();

    private static final int FIRST_BYTE = 2;

    @Test
    void piecesAreWholeCharactersAndTogetherTheText() {
        try (Tokenizer tokenizer = Tokenizer.fromJson(BYTES, TokenizerSettings.NONE)) {
            int[] ids = bytes("a 한국어 🙂 b");
            List<String> pieces = new ArrayList<>();
            assertEquals(tokenizer.decode(ids, true), stream(tokenizer, ids, pieces));
            assertTrue(pieces.stream().noneMatch(p -> p.contains("\uFFFD")), pieces.toString());
        }
    }

    @Test
    void bytesThatNeverBecomeACharacterAreGivenBeforeTheEnd() {
        try (Tokenizer tokenizer = Tokenizer.fromJson(BYTES, TokenizerSettings.NONE)) {
            int[] ids = IntStream.generate(() -> FIRST_BYTE + 0xff).limit(1000).toArray();
            List<String> pieces = new ArrayList<>();
            assertEquals("\uFFFD".repeat(1000), stream(tokenizer, ids, pieces));
            assertTrue(pieces.stream().allMatch(p -> p.length() <= 64), () -> pieces.size() + " pieces");
        }
    }

    @Test
    void noCharacterIsSplitAmongBytesThatAreNone() {
        Random random = new Random(1);
        try (Tokenizer tokenizer = Tokenizer.fromJson(BYTES, TokenizerSettings.NONE)) {
            for (int trial = 0; trial < 200; trial++) {
                int[] ids = IntStream.range(0, 60 + random.nextInt(20))
                        .mapToObj(i -> random.nextInt(4) == 0
                                ? bytes("🙂")
                                : new int[] {FIRST_BYTE + 0x80 + random.nextInt(0x80)})
                        .flatMapToInt(Arrays::stream)
                        .toArray();
                assertEquals(tokenizer.decode(ids, true), stream(tokenizer, ids, new ArrayList<>()));
            }
        }
    }

    private static String stream(Tokenizer tokenizer, int[] ids, List<String> pieces) {
        TextStream stream = new TextStream(tokenizer, new int[] {1}, pieces::add);
        Arrays.stream(ids).forEach(stream::add);
        return stream.finish();
    }

    private static int[] bytes(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return IntStream.range(0, bytes.length)
                .map(i -> FIRST_BYTE + (bytes[i] & 0xff))
                .toArray();
    }
}
