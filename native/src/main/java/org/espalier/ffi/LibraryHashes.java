package org.espalier.ffi;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * SHA-256 of the libraries that come along. Those of the versions that the build names are listed, so that nothing need be
 * unpacked to know what a file must hold.
 */
final class LibraryHashes {

    private static final String LIST = "libraries.sha256";

    private LibraryHashes() {}

    /** The hash that a library must have: the listed one, else that of what lies in the jar. */
    static String of(JarFile jar, String jarName, JarEntry entry) throws IOException {
        try (InputStream list = LibraryHashes.class.getResourceAsStream(LIST)) {
            String name = "  " + jarName + "/" + entry.getName();
            for (String line : new String(list.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (line.endsWith(name)) {
                    return line.substring(0, line.length() - name.length());
                }
            }
        }
        return ofContent(jar, entry);
    }

    /** The hash of what lies in a jar. */
    static String ofContent(JarFile jar, JarEntry entry) throws IOException {
        try (InputStream in = jar.getInputStream(entry)) {
            return hash(Channels.newChannel(in));
        }
    }

    static String of(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            return hash(channel);
        }
    }

    private static String hash(ReadableByteChannel channel) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        ByteBuffer chunk = ByteBuffer.allocate(1 << 20);
        while (channel.read(chunk) >= 0) {
            digest.update(chunk.flip());
            chunk.clear();
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
