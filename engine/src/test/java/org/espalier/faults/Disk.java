package org.espalier.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder whose system calls fail, as {@code tools/lib/faults.c} has it.
 *
 * @param folder that is watched
 * @param log    what was called
 */
public record Disk(Path folder, Path log) {

    private static final int NO_ROOM = 28;
    private static final int BROKEN = 5;

    /** What goes wrong with a disk. */
    public enum Kind {
        /** One call fails as on a disk that is broken. */
        BROKEN_ONCE(BROKEN, 0, true),
        /** From one call on all that need room fail. */
        FULL(NO_ROOM, 1, true),
        /** One call fails, and names cannot be swapped. */
        BROKEN_WITHOUT_EXCHANGE(BROKEN, 0, false),
        /** From one call on all fail, and names cannot be swapped. */
        GONE(BROKEN, 2, false);

        private final int error;
        private final int further;
        private final boolean exchange;

        Kind(int error, int further, boolean exchange) {
            this.error = error;
            this.further = further;
            this.exchange = exchange;
        }

        /** Whether two names can be swapped. */
        public boolean exchanges() {
            return exchange;
        }
    }

    /** One call that was made since the last fault was set. */
    public record Call(long number, String name, String path, boolean failed) {

        static Call of(String line) {
            String[] fields = line.split("\t", -1);
            return new Call(Long.parseLong(fields[0]), fields[1], fields[2], fields[3].equals("failed"));
        }

        @Override
        public String toString() {
            return number + " " + name + " " + path;
        }
    }

    /** Lets the call of this number fail, counted from here; 0 for none. */
    public void fail(Kind kind, long number) {
        Path order = folder.resolve(
                ".faults/%d/%d/%d/%d".formatted(number, kind.error, kind.further, kind.exchange ? 1 : 0));
        try {
            Files.createDirectory(order);
        } catch (IOException e) {
            throw new UncheckedIOException("not started by tools/faults", e);
        }
    }

    /** Lets all go well. */
    public void mend() {
        fail(Kind.BROKEN_ONCE, 0);
    }

    /** What was called since then. */
    public List<Call> calls() {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.map(Call::of).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
