package org.espalier.tune;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.espalier.error.Failure;

/**
 * Samples in a temporary file: the parts of texts that gave several, as a text is encoded as a whole, which is too long to be done
 * for each part anew.
 */
final class TokenSpool implements AutoCloseable {

    private static final String ADVICE = "make room there, or name another place with -Djava.io.tmpdir";

    private final int most;
    private Path path;
    private FileChannel channel;
    private int size;

    /** @param most tokens of a sample */
    TokenSpool(int most) {
        this.most = most;
    }

    /** Keeps a sample; returns its number. */
    int add(Sample sample) {
        ByteBuffer bytes = ByteBuffer.allocate(2 * Integer.BYTES * sample.tokens());
        bytes.asIntBuffer().put(sample.ids()).put(sample.targets());
        try {
            if (channel == null) {
                path = Files.createTempFile("espalier", ".tokens");
                channel = FileChannel.open(
                        path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
            }
            for (long at = offset(size); bytes.hasRemaining(); ) {
                at += channel.write(bytes, at);
            }
        } catch (IOException e) {
            throw new Failure("the tokens of long texts cannot be kept: " + e.getMessage(), place(), ADVICE, e);
        }
        return size++;
    }

    /** Sample {@code number}, of so many tokens. */
    Sample get(int number, int tokens) {
        ByteBuffer bytes = ByteBuffer.allocate(2 * Integer.BYTES * tokens);
        try {
            for (long at = offset(number); bytes.hasRemaining(); ) {
                int read = channel.read(bytes, at);
                if (read < 0) {
                    throw new IOException("it has become shorter");
                }
                at += read;
            }
        } catch (IOException e) {
            throw new Failure("the tokens of long texts cannot be read: " + e.getMessage(), place(), ADVICE, e);
        }
        int[] ids = new int[tokens];
        int[] targets = new int[tokens];
        bytes.flip().asIntBuffer().get(ids).get(targets);
        return new Sample(ids, targets);
    }

    private long offset(int number) {
        return 2L * Integer.BYTES * most * number;
    }

    private String place() {
        return path == null ? System.getProperty("java.io.tmpdir") : path.toString();
    }

    @Override
    public void close() {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new Failure("a temporary file cannot be closed: " + e.getMessage(), place(), ADVICE, e);
            }
        }
    }
}
