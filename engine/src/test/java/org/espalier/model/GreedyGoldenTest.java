package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.backend.Backend;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.junit.jupiter.api.Test;

/** Greedy continuations of SmolLM2-135M, read from its quantised GGUF, against transformers on the dequantised weights. */
class GreedyGoldenTest {

    @Test
    void everyPromptContinuesAlike() {
        JsonNode prompts =
                Golden.json(Shared.path("golden/smollm2/greedy.json")).get("prompts");
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(Shared.path("models/smollm2-135m"));
                Model model = Model.open(checkpoint, backend)) {
            assertEquals(6, prompts.size());
            for (JsonNode prompt : prompts) {
                List<Integer> expected = new ArrayList<>();
                prompt.get("ids_out").forEach(id -> expected.add(id.asInt()));
                int[] ids = prompt.get("ids_in")
                        .valueStream()
                        .mapToInt(JsonNode::asInt)
                        .toArray();
                assertEquals(
                        expected,
                        greedy(model, ids, expected.size()),
                        prompt.get("prompt").asText());
            }
        }
    }

    private static List<Integer> greedy(Model model, int[] prompt, int count) {
        List<Integer> ids = new ArrayList<>();
        try (Generator generator = new Generator(model, prompt.length + count)) {
            ids.add(generator.next(prompt));
            while (ids.size() < count) {
                ids.add(generator.next(ids.getLast()));
            }
        }
        return ids;
    }
}
