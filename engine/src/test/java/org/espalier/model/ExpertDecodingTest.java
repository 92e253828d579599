package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.backend.Backend;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps whose experts the host has to know are not repeated as they were, though steps of other models are. */
class ExpertDecodingTest {

    private static final int TOKENS = 6;

    @ParameterizedTest
    @CsvSource({"mixtral, cuda", "mixtral, reference", "qwen3_moe, cuda", "qwen3_moe, reference"})
    void greedyTokensThroughTheCache(String family, String backendName) {
        Path folder = Shared.path("golden/families/" + family);
        JsonNode golden = Golden.json(folder.resolve("golden.json"));
        int[] prompt = Golden.ints(golden.get("prompt_ids"));
        int[] expected = Arrays.copyOf(Golden.ints(golden.get("greedy_ids")), TOKENS);
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = Checkpoints.open(folder.resolve("model"));
                Model model = Model.open(checkpoint, backend);
                Generator generator = new Generator(model, prompt.length + TOKENS)) {
            int[] ids = new int[TOKENS];
            ids[0] = generator.next(prompt);
            for (int i = 1; i < TOKENS; i++) {
                ids[i] = generator.next(ids[i - 1]);
            }
            assertEquals(Arrays.toString(expected), Arrays.toString(ids));
        }
    }
}
