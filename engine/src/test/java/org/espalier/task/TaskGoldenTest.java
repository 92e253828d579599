package org.espalier.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.model.Continuation;
import org.espalier.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Prompts, choices, answers and tokens of the seven tasks are those of the harness itself. */
class TaskGoldenTest {

    @ParameterizedTest
    @CsvSource({
        "current.jsonl.gz, CURRENT, smollm2-135m, 8192, 1400",
        "legacy.jsonl.gz, LEGACY, smollm2-135m, 8192, 1400",
        "edge.jsonl, CURRENT, smollm2-135m, 8192, 19",
        "stories260K_current.jsonl.gz, CURRENT, stories260K, 512, 1200",
        "stories260K_legacy.jsonl.gz, LEGACY, stories260K, 512, 1200"
    })
    void questionsAreThoseOfTheHarness(String file, Harness harness, String model, int positions, int count) {
        List<JsonNode> recorded = TaskGolden.read(file);
        assertEquals(count, recorded.size());
        Map<String, List<Question>> ours = TaskGolden.ours(recorded, harness);
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path("models/" + model))) {
            for (JsonNode question : recorded) {
                String name = question.get("task").asText() + " " + question.get("index");
                Question own = ours.get(question.get("task").asText())
                        .get(question.get("index").asInt());
                assertEquals(texts(question.get("contexts")), own.contexts(), name);
                assertEquals(texts(question.get("continuations")), own.continuations(), name);
                assertEquals(question.get("target").asInt(), own.right(), name);
                for (int choice = 0; choice < own.continuations().size(); choice++) {
                    tokens(question, own, choice, harness, tokenizer, positions, name + ", choice " + choice);
                }
            }
        }
    }

    private static void tokens(
            JsonNode question,
            Question own,
            int choice,
            Harness harness,
            Tokenizer tokenizer,
            int positions,
            String name) {
        Continuation text = harness.continuation(
                        tokenizer, own.context(choice), own.continuations().get(choice), positions)
                .orElseThrow();
        int given = question.get("n_ctx").get(choice).asInt();
        int ending = question.get("n_cont").get(choice).asInt();
        int cut = Math.max(0, given + ending - positions - 1);
        assertEquals(given - cut, text.first(), name);
        assertEquals(ending, text.length(), name);
        assertArrayEquals(
                Golden.ints(question.get("cont_ids").get(choice)),
                Arrays.copyOfRange(text.ids(), text.first(), text.ids().length),
                name);
    }

    private static List<String> texts(JsonNode texts) {
        return texts.valueStream().map(JsonNode::asText).toList();
    }

    /** The harness moves a context's last blanks to what follows, also where a context is nothing else. */
    @Test
    void blanksAloneAreAContext() {
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path("models/stories260K"))) {
            int[] expected = tokenizer.encode("   cat", true);
            Continuation text =
                    Harness.CURRENT.continuation(tokenizer, "  ", " cat", 512).orElseThrow();
            assertArrayEquals(expected, text.ids());
            assertEquals(tokenizer.encode("", true).length, text.first());
        }
    }
}
