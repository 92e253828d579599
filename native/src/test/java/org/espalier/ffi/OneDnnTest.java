package org.espalier.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.ffi.OneDnn.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finding the library, and what is said where it or the processor is of no use. */
class OneDnnTest {

    @TempDir
    Path temporary;

    @Test
    void theProcessorsInstructionsDecide() throws IOException {
        boolean bfloat16 = Files.readString(Path.of("/proc/cpuinfo")).contains(" avx512_bf16");
        switch (OneDnn.state()) {
            case State.Usable usable -> {
                assertTrue(bfloat16, usable.description());
                assertTrue(usable.description().startsWith("oneDNN 3."), usable.description());
            }
            case State.Unusable unusable -> {
                assertFalse(bfloat16, unusable.reason());
                assertEquals("the processor has no bfloat16 instructions", unusable.reason());
            }
        }
    }

    @Test
    void whatIsNoLibraryIsAReason() throws IOException {
        Path text = Files.writeString(temporary.resolve("text.so"), "not a library");
        for (String path : List.of("/nonexistent/libdnnl.so.3", text.toString(), "libm.so.6")) {
            State state = OneDnn.open(Optional.of(path), new LibraryCache(temporary.resolve("unused")));
            State.Unusable unusable = assertInstanceOf(State.Unusable.class, state);
            assertTrue(unusable.reason().contains(path), unusable.reason());
            assertFalse(unusable.reason().contains("\n"), unusable.reason());
        }
        assertFalse(Files.exists(temporary.resolve("unused")));
    }

    @Test
    void cacheThatCannotBeWrittenIsAReason() throws IOException {
        Path file = Files.createFile(temporary.resolve("file"));
        State state = OneDnn.open(Optional.empty(), new LibraryCache(file));
        assertTrue(assertInstanceOf(State.Unusable.class, state).reason().contains("XDG_CACHE_HOME"));
    }
}
