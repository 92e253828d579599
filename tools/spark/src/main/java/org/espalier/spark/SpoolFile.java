package org.espalier.spark;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Consumer;

/**
 * Objects that are made faster than they are taken, and are more than memory holds: they wait in a file that is gone when the
 * last one was taken.
 */
final class SpoolFile<T> implements Iterator<T> {

    private final Path file;
    private final ObjectInputStream stream;
    private T next;

    private SpoolFile(Path file) throws IOException {
        this.file = file;
        this.stream = new ObjectInputStream(new BufferedInputStream(Files.newInputStream(file)));
        advance();
    }

    /** Takes all that {@code making} makes. */
    static <T> SpoolFile<T> of(Consumer<Consumer<T>> making) {
        Path file = null;
        try {
            file = Files.createTempFile("engine-spark", ".parts");
            write(file, making);
            return new SpoolFile<>(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            delete(file);
            throw e;
        }
    }

    private static <T> void write(Path file, Consumer<Consumer<T>> making) throws IOException {
        try (ObjectOutputStream stream =
                new ObjectOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            making.accept(object -> {
                try {
                    stream.writeUnshared(object);
                    // It would remember every object, and keep it.
                    stream.reset();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    @SuppressWarnings("unchecked") // what was written
    private void advance() {
        try {
            next = (T) stream.readUnshared();
        } catch (EOFException e) {
            next = null;
            close();
        } catch (IOException e) {
            close();
            throw new UncheckedIOException(e);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public boolean hasNext() {
        return next != null;
    }

    @Override
    public T next() {
        if (next == null) {
            throw new NoSuchElementException("all was taken");
        }
        T given = next;
        advance();
        return given;
    }

    private void close() {
        try {
            stream.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            delete(file);
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
