package org.espalier.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.error.Failure;

/** Plain text from files. A byte order mark at the start belongs to the file, not to its text. */
public final class TextFile {

    private TextFile() {}

    /**
     * The content of a UTF-8 file, which may be empty.
     *
     * @throws Failure if it cannot be read, or is not UTF-8, with what it is instead where its first bytes show that
     */
    public static String read(Path file) {
        requireText(file);
        try {
            return ByteOrderMark.skipped(Files.readString(file));
        } catch (CharacterCodingException e) {
            throw notUtf8(file, e);
        } catch (IOException e) {
            throw new Failure("file cannot be read", file.toString(), "check it and its permissions", e);
        }
    }

    /**
     * The text of a small UTF-8 file.
     *
     * @param limit most bytes that it may have
     * @throws Failure as above, or if it is larger
     */
    public static String read(Path file, long limit) {
        byte[] bytes = Json.readFile(file, limit);
        FileKind.requireText(bytes, file);
        try {
            return ByteOrderMark.skipped(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException e) {
            throw notUtf8(file, e);
        }
    }

    /** @throws Failure if it is not there, or its first bytes show that it is no text */
    static void requireText(Path file) {
        requireFile(file, "name a text file");
        try {
            FileKind.requireText(file);
        } catch (IOException e) {
            throw new Failure("file cannot be read", file.toString(), "check it and its permissions", e);
        }
    }

    /** @throws Failure if it is a folder, or not there */
    static void requireFile(Path file, String advice) {
        if (Files.isDirectory(file)) {
            throw new Failure("is a folder", file.toString(), advice);
        }
        if (!Files.exists(file)) {
            throw new Failure("no such file", file.toString(), "check the path");
        }
    }

    static Failure notUtf8(Path file, CharacterCodingException e) {
        return new Failure("file is not UTF-8 text", file.toString(), "convert it to UTF-8", e);
    }
}
