package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.espalier.Golden;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pipelines of families with tokenizers of their own, with small vocabularies: ids and texts are those of Hugging Face's libraries. */
class FamilyTokenizersTest {

    @ParameterizedTest
    @ValueSource(strings = {"bloom", "gemma", "phi3"})
    void givesTheSameIdsAndTexts(String family) {
        Path folder = Golden.resource("tokenizers/" + family);
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            JsonNode cases = Golden.json(folder.resolve("cases.json")).get("cases");
            assertEquals(15, cases.size());
            for (JsonNode each : cases) {
                String text = each.get("text").textValue();
                int[] ids = Golden.ints(each.get("ids"));
                assertArrayEquals(ids, tokenizer.encode(text, true), text);
                assertArrayEquals(Golden.ints(each.get("plain")), tokenizer.encode(text, false), text);
                assertEquals(each.get("decoded").textValue(), tokenizer.decode(ids, false), text);
                assertEquals(each.get("without_special").textValue(), tokenizer.decode(ids, true), text);
            }
        }
    }
}
