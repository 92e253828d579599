package org.espalier.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.backend.Backend;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Member;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFile;
import org.espalier.importance.AxisScores;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores;
import org.espalier.job.GoldenRun;
import org.espalier.model.Model;
import org.espalier.model.Transformer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Scores of residual channels, norms and embedding included: every member's against an independent float64 implementation
 * where those are recorded, and the channels that LLM-Pruner removes, in its order, in every channel-wise run but the random
 * one. Among them are criteria on which LLM-Pruner itself fails.
 */
class ChannelScoresGoldenTest {

    private static final double FLOAT32 = 1e-5;

    @ParameterizedTest
    @CsvSource({"mha", "gqa"})
    void theSameChannelsScoreLowest(String name) {
        Path folder = Shared.path("golden/" + name);
        List<int[]> calibration = List.of(
                Golden.ids(Golden.json(Shared.path("golden/calib_ids.json")).get("calib_ids")));
        int runs = 0;
        int recorded = 0;
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(folder.resolve("model"));
                Model model = Model.open(checkpoint, backend)) {
            Units channels = Structure.of(new Transformer(model.config()).shape()).units().stream()
                    .filter(u -> u.group().role() == Role.CHANNELS)
                    .findFirst()
                    .orElseThrow();
            for (JsonNode run : Golden.json(folder.resolve("runs.json")).get("runs")) {
                if (!run.get("mode").asText().equals("channel")
                        || run.get("kind").asText().equals("random")) {
                    continue;
                }
                Method method = new GoldenRun(folder, run).method();
                AxisScores axes = new ModelScores(model, ModelScores.Walking.inMemory())
                        .axes(List.of(channels), method, calibration);
                double[] scores = UnitScores.of(channels, axes, method.aggregate(), method.alignment())
                        .scores();
                int[] removed = ints(run.get("removed_in_score_order"));
                int[] lowest = IntStream.range(0, scores.length)
                        .boxed()
                        .sorted(Comparator.comparingDouble(c -> scores[c]))
                        .limit(removed.length)
                        .mapToInt(Integer::intValue)
                        .toArray();
                assertArrayEquals(removed, lowest, run.get("id").asText());
                runs++;
                Path members = folder.resolve("pruned/" + run.get("id").asText() + ".scores.safetensors");
                if (Files.exists(members)) {
                    compareMembers(run, members, channels, axes, scores);
                    recorded++;
                }
            }
        }
        assertEquals(6, runs);
        assertEquals(3, recorded);
    }

    private static void compareMembers(JsonNode run, Path file, Units channels, AxisScores axes, double[] scores) {
        try (SafetensorsFile golden = SafetensorsFile.open(file)) {
            Golden.assertCloseToLargest(
                    Golden.doubles(golden, "score_f64"),
                    scores,
                    FLOAT32,
                    run.get("id").asText());
            double[] all = Golden.doubles(golden, "members_f64");
            int width = scores.length;
            JsonNode names = run.get("members");
            assertEquals(all.length, names.size() * width);
            for (int m = 0; m < names.size(); m++) {
                String weight = names.get(m).get(0).asText() + ".weight";
                int axis = names.get(m).get(1).asText().equals("in") || weight.contains("embed_tokens") ? 1 : 0;
                Member member = channels.members().stream()
                        .filter(c -> c.tensor().name().equals(weight) && c.axis() == axis)
                        .findFirst()
                        .orElseThrow();
                Golden.assertCloseToLargest(
                        IntStream.range(m * width, (m + 1) * width)
                                .mapToDouble(i -> all[i])
                                .toArray(),
                        axes.along(member),
                        FLOAT32,
                        weight);
            }
        }
    }

    private static int[] ints(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::asInt).toArray();
    }
}
