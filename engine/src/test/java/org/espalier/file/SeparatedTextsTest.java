package org.espalier.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SeparatedTextsTest {

    private static final List<String> PIECES = List.of(
            "a",
            "é",
            "\u65e5",
            "\uD83D\uDE00",
            " ",
            "\t",
            "\n",
            "\n",
            "\r\n",
            "\n\n",
            "\n<|endoftext|>",
            "<|endoftext|>");

    @TempDir
    private Path folder;

    @Test
    void whatSeparatesTextsFollowsFromTheFile() throws IOException {
        assertEquals(List.of("one", "two"), texts("one\ntwo\n"));
        assertEquals(List.of("one", "two\nthree", "four"), texts("one\n\ntwo\nthree\n \n\nfour"));
        assertEquals(List.of("one\n\ntwo", "three"), texts("one\n\ntwo\n<|endoftext|>\nthree\n<|endoftext|>\n"));
        assertEquals(List.of("one", "two"), texts(" one \r\ntwo\r\n"));
        assertEquals(List.of("one"), texts("one"));
        assertEquals(List.of("one", "two"), texts("\n\none\ntwo\n\n"));
        assertEquals(List.of("one", "two"), texts("\uFEFFone\ntwo"));
        assertEquals(List.of(), texts(" \n"));
        assertEquals(List.of(), texts("\uFEFF"));
        assertEquals(List.of(), texts(""));
    }

    @Test
    void asIfTheWholeFileWereSplit() throws IOException {
        Random random = new Random(1);
        for (int trial = 0; trial < 400; trial++) {
            int kinds = 1 + random.nextInt(PIECES.size());
            String content = IntStream.range(0, random.nextInt(30))
                    .mapToObj(_ -> PIECES.get(random.nextInt(kinds)))
                    .collect(Collectors.joining());
            assertEquals(split(content), texts(content), () -> "of " + Arrays.toString(content.toCharArray()));
        }
    }

    @Test
    void whatIsNotUtf8IsRefused() throws IOException {
        Path file = Files.write(folder.resolve("latin.txt"), new byte[] {'a', '\n', (byte) 0xE9, 'b', '\n'});
        Failure failure = assertThrows(Failure.class, () -> SeparatedTexts.open(file));
        assertTrue(failure.oneLine().contains("not UTF-8"), failure.oneLine());
    }

    /** As texts were separated while files were read whole. */
    private static List<String> split(String content) {
        String unix = content.replace("\r\n", "\n").strip();
        Pattern separator =
                List.of(Pattern.compile("(?m)^<\\|endoftext\\|>\\s*$"), Pattern.compile("(?m)^\\s*\\n")).stream()
                        .filter(s -> s.matcher(unix).find())
                        .findFirst()
                        .orElse(Pattern.compile("\n"));
        return Arrays.stream(separator.split(unix))
                .map(String::strip)
                .filter(t -> !t.isEmpty())
                .toList();
    }

    private List<String> texts(String content) throws IOException {
        Path file = Files.writeString(folder.resolve("texts.txt"), content);
        try (SeparatedTexts texts = SeparatedTexts.open(file)) {
            return IntStream.range(0, texts.size()).mapToObj(texts::get).toList();
        }
    }
}
