package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.format.Tokenizer;
import org.espalier.model.Generator;
import org.espalier.model.Llama;
import org.espalier.model.Scorer;
import org.espalier.report.Comparison;

/** Measures a story model the same way at every stage: its size, quality on unseen stories, speed, and a story of its own. */
final class StageMeter {

    static final String PROMPT = "Once upon a time, there was a kind fox named Ada.";
    static final String STORIES = "unseen stories";

    private static final int LONGEST_TEXT = 220;
    private static final int READ_TOKENS = 256;
    private static final int WRITTEN_TOKENS = 128;
    private static final int REPETITIONS = 5;
    private static final int WARM_UP_SECONDS = 1;

    private final ComputeOptions compute;
    private final List<String> stories;
    private final long seed;

    /** @param stories that no model was trained on */
    StageMeter(ComputeOptions compute, List<String> stories, long seed) {
        this.compute = compute;
        this.stories = stories;
        this.seed = seed;
    }

    /** Measures the model in {@code folder}. */
    Comparison.Stage measure(String name, Path folder) {
        Backend backend = compute.open();
        try (OpenModel open = OpenModel.open(folder, backend); Tokenizer tokenizer = Tokenizer.open(folder)) {
            Llama llama = open.model().llama();
            Comparison.Perplexity perplexity = perplexity(open, tokenizer);
            String text = story(open, tokenizer);
            return new Comparison.Stage(name, folder.getFileName().toString(), llama.shape().parameterCount(),
                    llama.logits(1).tape().flops() / 2, open.checkpoint().weightBytes(), null,
                    speed(Speed.reading(open.model(), READ_TOKENS, seed)), null,
                    speed(Speed.writing(open.model(), WRITTEN_TOKENS, seed)), null, Map.of(STORIES, perplexity), null, text);
        }
    }

    private Comparison.Perplexity perplexity(OpenModel open, Tokenizer tokenizer) {
        List<int[]> ids = stories.stream().map(s -> encode(tokenizer, s)).toList();
        try (Scorer scorer = new Scorer(open.model())) {
            double[] losses = Arrays.stream(scorer.losses(ids)).flatMapToDouble(Arrays::stream).toArray();
            int longest = ids.stream().mapToInt(s -> s.length).max().orElseThrow();
            return new Comparison.Perplexity("each story alone, its begin token given", longest, ids.size(), losses.length,
                    Math.exp(Arrays.stream(losses).average().orElseThrow()));
        }
    }

    /** A story between the tokens that begin and end it, as the model was trained on them. */
    private static int[] encode(Tokenizer tokenizer, String story) {
        IntStream end = tokenizer.eosIds().stream().limit(1).mapToInt(id -> id);
        return IntStream.concat(IntStream.of(tokenizer.encode(story, true)), end).toArray();
    }

    private static String story(OpenModel open, Tokenizer tokenizer) {
        int[] prompt = tokenizer.encode(PROMPT, true);
        try (Generator generator = new Generator(open.model(), prompt.length + LONGEST_TEXT)) {
            Continuation continuation = new Continuation(generator, null, Set.copyOf(tokenizer.eosIds()));
            continuation.run(prompt, LONGEST_TEXT, id -> { });
            return tokenizer.decode(continuation.ids(), true);
        }
    }

    /** The median of some repetitions after the JVM has compiled what is hot. */
    private static double speed(Speed speed) {
        try (speed) {
            speed.warmUp(WARM_UP_SECONDS);
            List<Double> samples = new ArrayList<>();
            for (int i = 0; i < REPETITIONS; i++) {
                samples.add(speed.measure());
            }
            return samples.stream().sorted().toList().get(REPETITIONS / 2);
        }
    }
}
