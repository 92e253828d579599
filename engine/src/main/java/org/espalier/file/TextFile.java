package org.espalier.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.error.Failure;

/** Plain text from files. */
public final class TextFile {

    private TextFile() {}

    /**
     * The content of a UTF-8 file, which may be empty.
     *
     * @throws Failure if it cannot be read or is not UTF-8
     */
    public static String read(Path file) {
        if (Files.isDirectory(file)) {
            throw new Failure("is a folder", file.toString(), "name a text file");
        }
        if (!Files.exists(file)) {
            throw new Failure("no such file", file.toString(), "check the path");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new Failure("file is not UTF-8 text", file.toString(), "convert it to UTF-8", e);
        } catch (IOException e) {
            throw new Failure("file cannot be read", file.toString(), "check it and its permissions", e);
        }
    }
}
