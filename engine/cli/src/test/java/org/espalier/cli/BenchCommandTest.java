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

    @Test
    void tablesHaveLlamaBenchsShape() {
        String gqa = Golden.resource("gqa").toString();
        String mha = Golden.resource("mha").toString();
        String quick = " --prompt 4 --generate 2 --repetitions 2 --warm-up 0 --threads 1 --device cpu";
        List<String> table = lines("bench " + gqa + " --against " + mha + quick + " --output md");
        assertEquals("| model | size | params | backend | threads | test | t/s | ratio |", table.getFirst());
        assertEquals(6, table.size());
        String number = "\\d+\\.\\d\\d ± \\d+\\.\\d\\d";
        assertTrue(
                table.get(2)
                        .substring(gqa.length())
                        .matches("\\|? *.*\\| 0\\.00 GiB \\| 0\\.\\d\\d M \\| cpu \\| 1 \\| pp4 \\| " + number + " \\| "
                                + number + " \\|"),
                table.get(2));
        assertTrue(table.getLast().endsWith(" |  |"), table.getLast());

        List<String> csv = lines("bench " + gqa + quick + " --output csv");
        assertEquals(3, csv.size());
        List<String> heads = List.of(csv.getFirst().split(","));
        List<String> cells = List.of(csv.get(1).split(","));
        assertEquals("pp4", cells.get(heads.indexOf("test")));
        assertEquals("", cells.get(heads.indexOf("ratio")));
        assertEquals(heads.size(), cells.size());
        long weights = Long.parseLong(cells.get(heads.indexOf("model_size")));
        assertTrue(Long.parseLong(cells.get(heads.indexOf("peak_bytes"))) > weights, csv.get(1));
    }

    @Test
    void footprintsAreOfEachModel() throws IOException {
        String gqa = Golden.resource("gqa").toString();
        String quick = " --prompt 6 --generate 2 --repetitions 1 --warm-up 0 --device cpu --output json";
        JsonNode model = new ObjectMapper()
                .readTree(String.join("", lines("bench " + gqa + quick)))
                .at("/models/0");
        JsonNode info =
                new ObjectMapper().readTree(Ran.engine("info", gqa, "--json").output());
        assertEquals(info.get("parameters"), model.get("parameters"));
        assertEquals(info.get("weight_bytes"), model.get("weight_bytes"));
        assertEquals(
                6 * info.get("cache_bytes_per_token").asLong(),
                model.get("cache_bytes").asLong());
        assertTrue(
                model.get("peak_bytes").asLong()
                        > model.get("weight_bytes").asLong()
                                + model.get("cache_bytes").asLong(),
                model::toString);
        assertTrue(model.get("load_seconds").asDouble() > 0, model::toString);
    }

    private static List<String> lines(String line) {
        return Ran.engine(line.split(" ")).output().lines().toList();
    }
}
