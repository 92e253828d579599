package org.espalier.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.eval.Variety;
import org.espalier.model.Generator;
import org.espalier.model.LayerwiseScorer;
import org.espalier.model.Scorer;
import org.espalier.tape.Observer;
import org.espalier.text.Tokenizer;

/** Measures how well a model writes: how much its continuations repeat themselves, and how likely a reference finds them. */
public final class GenerationJob {

    /**
     * A continuation.
     *
     * @param promptIds tokens of the prompt
     * @param ids       the new tokens, without one that ended the text
     * @param text      of the new tokens
     * @param stopped   whether a token that ends a text came
     */
    public record Text(String prompt, int[] promptIds, int[] ids, String text, boolean stopped) {}

    /**
     * What was measured.
     *
     * @param device       that computed, for example {@code cpu}
     * @param texts        one for each prompt
     * @param tokens       of all continuations
     * @param referencePpl the reference's perplexity of these tokens, each given its prompt and those before; empty without one
     */
    public record Result(String device, List<Text> texts, Variety variety, long tokens, OptionalDouble referencePpl) {}

    private final Engine engine;
    private final GenerationSettings settings;

    /** Measures on the devices of {@code engine}, as {@code settings} say. */
    public GenerationJob(Engine engine, GenerationSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Writes and measures. The reference is opened when the model is closed.
     *
     * @param model     a checkpoint folder or a GGUF file
     * @param adapter   folder of a LoRA adapter in PEFT's form
     * @param reference a model of the same tokenizer
     * @throws Failure if a prompt has no tokens or leaves no room in the context, if the model writes nothing or gives no finite
     *     numbers, or the reference does not read the prompts as the same tokens
     */
    public Result run(Path model, Optional<Path> adapter, Optional<Path> reference) {
        settings.requireSound();
        reference.ifPresent(path -> requireSameTokens(model, path));
        String device;
        List<Text> texts;
        try (Tokenizer tokenizer = Tokenizer.open(model);
                OpenModel open = engine.open(model, adapter)) {
            device = open.backend().name();
            texts = texts(tokenizer, open);
        }
        List<int[]> ids = texts.stream().map(Text::ids).toList();
        long tokens = ids.stream().mapToLong(text -> text.length).sum();
        if (tokens == 0) {
            throw new Failure(
                    "the model ends every text at once", model.toString(), "give other prompts with --prompts FILE");
        }
        OptionalDouble ppl =
                reference.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(ppl(reference.get(), texts));
        return new Result(device, texts, Variety.of(ids), tokens, ppl);
    }

    private void requireSameTokens(Path model, Path reference) {
        try (Tokenizer own = Tokenizer.open(model);
                Tokenizer other = Tokenizer.open(reference)) {
            boolean same = own.hasTokensOf(other)
                    && settings.prompts().stream()
                            .allMatch(prompt -> Arrays.equals(own.encode(prompt, true), other.encode(prompt, true)));
            if (!same) {
                throw new Failure(
                        "the tokenizers of model and reference differ",
                        model + ", " + reference,
                        "name the model that this one was made from");
            }
        }
    }

    private List<Text> texts(Tokenizer tokenizer, OpenModel open) {
        List<Text> texts = new ArrayList<>();
        List<String> prompts = settings.prompts();
        try (Progress progress = engine.listener().begin("continuations", "texts", prompts.size())) {
            for (int i = 0; i < prompts.size(); i++) {
                texts.add(text(tokenizer, open, i));
                progress.advance(1);
            }
        }
        return texts;
    }

    private Text text(Tokenizer tokenizer, OpenModel open, int index) {
        String prompt = settings.prompts().get(index);
        int[] ids = tokenizer.encode(prompt, true);
        int room = open.model().config().maxPositions() - ids.length;
        if (ids.length == 0 || room < 1) {
            throw new Failure(
                    "prompt " + (index + 1) + " has " + ids.length + " tokens",
                    open.path() + ", a context of " + open.model().config().maxPositions(),
                    "give prompts that leave room for an answer");
        }
        int most = Math.min(settings.maxTokens(), room);
        try (Generator generator =
                new Generator(open.model(), ids.length + most, Optional.of(settings.sampling(index)))) {
            Continuation continuation = new Continuation(
                    generator,
                    Set.copyOf(tokenizer.eosIds()),
                    () -> FiniteLogits.require(generator.lastLogits(), open));
            TextStream text = new TextStream(tokenizer, ids, piece -> {});
            continuation.run(ids, most, text::add);
            return new Text(prompt, ids, continuation.ids(), text.finish(), continuation.stopped());
        }
    }

    private double ppl(Path reference, List<Text> texts) {
        List<int[]> whole = texts.stream()
                .map(text -> IntStream.concat(IntStream.of(text.promptIds), IntStream.of(text.ids))
                        .toArray())
                .toList();
        double[][] losses = losses(reference, whole);
        double mean = IntStream.range(0, losses.length)
                .boxed()
                .flatMapToDouble(i -> Arrays.stream(losses[i]).skip(texts.get(i).promptIds.length - 1L))
                .average()
                .orElseThrow();
        if (!Double.isFinite(mean)) {
            throw new Failure(
                    "the reference gives no finite likelihood", reference.toString(), "check the model's weights");
        }
        return Math.exp(mean);
    }

    private double[][] losses(Path reference, List<int[]> texts) {
        try (OpenModel open = engine.open(reference);
                Scorer scorer = new Scorer(open.model())) {
            boolean byLayers = open.outgrowsMemory() || !open.model().weights().resident();
            return byLayers
                    ? new LayerwiseScorer(
                                    open.model(),
                                    settings.memory().bytes(),
                                    settings.memory().scratch(),
                                    Observer.NONE)
                            .losses(texts)
                    : scorer.losses(texts);
        }
    }
}
