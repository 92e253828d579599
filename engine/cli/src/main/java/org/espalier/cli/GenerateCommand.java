package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.espalier.backend.Sampling;
import org.espalier.error.Failure;
import org.espalier.file.TextFile;
import org.espalier.model.Generator;
import org.espalier.text.ChatTemplate;
import org.espalier.text.Tokenizer;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine generate}: continues a text. */
@Command(
        name = "generate",
        description = "Continue a text. The text goes to stdout as it is written.",
        footer = {
            "",
            "Examples:",
            "  engine generate models/stories260K --prompt 'Once upon a time' --max-tokens 50",
            "  engine generate model.gguf --chat --prompt 'What is a hedge?' --temperature 0.7 --top-p 0.9"
        })
final class GenerateCommand extends EngineCommand {

    private static final int DEFAULT_MAX_TOKENS = 256;

    @Mixin
    private ModelArgument model;

    @Mixin
    private AdapterOption adapter;

    @ArgGroup(multiplicity = "1")
    private Source source;

    @Option(names = "--chat", description = "Put the prompt into the model's chat template.")
    private boolean chat;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Most tokens to write (default: " + DEFAULT_MAX_TOKENS + ", less where the context ends).")
    private Integer maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0",
            converter = Converters.Temperature.class,
            description = "0 always takes the likeliest token (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            converter = Converters.NotNegative.class,
            description = "Draw from the K likeliest tokens; 0 for all (default: ${DEFAULT-VALUE}).")
    private int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1",
            converter = Converters.Probability.class,
            description = "Draw from the likeliest tokens of this probability together (default: ${DEFAULT-VALUE}).")
    private double topP;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    /** The one or the other. */
    static final class Source {

        @Option(names = "--prompt", paramLabel = "T", required = true, description = "The text to continue.")
        private String text;

        @Option(
                names = "--prompt-file",
                paramLabel = "F",
                required = true,
                description = "A UTF-8 file with that text.")
        private Path file;
    }

    @Override
    void run() {
        String prompt = source.text != null ? source.text : TextFile.read(source.file);
        try (Tokenizer tokenizer = Tokenizer.open(model.path());
                OpenModel open = compute.model(model.path(), adapter.path())) {
            int[] ids = promptIds(tokenizer, prompt);
            int most = most(ids.length, open.model().config().maxPositions());
            try (Generator generator = new Generator(open.model(), ids.length + most, sampling())) {
                Continuation continuation = new Continuation(generator, Set.copyOf(tokenizer.eosIds()));
                TextStream text = new TextStream(tokenizer, ids, json() ? null : out());
                continuation.run(ids, most, text::add);
                report(generator, ids, continuation, text.finish());
            }
        }
    }

    private int[] promptIds(Tokenizer tokenizer, String prompt) {
        int[] ids = chat ? tokenizer.encode(chatText(tokenizer, prompt), false) : tokenizer.encode(prompt, true);
        if (ids.length == 0) {
            throw new Failure(
                    "prompt holds no tokens", "empty prompt", "give some text with --prompt or --prompt-file");
        }
        return ids;
    }

    private String chatText(Tokenizer tokenizer, String prompt) {
        return ChatTemplate.of(tokenizer, model.path().toString())
                .render(List.of(new ChatTemplate.Message("user", prompt)), true);
    }

    /** Tokens to write: as many as asked for, which must fit, or as many as usual or fit. */
    private int most(int prompt, int context) {
        int most = maxTokens != null ? maxTokens : Math.max(1, Math.min(DEFAULT_MAX_TOKENS, context - prompt));
        if ((long) prompt + most > context) {
            throw new Failure(
                    "%d tokens of prompt and %d new ones do not fit the model's context of %d"
                            .formatted(prompt, most, context),
                    model.path().toString(),
                    "use a shorter prompt or a smaller --max-tokens");
        }
        return most;
    }

    private Optional<Sampling> sampling() {
        return temperature == 0 ? Optional.empty() : Optional.of(new Sampling(temperature, topK, topP, seed.value()));
    }

    private void report(Generator generator, int[] promptIds, Continuation continuation, String text) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("prompt_ids", promptIds);
        result.put("ids", continuation.ids());
        result.put("text", text);
        result.put("finish", continuation.stopped() ? "stop" : "length");
        result.put("prefill_tokens_per_second", continuation.prefillTokensPerSecond());
        result.put("decode_tokens_per_second", continuation.decodeTokensPerSecond());
        print(result, () -> "");
        if (verbose()) {
            note("read %d tokens at %.1f a second, wrote %d at %.1f a second"
                    .formatted(
                            promptIds.length,
                            continuation.prefillTokensPerSecond(),
                            continuation.ids().length,
                            continuation.decodeTokensPerSecond()));
            generator.refusal().ifPresent(why -> note("the work of a token was not launched as one graph: " + why));
        }
    }
}
