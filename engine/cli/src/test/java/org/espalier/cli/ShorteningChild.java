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
import org.espalier.cli.faults.CommandProcess;

/**
 * Runs commands in a process of its own, and shortens a file when a command has written so often to stdout and stderr. The words
 * of each: the file, how often, the command.
 */
final class ShorteningChild {

    private static final int LEFT = 4096;

    private ShorteningChild() {}

    public static void main(String[] none) throws IOException {
        CommandProcess.serve(words -> {
            Shortening shortening = new Shortening(Path.of(words[0]), Integer.parseInt(words[1]));
            return Main.run(
                    Arrays.copyOfRange(words, 2, words.length),
                    shortening.before(OutputStream.nullOutputStream()),
                    shortening.before(new FileOutputStream(FileDescriptor.err)));
        });
    }

    private static final class Shortening {

        private final Path file;
        private int left;

        Shortening(Path file, int writes) {
            this.file = file;
            this.left = writes;
        }

        PrintStream before(OutputStream out) {
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
