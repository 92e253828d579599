package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.job.DemoModel;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The vocabulary as a unit, from the count of its tokens to a model that learns from the one that has them all. */
class TokenUnitsTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        DemoModel.writeTo(folder.resolve("m"));
        Files.write(folder.resolve("text"), DemoModel.stories(1, 40));
        Files.write(folder.resolve("unseen"), DemoModel.stories(2, 6));
    }

    private JsonNode json(String command) throws IOException {
        return new ObjectMapper().readTree(run(command).output());
    }

    private Ran run(String command) {
        return Ran.engine(Stream.of(command.split(" "))
                .map(word -> word.replace("@", folder.toString()))
                .toArray(String[]::new));
    }

    private Plan plan(String out) {
        return PlanFile.read(folder.resolve(out + "/plan.json"));
    }

    private Plan.Group tokens(String out) {
        return plan(out).kept().tokens().orElseThrow();
    }

    /** It predicts what is left as the whole model does, so that nothing diverges; texts become more tokens, and take more bits. */
    @Test
    void tokensThatTextsDoNotUseGo() throws IOException {
        JsonNode pruned = json("prune @/m --units tokens --token-texts @/text --token-uses 40 --out @/p --json");
        Plan.Group kept = tokens("p");
        assertTrue(kept.kept().length >= 258 && kept.kept().length < 640, () -> kept.kept().length + " are left");
        assertEquals(0, kept.kept().length % 64);
        assertEquals(40, kept.counted().least());
        assertEquals("uses", plan("p").choice().criterion());
        int hidden = json("info @/m --json").get("hidden_size").asInt();
        assertEquals(
                (640L - kept.kept().length) * hidden,
                pruned.get("parameters_before").asLong()
                        - pruned.get("parameters_after").asLong());
        JsonNode info = json("info @/p --json");
        assertEquals(kept.kept().length, info.get("vocab_size").asInt());
        assertEquals(pruned.get("parameters_after"), info.get("parameters"));
        JsonNode near = json("eval divergence @/p --reference @/m --data @/unseen --seq-len 32 --max-windows 4 --json");
        assertEquals(0, near.get("kl_mean").asDouble(), 1e-9);
        assertEquals(near.get("reference_ppl").asDouble(), near.get("ppl").asDouble(), 1e-6);
        JsonNode whole = ppl("m");
        JsonNode left = ppl("p");
        assertEquals(
                left.get("nll").asDouble() / left.get("bytes").asLong() / Math.log(2),
                left.get("bits_per_byte").asDouble(),
                1e-12);
        assertTrue(left.get("bytes").asLong() < whole.get("bytes").asLong(), "as many tokens are fewer bytes");
        assertTrue(left.get("bits_per_byte").asDouble()
                > whole.get("bits_per_byte").asDouble());
        assertTrue(run("plan show @/p/plan.json").output().contains(", %,d tokens kept".formatted(kept.kept().length)));
        json("compact @/m --plan @/p/plan.json --out @/again --json");
        assertEquals(-1, Files.mismatch(file("p", "model.safetensors"), file("again", "model.safetensors")));
        assertEquals(-1, Files.mismatch(file("p", "tokenizer.json"), file("again", "tokenizer.json")));
    }

    private Path file(String model, String name) {
        return folder.resolve(model).resolve(name);
    }

    private JsonNode ppl(String model) throws IOException {
        return json("eval ppl @/" + model + " --data @/unseen --seq-len 32 --max-windows 8 --json")
                .at("/results/0");
    }

    /** Alone until the ratio is met, the least used first; beside others before them, which make up the rest. */
    @ParameterizedTest
    @CsvSource({"tokens, 0.03", "'tokens,neurons --token-uses 40', 0.2"})
    void ratiosAreMet(String units, double ratio) throws IOException {
        JsonNode pruned = json("prune @/m --units " + units + " --calibration @/text --samples 8 --seq-len 32 --ratio "
                + ratio + " --out @/p --json");
        double step = 32.0
                * json("info @/m --json").get("hidden_size").asInt()
                / pruned.get("parameters_before").asLong();
        assertEquals(ratio, pruned.get("ratio").asDouble(), units.equals("tokens") ? step : 0.01);
        assertTrue(tokens("p").kept().length < 640);
        JsonNode far = json("eval divergence @/p --reference @/m --data @/unseen --seq-len 32 --max-windows 4 --json");
        assertTrue(far.get("kl_mean").asDouble() >= 0);
    }

    @Test
    void whatIsLeftLearnsFromTheWholeModel() throws IOException {
        json(
                "prune @/m --units tokens,neurons --token-uses 40 --calibration @/text --samples 8 --seq-len 32 --ratio 0.4 --out @/p --json");
        JsonNode tuned = json("tune @/p --teacher @/m --data @/text --format text --max-samples 36 --held-out 4"
                + " --epochs 3 --batch-size 8 --lr 3e-3 --out @/a --json");
        assertTrue(tuned.get("eval_loss").asDouble() > 0);
        json("merge @/p @/a --out @/r --json");
        String measured = "eval divergence @/%s --reference @/m --data @/unseen --seq-len 32 --max-windows 12 --json";
        double before = json(measured.formatted("p")).get("kl_mean").asDouble();
        double after = json(measured.formatted("r")).get("kl_mean").asDouble();
        assertTrue(after < before, before + " became " + after);
        json("convert @/r --out @/r.gguf --json");
        assertEquals(
                json("tokenize @/r --text Once --json").get("ids"),
                json("tokenize @/r.gguf --text Once --json").get("ids"));
    }

    @Test
    void whatCannotBeIsRefused() throws IOException {
        assertTrue(run("prune @/m --units tokens --out @/p").failure(2).contains("--token-texts FILE"));
        assertTrue(run("prune @/m --token-uses 3 --calibration @/text --out @/p")
                .failure(2)
                .contains("--units tokens"));
        assertTrue(run("prune @/m --units tokens --calibration @/text --compat llm-pruner --out @/p")
                .failure(2)
                .contains("llm-pruner knows no tokens"));
        Files.delete(file("m", "tokenizer.json"));
        String none =
                run("prune @/m --units tokens --token-texts @/text --out @/p").failure(1);
        assertTrue(none.contains("tokens can be taken"), none);
        List<Path> left;
        try (Stream<Path> files = Files.list(folder)) {
            left = files.filter(path -> path.endsWith("p")).toList();
        }
        assertEquals(List.of(), left);
    }
}
