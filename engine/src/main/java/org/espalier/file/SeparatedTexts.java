package org.espalier.file;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.espalier.error.Failure;

/**
 * The texts of a plain file, each read when it is asked for: what lies between lines of {@code <|endoftext|>}, or if there are
 * none between empty lines, or if there are none either each line. Only their places are kept.
 */
public final class SeparatedTexts implements AutoCloseable {

    private static final byte[] END_OF_TEXT = "<|endoftext|>".getBytes(StandardCharsets.US_ASCII);
    private static final int MOST_BYTES = Integer.MAX_VALUE - 8;

    /** What lies between two texts. */
    private enum Separator {
        END_OF_TEXT,
        EMPTY_LINE,
        LINE_END
    }

    private final Path path;
    private final Optional<MappedFile> file;
    private final MemorySegment bytes;
    private final Separator separator;
    private final OffsetTable starts = new OffsetTable();

    private SeparatedTexts(Path path, Optional<MappedFile> file) {
        this.path = path;
        this.file = file;
        bytes = file.map(MappedFile::segment).orElse(MemorySegment.ofArray(new byte[0]));
        separator = separator();
    }

    /**
     * Goes through a file once and checks it.
     *
     * @throws Failure as {@link TextFile#read(Path)}
     */
    public static SeparatedTexts open(Path path) {
        TextFile.requireText(path);
        Optional<MappedFile> file = MappedFile.unlessEmpty(path);
        try {
            SeparatedTexts texts = new SeparatedTexts(path, file);
            texts.find();
            return texts;
        } catch (RuntimeException | Error e) {
            file.ifPresent(MappedFile::close);
            throw e;
        }
    }

    /** How many there are. */
    public int size() {
        return starts.size();
    }

    /** Text {@code index}, from 0, without white space around it and with line feeds alone between its lines. */
    public String get(int index) {
        long start = starts.get(index);
        long end = start;
        while (end < bytes.byteSize() && !separates(end, lineEnd(end))) {
            end = Math.min(bytes.byteSize(), lineEnd(end) + 1);
            if (separator == Separator.LINE_END) {
                break;
            }
        }
        return text(start, end);
    }

    private void find() {
        long start = start();
        for (long line = start; line < bytes.byteSize(); ) {
            long next = Math.min(bytes.byteSize(), lineEnd(line) + 1);
            if (separates(line, lineEnd(line))) {
                add(start, line);
                start = next;
            } else if (separator == Separator.LINE_END) {
                add(start, next);
                start = next;
            }
            line = next;
        }
        add(start, bytes.byteSize());
    }

    private void add(long start, long end) {
        if (end > start && !text(start, end).isEmpty()) {
            starts.add(start);
        }
    }

    /** The first byte that is neither of a byte order mark nor white space. */
    private long start() {
        long start = ByteOrderMark.length(bytes);
        while (start < bytes.byteSize() && isWhite(start, start + 1)) {
            start++;
        }
        return start;
    }

    private Separator separator() {
        boolean text = false;
        boolean emptyAfterText = false;
        Separator found = Separator.LINE_END;
        for (long line = start(); line < bytes.byteSize(); ) {
            long end = lineEnd(line);
            if (isEndOfText(line, end)) {
                return Separator.END_OF_TEXT;
            }
            if (!isWhite(line, end)) {
                found = emptyAfterText ? Separator.EMPTY_LINE : found;
                text = true;
            } else {
                emptyAfterText |= text;
            }
            line = end + 1;
        }
        return found;
    }

    private boolean separates(long line, long end) {
        return switch (separator) {
            case END_OF_TEXT -> isEndOfText(line, end);
            case EMPTY_LINE -> isWhite(line, end);
            case LINE_END -> false;
        };
    }

    private boolean isEndOfText(long line, long end) {
        if (end - line < END_OF_TEXT.length) {
            return false;
        }
        for (int i = 0; i < END_OF_TEXT.length; i++) {
            if (at(line + i) != END_OF_TEXT[i]) {
                return false;
            }
        }
        return isWhite(line + END_OF_TEXT.length, end);
    }

    private boolean isWhite(long from, long end) {
        for (long i = from; i < end; i++) {
            byte b = at(i);
            if (b != ' ' && (b < '\t' || b > '\r')) {
                return false;
            }
        }
        return true;
    }

    private long lineEnd(long from) {
        long end = from;
        while (end < bytes.byteSize() && at(end) != '\n') {
            end++;
        }
        return end;
    }

    private byte at(long offset) {
        return bytes.get(ValueLayout.JAVA_BYTE, offset);
    }

    private String text(long start, long end) {
        if (end - start > MOST_BYTES) {
            throw new Failure(
                    "a text has more than " + MOST_BYTES + " bytes",
                    path.toString(),
                    "put lines of <|endoftext|> between its parts");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.asSlice(start, end - start).toArray(ValueLayout.JAVA_BYTE)))
                    .toString()
                    .replace("\r\n", "\n")
                    .strip();
        } catch (CharacterCodingException e) {
            throw TextFile.notUtf8(path, e);
        }
    }

    @Override
    public void close() {
        file.ifPresent(MappedFile::close);
    }
}
