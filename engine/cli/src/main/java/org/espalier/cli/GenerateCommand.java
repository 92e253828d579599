package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.file.TextFile;
import org.espalier.job.GenerateJob;
import org.espalier.job.GenerateSettings;
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

    private final TerminalText shown = new TerminalText();
    private GenerateSettings settings = GenerateSettings.defaults();

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
    }

    @Option(
            names = "--temperature",
            paramLabel = "T",
            converter = Converters.Temperature.class,
            description = "0 always takes the likeliest token (default: ${bundle:default.temperature}).")
    private void temperature(double temperature) {
        settings = settings.temperature(temperature);
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
    }

    @Override
    void run() {
        String prompt = source.text != null ? source.text : TextFile.read(source.file);
        report(new GenerateJob(compute.engine(), settings.seed(seed.value()))
                .run(model.path(), adapter.path(), prompt, this::show));
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
