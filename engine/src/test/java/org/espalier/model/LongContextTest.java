package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.Backends;
import org.espalier.Families;
import org.espalier.Golden;
import org.espalier.Zeroed;
import org.espalier.backend.Backend;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.ModelContent;
import org.espalier.format.SafetensorsFolder;
import org.espalier.format.TensorEntry;
import org.espalier.model.SharedCache.Part;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** LongRoPE against transformers: beyond the original context every position of a text turns otherwise. */
class LongContextTest {

    private static final int ORIGINAL = 16;

    @TempDir
    private Path folder;

    private JsonNode golden;
    private int[] ids;

    @BeforeEach
    void write() {
        golden = Golden.json(Golden.resource("longrope/phi3.json"));
        ids = Golden.ints(golden.get("ids"));
        try (Checkpoint plain = Checkpoints.open(Families.folder("phi3").resolve("model"))) {
            ObjectNode json = plain.config().deepCopy();
            json.set("rope_parameters", golden.get("rope_parameters"));
            json.set("original_max_position_embeddings", golden.get("original_max_position_embeddings"));
            List<TensorEntry> entries = plain.tensors().values().stream()
                    .map(tensor -> new TensorEntry(
                            tensor.name(), tensor.type(), tensor.shape(), sink -> sink.write(tensor.bytes())))
                    .toList();
            new SafetensorsFolder().write(folder, ModelContent.of(json, entries), true);
        }
    }

    /** Transformers computes rotary tables in float32. */
    @ParameterizedTest
    @CsvSource({"reference, 2e-5", "cpu, 1e-4", "cuda, 1e-4"})
    void logitsOnBothSidesOfTheOriginalContext(String backendName, double tolerance) {
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = Checkpoints.open(folder);
                Model model = Model.open(checkpoint, backend)) {
            assertEquals(128, model.config().maxPositions());
            assertEquals(ORIGINAL, model.config().steadyContext());
            // Side by side, so that each has the positions of its own length.
            List<int[]> texts = IntStream.of(ORIGINAL, ORIGINAL + 1, 24)
                    .mapToObj(length -> Arrays.copyOf(ids, length))
                    .toList();
            double[] logits = Zeroed.logits(model, Packed.of(texts), backend);
            int vocabulary = model.config().vocab();
            int end = 0;
            for (int[] text : texts) {
                end += text.length * vocabulary;
                Golden.assertClose(
                        golden.get("logits")
                                .get(Integer.toString(text.length))
                                .valueStream()
                                .mapToDouble(JsonNode::doubleValue)
                                .toArray(),
                        Arrays.copyOfRange(logits, end - vocabulary, end),
                        tolerance,
                        text.length + " tokens");
            }
        }
    }

    @Test
    void aTextThatGrowsBeyondIsReadAgain() {
        int[] prompt = Arrays.copyOf(ids, golden.get("prompt").intValue());
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(folder);
                Model model = Model.open(checkpoint, backend);
                Generator generator = new Generator(model, 24);
                SharedCache cache = new SharedCache(model, 24)) {
            int[] greedy = new int[12];
            greedy[0] = generator.next(prompt);
            for (int i = 1; i < greedy.length; i++) {
                greedy[i] = generator.next(greedy[i - 1]);
            }
            assertArrayEquals(Golden.ints(golden.get("greedy")), greedy);
            generator.rewind(0);
            assertEquals(greedy[0], generator.next(prompt), "a short text again");
            cache.run(List.of(Part.open(0, 0, Arrays.copyOf(ids, ORIGINAL))));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> cache.run(List.of(Part.open(0, ORIGINAL, new int[] {ids[ORIGINAL]}))));
        }
    }

    /** Ends of texts on both sides, which begin alike. */
    @Test
    void endsOfLongAndShortTextsAreLikelyAsAlone() {
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(folder);
                Model model = Model.open(checkpoint, backend);
                Scorer scorer = new Scorer(model);
                ContinuationScorer ends = new ContinuationScorer(model, 1 << 20)) {
            List<int[]> texts = List.of(Arrays.copyOf(ids, ORIGINAL), ids);
            List<Continuation.Likelihood> likelihoods = ends.likelihoods(
                    texts.stream().map(text -> new Continuation(text, 10)).toList());
            // A text is read without its last token, which is only asked about.
            double[][] alone = scorer.losses(texts);
            for (int t = 0; t < texts.size(); t++) {
                assertEquals(
                        -Arrays.stream(alone[t], 9, alone[t].length).sum(),
                        likelihoods.get(t).logLikelihood(),
                        1e-4);
            }
        }
    }
}
