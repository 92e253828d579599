package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.espalier.backend.Backend;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.format.TensorEntry;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.text.BpeTrainer;
import org.espalier.text.Tokenizer;
import org.espalier.text.TokenizerSettings;
import org.junit.jupiter.api.Test;

/** A very small model learns something of the stories, and the same at any number of threads. */
class PretrainingTest {

    private static final int STEPS = 40;
    private static final TokenizerSettings SPECIAL = new TokenizerSettings(
            Optional.of(BpeTrainer.BEGIN),
            Optional.of(BpeTrainer.END),
            List.of(),
            Optional.empty(),
            Optional.of(true),
            Optional.empty());

    @Test
    void lossFallsAndWeightsDoNotDependOnThreads() throws IOException {
        List<Double> losses = new ArrayList<>();
        long one = train(1, losses);
        assertEquals(one, train(2, new ArrayList<>()));
        assertEquals(Math.log(300), losses.getFirst(), 0.3, "a fresh model guesses");
        assertTrue(losses.getLast() < losses.getFirst() - 1, "losses " + losses);
    }

    private static long train(int threads, List<Double> losses) throws IOException {
        StoryGrammar stories = new StoryGrammar();
        BpeTrainer bpe = BpeTrainer.train(
                IntStream.range(0, 50).mapToObj(i -> stories.story(3, i)).toList(), 300);
        ModelConfig config = Llama.config(
                new ModelConfig.Sizes(bpe.size(), 32, 8, List.of(new LayerConfig(4, 2, 48)), 128),
                1e-5,
                RotaryConfig.plain(10000),
                true,
                Biases.NONE);
        try (Backend backend = new CpuBackend(threads);
                Tokenizer tokenizer = Tokenizer.fromJson(bpe.tokenizerJson().toString(), SPECIAL);
                Pretraining training =
                        new Pretraining(backend, config, tokenizer, new Pretraining.Settings(STEPS, 256, 1e-2, 3))) {
            training.train((step, result) -> losses.add(result.loss()));
            CRC32 sum = new CRC32();
            for (TensorEntry weight : training.weights()) {
                weight.content().writeTo(bytes -> sum.update(bytes.toArray(ValueLayout.JAVA_BYTE)));
            }
            return sum.getValue();
        }
    }
}
