package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.espalier.Golden;
import org.junit.jupiter.api.Test;

class BenchCommandTest {

    @Test
    void modelsAreMeasuredInTurnsWithTheirRatio() throws IOException {
        String model = Golden.resource("gqa").toString();
        String other = Golden.resource("mha").toString();
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine(
                                "bench",
                                model,
                                "--against",
                                other,
                                "--prompt",
                                "5",
                                "--generate",
                                "3",
                                "--repetitions",
                                "2",
                                "--warm-up",
                                "0",
                                "--threads",
                                "1",
                                "--json")
                        .output());
        assertEquals(
                List.of("pp5", "tg3", "pp5", "tg3"),
                json.get("results")
                        .valueStream()
                        .map(r -> r.get("test").asText())
                        .toList());
        assertEquals(
                List.of(model, model, other, other),
                json.get("results")
                        .valueStream()
                        .map(r -> r.get("model").asText())
                        .toList());
        json.get("results").forEach(result -> {
            JsonNode samples = result.get("samples");
            assertEquals(2, samples.size());
            assertEquals(
                    (samples.get(0).asDouble() + samples.get(1).asDouble()) / 2,
                    result.get("tokens_per_second").asDouble(),
                    1e-6);
            assertEquals(
                    Math.abs(samples.get(0).asDouble() - samples.get(1).asDouble()) / Math.sqrt(2),
                    result.get("stddev").asDouble(),
                    1e-6);
        });
        JsonNode ratio = json.at("/ratios/1");
        assertEquals("tg3", ratio.get("test").asText());
        assertEquals(
                json.at("/results/1/samples/0").asDouble()
                        / json.at("/results/3/samples/0").asDouble(),
                ratio.at("/samples/0").asDouble(),
                1e-9);
        assertEquals(1, json.get("threads").asInt());
    }

    @Test
    void aTestOfNoTokensIsLeftOut() throws IOException {
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine(
                                "bench",
                                Golden.resource("mha").toString(),
                                "--prompt",
                                "0",
                                "--generate",
                                "1",
                                "--repetitions",
                                "1",
                                "--warm-up",
                                "0",
                                "--json")
                        .output());
        assertEquals(1, json.get("results").size());
        assertEquals(0, json.get("ratios").size());
    }

    @Test
    void moreTokensThanTheContextHoldsAreAFailure() {
        String printed = Ran.engine("bench", Golden.resource("mha").toString(), "--prompt", "100000")
                .failure(1);
        assertTrue(printed.contains("100000 tokens"), printed);
    }
}
