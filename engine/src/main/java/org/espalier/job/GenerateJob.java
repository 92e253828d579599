package org.espalier.job;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.espalier.error.Failure;
import org.espalier.model.Generator;
import org.espalier.text.ChatTemplate;
import org.espalier.text.Tokenizer;

/** Continues a text. */
public final class GenerateJob {

    /**
     * What was written.
     *
     * @param promptIds              tokens of the prompt
     * @param ids                    the new tokens, without the one that ended the text
     * @param text                   of the new tokens
     * @param stopped                whether a token that ends a text came; else the most tokens were written
     * @param prefillTokensPerSecond of the prompt
     * @param decodeTokensPerSecond  of the tokens after the first, which belongs to the prompt's time; 0 if there are none
     * @param refusal                why a device that could take every token's work as one piece was given it operation by
     *                               operation, if it was so
     */
    public record Result(
            int[] promptIds,
            int[] ids,
            String text,
            boolean stopped,
            double prefillTokensPerSecond,
            double decodeTokensPerSecond,
            Optional<String> refusal) {}

    private final Engine engine;
    private final GenerateSettings settings;

    /** Generates on the devices of {@code engine}, as {@code settings} say. */
    public GenerateJob(Engine engine, GenerateSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Continues a prompt.
     *
     * @param model   a checkpoint folder or a GGUF file
     * @param adapter folder of a LoRA adapter in PEFT's form
     * @param sink    gets the text piece by piece as it becomes certain
     * @throws Failure if the prompt is empty, or does not fit the model's context, or the model gives no finite numbers
     */
    public Result run(Path model, Optional<Path> adapter, String prompt, Consumer<String> sink) {
        try (Tokenizer tokenizer = Tokenizer.open(model);
                OpenModel open = engine.open(model, adapter)) {
            int[] ids = ids(tokenizer, model, prompt);
            int most = most(ids.length, open.model().config().maxPositions(), model);
            try (Generator generator = new Generator(open.model(), ids.length + most, settings.sampling())) {
                Continuation continuation = new Continuation(
                        generator,
                        Set.copyOf(tokenizer.eosIds()),
                        () -> FiniteLogits.require(generator.lastLogits(), open));
                TextStream text = new TextStream(tokenizer, ids, sink);
                continuation.run(ids, most, text::add);
                return new Result(
                        ids,
                        continuation.ids(),
                        text.finish(),
                        continuation.stopped(),
                        continuation.prefillTokensPerSecond(),
                        continuation.decodeTokensPerSecond(),
                        generator.refusal());
            }
        }
    }

    private int[] ids(Tokenizer tokenizer, Path model, String prompt) {
        int[] ids = settings.chat()
                ? tokenizer.encode(inTemplate(tokenizer, model, prompt), false)
                : tokenizer.encode(prompt, true);
        if (ids.length == 0) {
            throw new Failure(
                    "prompt holds no tokens", "empty prompt", "give some text with --prompt or --prompt-file");
        }
        return ids;
    }

    private static String inTemplate(Tokenizer tokenizer, Path model, String prompt) {
        return ChatTemplate.of(tokenizer, model).render(List.of(new ChatTemplate.Message("user", prompt)), true);
    }

    private int most(int prompt, int context, Path model) {
        int most = settings.tokensWithin(context - prompt);
        if ((long) prompt + most > context) {
            throw new Failure(
                    "%d tokens of prompt and %d new ones do not fit the model's context of %d"
                            .formatted(prompt, most, context),
                    model.toString(),
                    "use a shorter prompt or a smaller --max-tokens");
        }
        return most;
    }
}
