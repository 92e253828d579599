package org.espalier.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.backend.Backend;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.model.Model;
import org.espalier.model.Scorer;
import org.espalier.text.Tokenizer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Perplexities of real texts, from the text to the figure, against transformers, window by window. */
class PerplexityGoldenTest {

    @ParameterizedTest
    @CsvSource({
        "wikitext2_128,  smollm2-135m, wikitext2/wiki.test.raw,    WIKITEXT,   3, 1e-3",
        "ptb_128,        smollm2-135m, ptb/ptb.valid.txt,          LINES,      3, 1e-3",
        "wikitext2_2048, smollm2-135m, wikitext2/wiki.test.raw,    WIKITEXT,   1, 1e-3",
        "stories260K,    stories260K,  tinystories/validation.txt, TEXT,     300, 1e-4",
        "en10-tok105,    en10-tok105,  tinystories/validation.txt, TEXT,     300, 1e-4"
    })
    void asTransformersHasIt(String key, String name, String data, TextFormat format, int count, double relative) {
        JsonNode golden = Golden.json(Shared.path("golden/smollm2/ppl.json")).get(key);
        Path folder = Shared.path("models/" + name);
        String text = format.read(Shared.path("data/" + data));
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(folder);
                Model model = Model.open(checkpoint, backend);
                Tokenizer tokenizer = Tokenizer.open(folder);
                Scorer scorer = new Scorer(model)) {
            int[] ids = tokenizer.encode(text, true);
            assertEquals(golden.get("n_ids").asInt(), ids.length);
            int[] first = golden.get("first_ids")
                    .valueStream()
                    .mapToInt(JsonNode::asInt)
                    .toArray();
            assertArrayEquals(first, Arrays.copyOf(ids, first.length));
            int width = golden.get("window").asInt();
            Windows windows = new Windows(Protocol.LLM_PRUNER, width, width, count, OptionalInt.empty());
            double[] expected = golden.get("window_nll")
                    .valueStream()
                    .limit(count)
                    .mapToDouble(JsonNode::asDouble)
                    .toArray();
            List<double[]> measured = new ArrayList<>();
            Perplexity.Result result = Perplexity.measure(
                    ids,
                    windows,
                    sequences -> {
                        double[][] losses = scorer.losses(sequences);
                        measured.addAll(List.of(losses));
                        return losses;
                    },
                    data,
                    done -> {});
            assertEquals((long) count * (width - 1), result.predictions());
            assertEquals(count, measured.size());
            for (int window = 0; window < count; window++) {
                double sum = Arrays.stream(measured.get(window)).sum();
                assertEquals(expected[window], sum, relative * expected[window], "window " + window);
            }
            double ppl = Math.exp(Arrays.stream(expected).sum() / result.predictions());
            assertEquals(ppl, result.ppl(), relative * ppl);
        }
    }
}
