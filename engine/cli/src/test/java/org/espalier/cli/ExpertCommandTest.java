package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.espalier.Shared;
import org.espalier.file.Json;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model of six experts, of which each token is given to two, is pruned of some. */
class ExpertCommandTest {

    private static final int NEURONS = 96;

    @TempDir
    private Path folder;

    private String model;

    @BeforeEach
    void write() throws IOException {
        model = Shared.path("golden/families/mixtral/model").toString();
        String row = IntStream.range(0, 40)
                .mapToObj(i -> Integer.toString(i * 53 % 256))
                .toList()
                .toString();
        Files.writeString(folder.resolve("ids.json"), "[" + row + ", [5, 4, 3], [250, 1]]");
    }

    private JsonNode run(String line) throws IOException {
        String[] arguments = line.replace("@", folder.toString()).split("\\s+");
        return new ObjectMapper().readTree(Ran.engine(arguments).output());
    }

    @Test
    void expertsGoByWhatTheyAdd() throws IOException {
        run("prune " + model + " --criterion reap --units experts --ratio 0.3 --mlp-layers 0-1 --ids-file @/ids.json"
                + " --out @/pruned --json");
        JsonNode info = run("info " + folder.resolve("pruned") + " --json");
        assertEquals("[4,4]", info.get("experts").toString());
        assertEquals("[96,96]", info.get("intermediate_sizes").toString());
        JsonNode scores = Json.readObject(folder.resolve("pruned/scores.json")).get("groups");
        JsonNode kept = Json.readObject(folder.resolve("pruned/plan.json")).get("groups");
        for (int layer = 0; layer < 2; layer++) {
            assertEquals("experts", kept.get(layer).get("role").asText());
            double[] of = scores.get(layer)
                    .get("scores")
                    .valueStream()
                    .mapToDouble(JsonNode::asDouble)
                    .toArray();
            int[] best = IntStream.range(0, of.length)
                    .boxed()
                    .sorted((a, b) -> Double.compare(of[b], of[a]))
                    .limit(4)
                    .mapToInt(Integer::intValue)
                    .sorted()
                    .toArray();
            assertArrayEquals(
                    best,
                    kept.get(layer)
                            .get("kept")
                            .valueStream()
                            .mapToInt(JsonNode::asInt)
                            .toArray());
        }
    }

    @Test
    void otherUnitsAreNotScoredByIt() throws IOException {
        String printed = Refusal.of(
                folder,
                Refusal.FAILED,
                "score " + model + " --criterion reap --ids-file @/ids.json --out @/scores.json");
        assertTrue(printed.contains("reap scores experts only"), printed);
    }

    @Test
    void neverFewerStayThanATokenIsGivenTo() throws IOException {
        String printed = Refusal.of(
                folder,
                Refusal.FAILED,
                "prune " + model + " --criterion l2 --units experts --ratio 0.6 --mlp-layers 0-1 --out @/pruned");
        assertTrue(printed.contains("can be removed"), printed);
        run("score " + model + " --criterion l2 --units experts --out @/scores.json --json");
        run("plan " + model
                + " --scores @/scores.json --units experts --ratio 0.53 --mlp-layers 0-1 --out @/plan.json --json");
        run("compact " + model + " --plan @/plan.json --out @/two --json");
        assertEquals(
                "[2,2]",
                run("info " + folder.resolve("two") + " --json").get("experts").toString());
        ObjectNode plan = Json.readObject(folder.resolve("plan.json"));
        plan.remove("groups");
        JsonNode neurons = plan.get("layers").get(0).get("kept_neurons");
        int first = neurons.get(0).asInt();
        ((ObjectNode) plan.get("layers").get(0))
                .set(
                        "kept_neurons",
                        new ObjectMapper()
                                .valueToTree(
                                        IntStream.range(first, first + NEURONS).toArray()));
        Files.write(folder.resolve("one.json"), Json.toBytes(plan));
        String refused = Refusal.of(folder, Refusal.FAILED, "compact " + model + " --plan @/one.json --out @/one");
        assertTrue(refused.contains("keeps 1 of its experts, and each token is given to 2"), refused);
    }
}
