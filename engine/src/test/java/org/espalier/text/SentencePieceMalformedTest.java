package org.espalier.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A malformed {@code tokenizer.model} is one clear line; the library that runs it never ends the process. */
class SentencePieceMalformedTest {

    @TempDir
    private Path folder;

    @Test
    void flippedBitsOfASentencePieceModelAreUsedOrNamed() throws IOException {
        byte[] file = SmallTokenizer.sentencePiece();
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        for (int i = 0; i < 2000; i++) {
            byte[] flipped = file.clone();
            flipped[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(folder.resolve("tokenizer.model"), flipped);
            MalformedTokenizers.usedOrNamed(() -> Tokenizer.open(folder));
        }
        for (int i = 0; i < 500; i++) {
            Files.write(folder.resolve("tokenizer.model"), Arrays.copyOf(file, random.nextInt(file.length)));
            MalformedTokenizers.usedOrNamed(() -> Tokenizer.open(folder));
        }
    }

    static Stream<Arguments> models() {
        byte[] piece = SmallTokenizer.piece("a", 0, 1);
        return Stream.of(
                Arguments.of("empty", new byte[0], "it has no pieces"),
                Arguments.of("length beyond the file", new byte[] {10, 127, 1}, "127 bytes where 1 are left"),
                Arguments.of(
                        "length of 2^63",
                        new byte[] {10, -128, -128, -128, -128, -128, -128, -128, -128, -128, 1},
                        "9223372036854775808 bytes"),
                Arguments.of(
                        "endless number", new byte[] {10, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}, "ten bytes"),
                Arguments.of("no field", new byte[] {0}, "no field"),
                Arguments.of("unknown form", new byte[] {11}, "unknown form"),
                Arguments.of(
                        "not UTF-8", SmallTokenizer.field(1, SmallTokenizer.field(1, new byte[] {-1})), "not UTF-8"),
                Arguments.of(
                        "unknown type", SmallTokenizer.field(1, SmallTokenizer.piece("a", 0, 9)), "unknown type 9"),
                Arguments.of("no unknown piece", SmallTokenizer.field(1, piece), "what is unknown"),
                Arguments.of("piece twice", twice(SmallTokenizer.field(1, piece)), "'a' stands twice"),
                Arguments.of(
                        "score not finite", SmallTokenizer.field(1, SmallTokenizer.piece("a", Float.NaN, 1)), "score"),
                Arguments.of(
                        "word model", plus(SmallTokenizer.field(1, piece), 18, 2, 24, 3), "neither unigram nor BPE"),
                Arguments.of("character table", plus(SmallTokenizer.field(1, piece), 26, 3, 18, 1, 65), "by a table"),
                Arguments.of(
                        "huge piece",
                        SmallTokenizer.field(1, SmallTokenizer.piece("a".repeat(100_000), 0, 1)),
                        "100000 characters"),
                Arguments.of(
                        "some bytes only",
                        plus(
                                SmallTokenizer.field(1, SmallTokenizer.piece("<unk>", 0, 2)),
                                SmallTokenizer.field(1, SmallTokenizer.piece("<0x00>", 0, 6))),
                        "1 of the 256 bytes"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("models")
    void sentencePieceModelsThatAreNoneAreNamed(String name, byte[] file, String expected) throws IOException {
        Files.write(folder.resolve("tokenizer.model"), file);
        MalformedTokenizers.requireLine(expected, () -> Tokenizer.open(folder));
    }

    private static byte[] twice(byte[] bytes) {
        return plus(bytes, bytes);
    }

    private static byte[] plus(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static byte[] plus(byte[] first, int... rest) {
        byte[] bytes = new byte[rest.length];
        for (int i = 0; i < rest.length; i++) {
            bytes[i] = (byte) rest[i];
        }
        return plus(first, bytes);
    }
}
