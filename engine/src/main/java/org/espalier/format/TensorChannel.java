package org.espalier.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Writes tensors to a file one behind the other. */
final class TensorChannel {

    private static final long CHUNK = 64L << 20;

    private final FileChannel channel;

    TensorChannel(FileChannel channel) {
        this.channel = channel;
    }

    /** @throws IllegalStateException if the tensor gives more or fewer bytes than it says */
    void write(TensorEntry entry) throws IOException {
        long begin = channel.position();
        entry.content().writeTo(this::write);
        long written = channel.position() - begin;
        if (written != entry.bytes()) {
            throw new IllegalStateException("tensor " + entry.name() + " is " + entry.type() + " " + entry.shape()
                    + ", " + entry.bytes() + " bytes, but " + written + " were written");
        }
    }

    private void write(MemorySegment bytes) throws IOException {
        for (long offset = 0; offset < bytes.byteSize(); offset += CHUNK) {
            write(bytes.asSlice(offset, Math.min(CHUNK, bytes.byteSize() - offset))
                    .asByteBuffer());
        }
    }

    void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Fills up with zeros to a multiple of {@code alignment}. */
    void pad(int alignment) throws IOException {
        int over = (int) (channel.position() % alignment);
        write(ByteBuffer.allocate(over == 0 ? 0 : alignment - over));
    }
}
