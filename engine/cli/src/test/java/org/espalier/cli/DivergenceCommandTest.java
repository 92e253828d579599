package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.Shared;
import org.espalier.job.DemoModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The numbers themselves are tested with the job's. */
class DivergenceCommandTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        DemoModel.writeTo(folder.resolve("m"));
        Files.write(folder.resolve("text"), DemoModel.stories(1, 6));
    }

    @Test
    void aPrunedModelIsCompared() throws IOException {
        json("prune @/m --criterion l2 --ratio 0.3 --out @/p --json");
        JsonNode far = json("eval divergence @/p --reference @/m --data @/text --seq-len 32 --max-windows 4 --json");
        assertEquals(
                List.of(
                        "model",
                        "reference",
                        "device",
                        "cpu",
                        "data",
                        "format",
                        "seq_len",
                        "tokens",
                        "kl_mean",
                        "kl_stderr",
                        "kl_median",
                        "kl_p90",
                        "kl_p99",
                        "same_top",
                        "same_top_stderr",
                        "ppl",
                        "ppl_stderr",
                        "reference_ppl",
                        "reference_ppl_stderr",
                        "ppl_ratio",
                        "ppl_ratio_stderr"),
                far.propertyStream().map(key -> key.getKey()).toList());
        assertEquals(4 * 31, far.get("tokens").asInt());
        assertTrue(far.get("kl_mean").asDouble() > 0, far::toString);
        assertTrue(far.get("kl_median").asDouble() <= far.get("kl_p90").asDouble(), far::toString);
        assertTrue(far.get("kl_p90").asDouble() <= far.get("kl_p99").asDouble(), far::toString);
        JsonNode ppl = json("eval ppl @/p --data @/text --seq-len 32 --max-windows 4 --json")
                .at("/results/0/ppl");
        assertEquals(ppl.asDouble(), far.get("ppl").asDouble(), 1e-5 * ppl.asDouble());
        assertEquals(
                far.get("ppl").asDouble() / far.get("reference_ppl").asDouble(),
                far.get("ppl_ratio").asDouble(),
                1e-9);
    }

    @Test
    void textIsForPeople() {
        String text = run("eval divergence @/m --reference @/m --data @/text --seq-len 16 --max-windows 2")
                .output();
        assertTrue(text.contains("KL, mean") && text.contains("100.00 %"), text);
    }

    @Test
    void modelsOfOtherTokenizersAreRefused() throws IOException {
        String line = Refusal.of(
                folder,
                Refusal.FAILED,
                "eval divergence @/m --reference " + Shared.path("models/stories260K") + " --data @/text");
        assertTrue(line.contains("the tokenizers of model and reference give different tokens"), line);
    }

    private JsonNode json(String line) throws IOException {
        return new ObjectMapper().readTree(run(line).output());
    }

    private Ran run(String line) {
        return Ran.engine(line.replace("@", folder.toString()).split(" "));
    }
}
