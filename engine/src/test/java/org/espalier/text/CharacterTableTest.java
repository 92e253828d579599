package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Optional;
import org.espalier.Golden;
import org.junit.jupiter.api.Test;

/** A table of characters does what Hugging Face's library does by it, and one that is damaged does no harm. */
class CharacterTableTest {

    private static byte[] table() throws IOException {
        return Files.readAllBytes(Golden.resource("tokenizers/characters.bin"));
    }

    @Test
    void textsAreThoseOfTheLibrary() throws IOException {
        CharacterTable table = CharacterTable.of(ByteBuffer.wrap(table())).orElseThrow();
        JsonNode cases =
                Golden.json(Golden.resource("tokenizers/characters.json")).get("cases");
        assertEquals(8, cases.size());
        for (JsonNode each : cases) {
            String text = each.get("text").textValue();
            assertEquals(each.get("normalised").textValue(), table.normalised(text), text);
        }
        // The library looks at these character by character, SentencePiece takes the longest key.
        assertEquals("が|ガ", table.normalised("か\u3099|ｶﾞ"));
    }

    @Test
    void damagedTablesAreNoneOrReplaceSomethingElse() throws IOException {
        byte[] whole = table();
        for (int length = 0; length < whole.length; length += 7) {
            // Without the zero byte at its end there is no table, else it is one with fewer texts.
            CharacterTable.of(ByteBuffer.wrap(whole, 0, length)).ifPresent(table -> table.normalised("ＡＢＣ①②ｶﾞ\u00ad"));
        }
        for (int at = 0; at < whole.length; at += 3) {
            byte[] changed = whole.clone();
            changed[at] ^= (byte) 0xFF;
            Optional<CharacterTable> table = CharacterTable.of(ByteBuffer.wrap(changed));
            assertTrue(
                    table.isEmpty() || table.get().normalised("ＡＢＣ①②ｶﾞ\u00ad").length() < 5000);
        }
        byte[] endless = new byte[1024];
        Arrays.fill(endless, (byte) 'a');
        ByteBuffer.wrap(endless).order(ByteOrder.LITTLE_ENDIAN).putInt(4);
        endless[endless.length - 1] = 0;
        assertTrue(CharacterTable.of(ByteBuffer.wrap(endless)).isEmpty(), "a text without end");
    }
}
