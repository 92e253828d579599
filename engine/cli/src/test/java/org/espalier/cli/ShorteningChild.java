package org.espalier.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Runs a command in a process of its own, and shortens a file when the command has written so often to stdout and stderr.
 * Arguments: the file, how often, the command.
 */
final class ShorteningChild {

    private static final int LEFT = 4096;

    private ShorteningChild() {}

    public static void main(String[] args) {
        Shortening shortening = new Shortening(Path.of(args[0]), Integer.parseInt(args[1]));
        System.exit(Main.run(
                Arrays.copyOfRange(args, 2, args.length),
                shortening.before(FileDescriptor.out),
                shortening.before(FileDescriptor.err)));
    }

    private static final class Shortening {

        private final Path file;
        private int left;

        Shortening(Path file, int writes) {
            this.file = file;
            this.left = writes;
        }

        PrintStream before(FileDescriptor descriptor) {
            OutputStream out = new FileOutputStream(descriptor);
            return new PrintStream(new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    out.write(b);
                }

                @Override
                public void write(byte[] bytes, int start, int count) throws IOException {
                    wrote();
                    out.write(bytes, start, count);
                }
            });
        }

        private synchronized void wrote() {
            if (--left == 0) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    channel.truncate(LEFT);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }
}
