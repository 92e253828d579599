package org.espalier.job;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.espalier.file.Sha256;
import org.espalier.model.Scorer;
import org.espalier.report.Measure;
import org.espalier.report.TextPerplexity;
import org.espalier.text.Tokenizer;

/**
 * Perplexity of short stories, each alone between the tokens that begin and end it, as a story model is trained on them.
 *
 * @param label   what they are called
 * @param file    in which they stand
 * @param stories that the model has not seen
 */
record StoryEvaluation(String label, Path file, List<String> stories) implements Evaluation {

    @Override
    public List<Measure> measure(OpenModel model, Tokenizer tokenizer, Listener listener) {
        List<int[]> ids = encode(tokenizer);
        try (Scorer scorer = new Scorer(model.model())) {
            double[] losses = Arrays.stream(scorer.losses(ids))
                    .flatMapToDouble(Arrays::stream)
                    .toArray();
            int longest = ids.stream().mapToInt(s -> s.length).max().orElseThrow();
            return List.of(new TextPerplexity(
                            "each alone, its begin token given",
                            longest,
                            ids.size(),
                            losses.length,
                            Math.exp(Arrays.stream(losses).average().orElseThrow()))
                    .measure(label));
        }
    }

    @Override
    public List<Measure> distance(OpenModel model, OpenModel first, Tokenizer tokenizer, Engine engine) {
        try (DivergenceMeter meter = new DivergenceMeter(
                first, model, MemorySettings.defaults(), engine.compute().threads(), engine.listener())) {
            return Distances.of(label, meter.measure(encode(tokenizer), "distance on " + label));
        }
    }

    @Override
    public SequencedMap<String, String> hashes() {
        return new LinkedHashMap<>(Map.of(label, Sha256.ofFile(file)));
    }

    private List<int[]> encode(Tokenizer tokenizer) {
        return stories.stream().map(story -> encode(tokenizer, story)).toList();
    }

    private static int[] encode(Tokenizer tokenizer, String story) {
        IntStream end = tokenizer.eosIds().stream().limit(1).mapToInt(id -> id);
        return IntStream.concat(IntStream.of(tokenizer.encode(story, true)), end)
                .toArray();
    }
}
