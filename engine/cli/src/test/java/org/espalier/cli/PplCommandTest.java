package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.espalier.Golden;
import org.espalier.Shared;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against windows that transformers scored; all windows of all texts are compared by the model's own tests. */
class PplCommandTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "stories260K, models/stories260K, tinystories/validation.txt, text, llm-pruner, 128, 40",
        "en10-tok105, models/en10-tok105, tinystories/validation.txt, text, llm-pruner, 128, 20",
        "wikitext2_128, models/smollm2-135m, wikitext2/wiki.test.raw, wikitext, llm-pruner, 128, 2",
        "ptb_128, models/smollm2-135m, ptb/ptb.valid.txt, lines, llm-pruner, 128, 2"
    })
    void firstWindowsAgree(
            String key, String model, String data, String format, String protocol, int seqLen, int windows)
            throws IOException {
        JsonNode golden = Golden.json(Shared.path("golden/smollm2/ppl.json")).get(key);
        JsonNode result = ppl(
                        Shared.path(model).toString(),
                        "--data",
                        Shared.path("data/" + data).toString(),
                        "--format",
                        format,
                        "--protocol",
                        protocol,
                        "--max-windows",
                        String.valueOf(windows))
                .at("/results/0");
        double nll = StreamSupport.stream(golden.get("window_nll").spliterator(), false)
                .limit(windows)
                .mapToDouble(JsonNode::asDouble)
                .sum();
        assertEquals(windows, result.get("windows").asInt());
        assertEquals(windows * (seqLen - 1), result.get("predictions").asInt());
        assertEquals(nll, result.get("nll").asDouble(), 1e-4 * nll);
        assertEquals(
                Math.exp(nll / (windows * (seqLen - 1))),
                result.get("ppl").asDouble(),
                1e-3 * result.get("ppl").asDouble());
        assertEquals(protocol, result.get("protocol").asText());
        assertEquals(seqLen, result.get("seq_len").asInt());
    }

    @Test
    void severalTextsHaveAResultEach() throws IOException {
        String model = Shared.path("models/stories260K").toString();
        Path one = Files.writeString(folder.resolve("one"), "Once upon a time there was a little girl. ".repeat(5));
        Path two = Files.writeString(folder.resolve("two"), "The dog ran in the park. ".repeat(9));
        JsonNode json =
                ppl(model, "--data", one.toString(), "--data", two.toString(), "--seq-len", "16", "--stride", "8");
        assertEquals(2, json.get("results").size());
        assertEquals(two.toString(), json.at("/results/1/data").asText());
        assertEquals(8, json.at("/results/1/stride").asInt());
        assertEquals(
                15 + 8 * (json.at("/results/1/windows").asInt() - 1),
                json.at("/results/1/predictions").asInt());
    }

    @Test
    void textShorterThanAWindowIsAFailure() throws IOException {
        String model = Shared.path("models/stories260K").toString();
        Path file = Files.writeString(folder.resolve("short"), "Once upon a time");
        String printed =
                Ran.engine("eval", "ppl", model, "--data", file.toString()).failure(1);
        assertTrue(printed.contains("5 tokens") && printed.contains("--seq-len"), printed);
    }

    @Test
    void windowLongerThanTheContextIsAFailure() throws IOException {
        String model = Shared.path("models/stories260K").toString();
        Path file = Files.writeString(folder.resolve("long"), "Once upon a time. ".repeat(500));
        String printed = Ran.engine("eval", "ppl", model, "--data", file.toString(), "--protocol", "gptq")
                .failure(1);
        assertTrue(printed.contains("512"), printed);
    }

    private static JsonNode ppl(String... arguments) throws IOException {
        String[] line = new String[arguments.length + 3];
        System.arraycopy(arguments, 0, line, 2, arguments.length);
        line[0] = "eval";
        line[1] = "ppl";
        line[line.length - 1] = "--json";
        return new ObjectMapper().readTree(Ran.engine(line).output());
    }
}
