package org.espalier.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.espalier.error.Failure;

/** SHA-256 of files. */
public final class Sha256 {

    private static final int CHUNK = 1 << 20;

    private Sha256() {}

    /** The hash of one file's bytes, in hexadecimal. */
    public static String ofFile(Path path) {
        MessageDigest digest = digest();
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
        try (FileChannel channel = FileChannel.open(path)) {
            while (channel.read(buffer) >= 0) {
                digest.update(buffer.flip());
                buffer.clear();
            }
        } catch (IOException e) {
            throw new Failure(
                    "file cannot be read: " + e.getMessage(), path.toString(), "check it and its permissions", e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** One file's hash, or for several the hash of the lines {@code HASH  NAME}. */
    public static String ofFiles(List<Path> files) {
        if (files.size() == 1) {
            return ofFile(files.getFirst());
        }
        MessageDigest digest = digest();
        for (Path file : files) {
            digest.update((ofFile(file) + "  " + file.getFileName() + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java lacks SHA-256", e);
        }
    }
}
