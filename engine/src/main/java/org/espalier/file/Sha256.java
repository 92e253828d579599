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
import java.util.Map;
import java.util.TreeMap;
import org.espalier.error.Failure;

/** SHA-256 of files. */
public final class Sha256 {

    private static final int CHUNK = 1 << 20;
    /** A file of up to this size is sampled whole. */
    private static final long WHOLE = 64L << 20;

    private static final int SAMPLE = 4096;

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
            throw unreadable(e, path);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The hash of a file that holds these bytes, in hexadecimal. */
    public static String ofBytes(byte[] bytes) {
        return HexFormat.of().formatHex(digest().digest(bytes));
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

    /** The hash of the lines {@code HASH  NAME} of files in memory, by name. */
    public static String ofContents(Map<String, byte[]> files) {
        MessageDigest digest = digest();
        new TreeMap<>(files).forEach((name, bytes) -> {
            String hash = HexFormat.of().formatHex(digest().digest(bytes));
            digest.update((hash + "  " + name + "\n").getBytes(StandardCharsets.UTF_8));
        });
        return HexFormat.of().formatHex(digest.digest());
    }

    /**
     * A hash by which large files are known again wherever they lie, without reading them whole: of {@code text}, and of
     * each file its size and its bytes; of one over 64 MiB only the first MiB, the first 4 KiB of every further MiB, and the
     * last 4 KiB. For 14 GB that reads 57 MB. Weights that were trained on, pruned, rounded or exchanged differ in it; a
     * few numbers that were changed by hand in a large file may not.
     *
     * @throws Failure if a file cannot be read
     */
    public static String ofSamples(String text, List<Path> files) {
        MessageDigest digest = digest();
        digest.update(text.getBytes(StandardCharsets.UTF_8));
        for (Path file : files) {
            try (FileChannel channel = FileChannel.open(file)) {
                long size = channel.size();
                digest.update(ByteBuffer.allocate(Long.BYTES).putLong(size).flip());
                for (long start = 0; start < size; start += CHUNK) {
                    update(digest, channel, start, size <= WHOLE || start == 0 ? CHUNK : SAMPLE);
                }
                update(digest, channel, Math.max(0, size - SAMPLE), SAMPLE);
            } catch (IOException e) {
                throw unreadable(e, file);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The hash of texts in order, each as its length in bytes of UTF-8, a line feed and these bytes. */
    public static String ofTexts(Iterable<String> texts) {
        MessageDigest digest = digest();
        for (String text : texts) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            digest.update((bytes.length + "\n").getBytes(StandardCharsets.UTF_8));
            digest.update(bytes);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The hash of rows of whole numbers, which need not be there at once: of each row its length and its numbers. */
    public static final class Numbers {

        private final MessageDigest digest = digest();

        /** Adds a row; a number is four bytes, most significant first. */
        public void add(int... row) {
            ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (row.length + 1));
            bytes.putInt(row.length).asIntBuffer().put(row);
            digest.update(bytes.rewind());
        }

        /** The hash of all that was added, in hexadecimal. Nothing can be added after it. */
        public String hash() {
            return HexFormat.of().formatHex(digest.digest());
        }
    }

    private static void update(MessageDigest digest, FileChannel channel, long start, int most) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(most);
        while (bytes.hasRemaining() && channel.read(bytes, start + bytes.position()) >= 0) {}
        digest.update(bytes.flip());
    }

    private static Failure unreadable(IOException e, Path path) {
        return new Failure(
                "file cannot be read: " + e.getMessage(), path.toString(), "check it and its permissions", e);
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java lacks SHA-256", e);
        }
    }
}
