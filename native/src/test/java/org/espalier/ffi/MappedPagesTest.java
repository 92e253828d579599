package org.espalier.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedPagesTest {

    private static final int BYTES = 8 << 20;

    @Test
    void pagesThatAreLetGoOfAreNotResidentAndComeBack(@TempDir Path folder) throws IOException {
        byte[] content = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            content[i] = (byte) (i * 31 >> 8);
        }
        Path file = Files.write(folder.resolve("mapped"), content);
        try (Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(file)) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, BYTES, arena);
            MappedPages.ask(mapped);
            assertEquals(-1, mapped.mismatch(MemorySegment.ofArray(content)));
            assertEquals(BYTES, resident(file));
            // Neither end lies on a page's edge: the pages there belong to others, too.
            MappedPages.release(mapped.asSlice(100, BYTES - 300));
            assertEquals(2 * 4096, resident(file));
            assertEquals(content[BYTES / 2], mapped.get(ValueLayout.JAVA_BYTE, BYTES / 2));
            assertEquals(-1, mapped.mismatch(MemorySegment.ofArray(content)));
        }
    }

    @Test
    void nothingSmallerThanAPageIsLetGoOf() {
        try (NativeMemory memory = NativeMemory.allocate(4096, "a page, not aligned to one")) {
            memory.segment().fill((byte) 7);
            MappedPages.release(memory.segment().asSlice(1, 4000));
            assertEquals(7, memory.segment().get(ValueLayout.JAVA_BYTE, 2000));
        }
    }

    /** Resident bytes of the mapping of {@code file}. */
    private static long resident(Path file) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        int at = 0;
        while (!lines.get(at).endsWith(file.toString())) {
            at++;
        }
        String line = lines.subList(at, lines.size()).stream()
                .filter(l -> l.startsWith("Rss:"))
                .findFirst()
                .orElseThrow();
        assertTrue(line.endsWith("kB"), line);
        return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
    }
}
