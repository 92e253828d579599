package org.espalier.tune;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.format.TensorEntry;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;
import org.espalier.model.TensorFiles;
import org.espalier.model.Transformer;
import org.espalier.model.Weights;
import org.espalier.tape.Retention;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;
import org.espalier.text.Tokenizer;

/** Trains all weights of a new model on generated stories. */
public final class Pretraining implements AutoCloseable {

    /** Held-out stories come from far beyond those trained on. */
    private static final long HELD_OUT = 1L << 40;

    private static final int HELD_OUT_STORIES = 200;

    /**
     * How long and how fast to train.
     *
     * @param steps       updates
     * @param batchTokens tokens of an update
     * @param peak        highest learning rate
     * @param seed        of stories and weights
     */
    public record Settings(int steps, int batchTokens, double peak, long seed) {}

    /** Told after every update. */
    @FunctionalInterface
    public interface Listener {
        /** Hears of an update, counted from 0. */
        void step(int step, Trainer.StepResult result);
    }

    private final Backend backend;
    private final Tokenizer tokenizer;
    private final Settings settings;
    private final Map<String, Tensor> weights;
    private final Model model;
    private final Trainer trainer;
    private final int context;

    /**
     * A model of {@code config} with random weights, to be trained on {@code backend}, which must stay open as the
     * tokenizer must.
     */
    public Pretraining(Backend backend, ModelConfig config, Tokenizer tokenizer, Settings settings) {
        this.backend = backend;
        this.tokenizer = tokenizer;
        this.settings = settings;
        this.context = config.maxPositions();
        Transformer transformer = new Transformer(config);
        weights = Initialisation.weights(
                backend, transformer.shape(), config.layers().size(), settings.seed());
        model = Model.of(config, Weights.owning(weights), backend);
        trainer = new Trainer(
                backend,
                batch -> transformer.loss(batch.tokens()),
                model.leaves(Map.of()),
                weights,
                TrainingSettings.fromScratch(),
                Retention.KEEP);
    }

    /** Trains and returns the mean loss of the last tenth of the updates. */
    public double train(Listener listener) {
        StoryGrammar stories = new StoryGrammar();
        TokenBatches batches =
                new TokenBatches(i -> encode(stories.story(settings.seed(), i)), settings.batchTokens(), context);
        LearningRate rate = LearningRate.cosine(
                settings.peak(), settings.peak() / 10, Math.max(1, settings.steps() / 20), settings.steps());
        List<Double> losses = new ArrayList<>();
        for (int step = 0; step < settings.steps(); step++) {
            Trainer.StepResult result = trainer.step(List.of(batches.next()), rate.at(step));
            losses.add(result.loss());
            listener.step(step, result);
        }
        int tail = Math.max(1, losses.size() / 10);
        return losses.subList(losses.size() - tail, losses.size()).stream()
                .mapToDouble(l -> l)
                .average()
                .orElseThrow();
    }

    /** Mean loss on stories that were not trained on, in nats a token. */
    public double heldOutLoss() {
        StoryGrammar stories = new StoryGrammar();
        return trainer.evaluate(IntStream.range(0, HELD_OUT_STORIES)
                .mapToObj(i -> Packed.of(List.of(encode(stories.story(settings.seed(), HELD_OUT + i)))))
                .toList());
    }

    /** The trained weights, rounded to bfloat16 as they are written. Valid until this is closed. */
    public List<TensorEntry> weights() {
        return weights.entrySet().stream()
                .map(w -> TensorFiles.entry(backend, w.getKey(), w.getValue(), DType.BF16))
                .toList();
    }

    /** A story between the tokens that begin and end a text. */
    private int[] encode(String story) {
        IntStream begin = tokenizer.bosId().stream();
        IntStream text = IntStream.of(tokenizer.encode(story, false));
        IntStream end = tokenizer.eosIds().stream().limit(1).mapToInt(id -> id);
        return Stream.of(begin, text, end).flatMapToInt(s -> s).toArray();
    }

    @Override
    public void close() {
        trainer.close();
        model.close();
    }
}
