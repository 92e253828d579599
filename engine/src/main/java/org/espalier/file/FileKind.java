package org.espalier.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;

/**
 * What a file that is no text is by its first bytes. A person who gives one where a text is read is told so, instead of
 * that some byte in it is not UTF-8, or nothing at all.
 *
 * @param name   as it stands after "this is", with its article
 * @param advice what makes a text of it
 */
record FileKind(String name, String advice) {

    /** No mark of the list stands farther from the start; zero bytes are looked for that far. */
    private static final int START = 4096;

    private static final String UNPACK = "unpack it first";
    private static final String EXPORT = "write what it holds to a text file, or to JSON lines for --format jsonl";
    private static final String RECODE = "convert it to UTF-8, for example with 'iconv -t UTF-8 -f ";

    private static final List<Mark> MARKS = List.of(
            hex("5041523115", "a Parquet file", EXPORT),
            mark("ARROW1\u0000\u0000", "an Arrow file", EXPORT),
            hex("ffffffff", "an Arrow stream", EXPORT),
            mark("Obj\u0001", "an Avro file", EXPORT),
            mark("SQLite format 3\u0000", "an SQLite database", EXPORT),
            hex("89484446", "an HDF5 file", EXPORT),
            hex("1f8b", "a gzip file", UNPACK),
            hex("504b0304", "a zip archive, such as a DOCX, XLSX or PyTorch file", UNPACK),
            hex("504b0506", "an empty zip archive", UNPACK),
            hex("28b52ffd", "a Zstandard file", UNPACK),
            new Mark(4, HexFormat.of().parseHex("314159265359"), new FileKind("a bzip2 file", UNPACK)),
            hex("fd377a585a00", "an xz file", UNPACK),
            hex("377abcaf271c", "a 7z archive", UNPACK),
            hex("04224d18", "an LZ4 file", UNPACK),
            new Mark(257, "ustar".getBytes(StandardCharsets.US_ASCII), new FileKind("a tar archive", UNPACK)),
            mark("%PDF-", "a PDF document", "write its text to a file"),
            hex("d0cf11e0a1b11ae1", "an old Office document", "save it as plain text"),
            mark("{\\rtf", "an RTF document", "save it as plain text"),
            hex("4747554602000000", "a GGUF model", "name a file with texts"),
            hex("4747554603000000", "a GGUF model", "name a file with texts"),
            hex("7f454c46", "a program", "name a file with texts"),
            hex("8002", "a Python pickle", EXPORT),
            hex("8003", "a Python pickle", EXPORT),
            hex("8004", "a Python pickle", EXPORT),
            hex("8005", "a Python pickle", EXPORT),
            mark(
                    "version https://git-lfs",
                    "a pointer of Git LFS to a file that is elsewhere",
                    "fetch it with 'git lfs pull'"),
            // Before UTF-16's, with which it begins.
            hex("fffe0000", "UTF-32 text", RECODE + "UTF-32'"),
            hex("0000feff", "UTF-32 text", RECODE + "UTF-32'"),
            hex("fffe", "UTF-16 text", RECODE + "UTF-16'"),
            hex("feff", "UTF-16 text", RECODE + "UTF-16'"));

    /** Bytes that stand at a place in every file of a kind. */
    private record Mark(int first, byte[] bytes, FileKind kind) {

        boolean isIn(byte[] start) {
            return start.length >= first + bytes.length
                    && Arrays.equals(start, first, first + bytes.length, bytes, 0, bytes.length);
        }
    }

    /**
     * Refuses a file that its first bytes show to be no text. Of a pipe nothing is read, because it could not be read again.
     *
     * @throws Failure that names what it is
     */
    static void requireText(Path file) throws IOException {
        if (Files.isRegularFile(file)) {
            try (InputStream in = Files.newInputStream(file)) {
                requireText(in.readNBytes(START), file);
            }
        }
    }

    /** As above, of a file whose content is known. */
    static void requireText(byte[] content, Path file) {
        of(content).ifPresent(kind -> {
            throw new Failure("this is " + kind.name + ", not text", file.toString(), kind.advice);
        });
    }

    /** The kind of a file that begins so, unless it may be a text. */
    static Optional<FileKind> of(byte[] content) {
        byte[] start = Arrays.copyOf(content, Math.min(content.length, START));
        return MARKS.stream()
                .filter(mark -> mark.isIn(start))
                .map(Mark::kind)
                .findFirst()
                .or(() -> zeros(start));
    }

    /** No text in UTF-8 has zero bytes; of UTF-16 without a mark every other one is zero in most languages' texts. */
    private static Optional<FileKind> zeros(byte[] start) {
        int even = 0;
        int odd = 0;
        for (int i = 0; i < start.length; i++) {
            if (start[i] == 0) {
                even += 1 - i % 2;
                odd += i % 2;
            }
        }
        if (even + odd == 0) {
            return Optional.empty();
        }
        int many = start.length / 8;
        if (Math.max(even, odd) > many && Math.min(even, odd) == 0) {
            return Optional.of(new FileKind("UTF-16 text", RECODE + (even > 0 ? "UTF-16BE'" : "UTF-16LE'")));
        }
        return Optional.of(new FileKind("a binary file, with zero bytes", "name a text in UTF-8"));
    }

    private static Mark mark(String ascii, String name, String advice) {
        return new Mark(0, ascii.getBytes(StandardCharsets.US_ASCII), new FileKind(name, advice));
    }

    private static Mark hex(String digits, String name, String advice) {
        return new Mark(0, HexFormat.of().parseHex(digits), new FileKind(name, advice));
    }
}
