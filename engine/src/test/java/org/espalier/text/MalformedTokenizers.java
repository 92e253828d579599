package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.Supplier;
import org.espalier.error.Failure;

/** How tests open tokenizers of which something may be wrong. */
final class MalformedTokenizers {

    private static final String TEXT = "ab é<s> b\n  1x";

    private MalformedTokenizers() {}

    /** Opens a tokenizer and uses it, or sees it refused on one line; whether it could be used. */
    static boolean usedOrNamed(Supplier<Tokenizer> open) {
        try (Tokenizer tokenizer = open.get()) {
            tokenizer.decode(tokenizer.encode(TEXT, true), true);
            tokenizer.decode(tokenizer.encode("", false), false);
            tokenizer.decode(new int[] {5, 3, 259, 1}, false);
            return true;
        } catch (Failure e) {
            assertFalse(e.oneLine().lines().count() > 1);
            return false;
        }
    }

    /** A tokenizer is refused on one line that is not long and contains the expected text. */
    static void requireLine(String expected, Supplier<Tokenizer> open) {
        Failure failure = assertThrows(Failure.class, () -> open.get().close());
        String line = failure.oneLine();
        assertTrue(line.contains(expected), line);
        assertTrue(line.length() < 500 && line.lines().count() == 1, line);
    }
}
