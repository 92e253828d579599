package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.OptionalInt;
import java.util.SequencedMap;
import org.espalier.file.TextFile;
import org.espalier.job.Destination;
import org.espalier.job.GenerateJob;
import org.espalier.job.GenerateSettings;
import org.espalier.job.WritingJob;
import org.espalier.job.WritingSettings;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine generate}: continues a text. */
@Command(
        name = "generate",
        description =
                "Continue a text, which goes to stdout as it is written; or write many texts at once into a file.",
        footer = {
            "",
            "With --out the model writes many texts by itself, as long as --max-tokens says: what would end a text is never",
            "drawn. Each begins with a line of --prefixes, or without it with one to four words drawn by the seed. A .jsonl",
            "file gets an object with text a line, any other plain text with a line of <|endoftext|> between two texts:",
            "engine tune --data and engine prune --calibration read both.",
            "",
            "Examples:",
            "  engine generate models/stories260K --prompt 'Once upon a time' --max-tokens 50",
            "  engine generate model.gguf --chat --prompt 'What is a hedge?' --temperature 0.7 --top-p 0.9",
            "  engine generate model.gguf --texts 512 --max-tokens 256 --out texts.jsonl"
        })
final class GenerateCommand extends EngineCommand {

    private final TerminalText shown = new TerminalText();
    private GenerateSettings settings = GenerateSettings.defaults();
    private boolean temperatureGiven;
    private OptionalInt maxTokensGiven = OptionalInt.empty();

    @Mixin
    private ModelArgument model;

    @Mixin
    private AdapterOption adapter;

    @ArgGroup(multiplicity = "1")
    private Source source;

    @Option(names = "--chat", description = "Put the prompt into the model's chat template.")
    private void chat(boolean chat) {
        settings = settings.chat(chat);
    }

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Most tokens to write (default: ${bundle:default.max-tokens}, less where the context ends).")
    private void maxTokens(int tokens) {
        settings = settings.maxTokens(tokens);
        maxTokensGiven = OptionalInt.of(tokens);
    }

    @Option(
            names = "--temperature",
            paramLabel = "T",
            converter = Converters.Temperature.class,
            description =
                    "Divides the logits; 0 always takes the likeliest token (default: ${bundle:default.temperature}, "
                            + "with --out ${bundle:default.writing-temperature}).")
    private void temperature(double temperature) {
        settings = settings.temperature(temperature);
        temperatureGiven = true;
    }

    @Option(
            names = "--top-k",
            paramLabel = "K",
            converter = Converters.NotNegative.class,
            description = "Draw from the K likeliest tokens; 0 for all (default: ${bundle:default.top-k}).")
    private void topK(int tokens) {
        settings = settings.topK(tokens);
    }

    @Option(
            names = "--top-p",
            paramLabel = "P",
            converter = Converters.Probability.class,
            description =
                    "Draw from the likeliest tokens of this probability together (default: ${bundle:default.top-p}).")
    private void topP(double probability) {
        settings = settings.topP(probability);
    }

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

        @ArgGroup(exclusive = false, multiplicity = "1")
        private Many many;
    }

    /** Many texts into a file. */
    static final class Many {

        @Option(
                names = OutputOptions.OUT,
                paramLabel = "FILE",
                required = true,
                description = "Write many texts into this file.")
        private Path out;

        @Option(names = "--texts", paramLabel = "N", converter = Converters.Positive.class, description = "How many.")
        private Integer texts;

        @Option(names = "--prefixes", paramLabel = "F", description = "UTF-8, the beginning of a text a line.")
        private Path prefixes;

        @Option(names = OutputOptions.FORCE, description = "Replace the file of --out if it exists.")
        private boolean force;

        WritingSettings settings() {
            WritingSettings settings = WritingSettings.defaults();
            settings = texts == null ? settings : settings.texts(texts);
            return prefixes == null ? settings : settings.prefixes(prefixes);
        }
    }

    @Override
    void run() {
        if (source.many != null) {
            writeMany(source.many);
            return;
        }
        String prompt = source.text != null ? source.text : TextFile.read(source.file);
        report(new GenerateJob(compute.engine(), settings.seed(seed.value()))
                .run(model.path(), adapter.path(), prompt, this::show));
    }

    private void writeMany(Many many) {
        if (settings.chat() || settings.topK() != 0 || settings.topP() != 1) {
            throw wrongUsage("--chat, --top-k and --top-p do not go with --out: texts are drawn from all tokens");
        }
        if (temperatureGiven && settings.temperature() == 0) {
            throw wrongUsage("--temperature with --out is above 0: one of 0 would write the same text again and again");
        }
        WritingSettings writing = many.settings().seed(seed.value());
        writing = temperatureGiven ? writing.temperature(settings.temperature()) : writing;
        writing = maxTokensGiven.isPresent() ? writing.maxTokens(maxTokensGiven.getAsInt()) : writing;
        requireSound(writing);
        WritingJob.Result written = new WritingJob(compute.engine(), writing)
                .run(model.path(), adapter.path(), new Destination(many.out, many.force));
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", many.out.toString());
        result.put("texts", written.texts());
        result.put("tokens", written.tokens());
        result.put("tokens_per_second", written.tokensPerSecond());
        result.put("seconds", written.seconds());
        print(
                result,
                () -> new Columns()
                        .row(
                                "texts",
                                "%,d with %,d new tokens, %,.0f a second"
                                        .formatted(written.texts(), written.tokens(), written.tokensPerSecond()))
                        .row("wrote", many.out)
                        .toString());
    }

    /** The text is shown as it is written, unless it goes into the JSON object. */
    private void show(String piece) {
        if (!json()) {
            out().print(Boolean.getBoolean("espalier.terminal.out") ? shown.piece(piece) : piece);
            out().flush();
        }
    }

    private void report(GenerateJob.Result written) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("prompt_ids", written.promptIds());
        result.put("ids", written.ids());
        result.put("text", written.text());
        result.put("finish", written.stopped() ? "stop" : "length");
        result.put("prefill_tokens_per_second", written.prefillTokensPerSecond());
        result.put("decode_tokens_per_second", written.decodeTokensPerSecond());
        print(result, shown::rest);
        listener()
                .detail("read %d tokens at %.1f a second, wrote %d at %.1f a second"
                        .formatted(
                                written.promptIds().length,
                                written.prefillTokensPerSecond(),
                                written.ids().length,
                                written.decodeTokensPerSecond()));
        written.refusal()
                .ifPresent(reason -> listener().detail("the work of a token was not launched as one graph: " + reason));
    }
}
