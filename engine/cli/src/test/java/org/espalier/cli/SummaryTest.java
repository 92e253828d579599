package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.job.Openers;
import org.espalier.report.Comparison;
import org.espalier.report.Direction;
import org.espalier.report.Measure;
import org.espalier.report.StandardMeasure;
import org.espalier.report.Unit;
import org.junit.jupiter.api.Test;

/** What a run prints has whatever was measured, also what no command measures today. */
class SummaryTest {

    private static final Comparison RUN = new Comparison(
            Comparison.FORMAT_VERSION,
            "t",
            new Comparison.Circumstances(
                    "m", "cpu", "a processor", 2, "engine run", Map.of(), Map.of("pruning", 3.0), Map.of()),
            "Once",
            List.of(stage("dense", 1000, 0.5), stage("pruned", 800, 0.75)),
            null,
            null,
            null,
            null);

    private static final Summary SUMMARY = new Summary(
            RUN,
            Path.of("out"),
            new Openers("LlamaForCausalLM", Optional.of("widths differ from layer to layer"), true));

    private static Comparison.Stage stage(String name, long parameters, double surprise) {
        Measure made = new Measure("surprise", surprise, Unit.NATS, Direction.LESS, "of 3 readers");
        return new Comparison.Stage(name, null, List.of(StandardMeasure.PARAMETERS.of(parameters), made), " upon");
    }

    @Test
    void theTableHasARowForEveryMeasure() {
        List<String> rows = SUMMARY.text()
                .lines()
                .limit(3)
                .map(row -> row.strip().replaceAll(" +", " "))
                .toList();
        assertEquals(List.of("dense pruned", "parameters 1,000 800 −20.0 %", "surprise 0.500 0.750 +0.250"), rows);
    }

    @Test
    void theLastLineSaysWhatOpensTheResult() {
        assertEquals(
                "pruned opens in transformers with trust_remote_code, and in this engine, not in LlamaForCausalLM: widths differ"
                        + " from layer to layer",
                SUMMARY.text().lines().toList().getLast());
    }

    @Test
    void stagesInJsonAreThoseOfTheFile() {
        JsonNode stages = new ObjectMapper().valueToTree(SUMMARY.json()).get("stages");
        assertEquals(800, stages.at("/1/parameters").asInt());
        assertEquals("surprise", stages.at("/1/measures/0/name").asText());
        assertEquals(0.75, stages.at("/1/measures/0/value").asDouble());
    }
}
