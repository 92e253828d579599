package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.eval.Variety;
import org.espalier.job.GenerationJob;
import org.espalier.job.GenerationSettings;
import org.espalier.job.Machine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine eval generation}: how well a model writes. */
@Command(
        name = "generation",
        description = "Measure how much a model's sampled texts repeat themselves, and how likely another finds them.",
        footer = {
            "",
            "distinct-n is the share of different n-grams of tokens among all of them. Repetition is the share of a text's",
            "4-grams that came before in it, on average; loops is the share of texts that end in a block of at most 16",
            "tokens three times or more, over 8 tokens at least. Every prompt is continued once, each with its own seed.",
            "",
            "Examples:",
            "  engine eval generation pruned --reference models/smollm2-135m",
            "  engine eval generation model.gguf --prompts prompts.txt --max-tokens 64 --json"
        })
final class GenerationCommand extends EngineCommand {

    private GenerationSettings settings = GenerationSettings.defaults();

    @Mixin
    private EvaluatedModel model;

    @Option(
            names = "--reference",
            paramLabel = "MODEL",
            description =
                    "A model of the same tokenizer, as a rule the one before pruning: its perplexity of the texts.")
    private Path reference;

    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            description = "UTF-8, one prompt a line (default: sixteen beginnings of many kinds of text).")
    private Path prompts;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description =
                    "Most tokens of a text (default: ${bundle:default.generation-max-tokens}, less where the context ends).")
    private void maxTokens(int tokens) {
        settings = settings.maxTokens(tokens);
    }

    @Option(
            names = "--temperature",
            paramLabel = "T",
            converter = Converters.AboveZero.class,
            description = "Divides the logits (default: ${bundle:default.generation-temperature}).")
    private void temperature(double temperature) {
        settings = settings.temperature(temperature);
    }

    @Option(
            names = "--top-k",
            paramLabel = "K",
            converter = Converters.NotNegative.class,
            description = "Draw from the K likeliest tokens; 0 for all (default: ${bundle:default.generation-top-k}).")
    private void topK(int tokens) {
        settings = settings.topK(tokens);
    }

    @Option(
            names = "--top-p",
            paramLabel = "P",
            converter = Converters.Probability.class,
            description = "Draw from the likeliest tokens of this probability together "
                    + "(default: ${bundle:default.generation-top-p}).")
    private void topP(double probability) {
        settings = settings.topP(probability);
    }

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        settings = settings.seed(seed.value()).memory(model.memory());
        requireSound(settings);
        settings = prompts == null ? settings : settings.prompts(prompts);
        report(new GenerationJob(compute.engine(), settings)
                .run(model.path(), model.adapter(), Optional.ofNullable(reference)));
    }

    private void report(GenerationJob.Result result) {
        Variety variety = result.variety();
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("model", model.path().toString());
        json.put("reference", reference == null ? null : reference.toString());
        json.put("device", result.device());
        json.put("cpu", Machine.cpu());
        json.put("max_tokens", settings.maxTokens());
        json.put("temperature", settings.temperature());
        json.put("top_k", settings.topK());
        json.put("top_p", settings.topP());
        json.put("seed", settings.seed());
        json.put("continuations", result.texts().size());
        json.put("tokens", result.tokens());
        json.put("distinct_1", variety.distinct1());
        json.put("distinct_2", variety.distinct2());
        json.put("distinct_3", variety.distinct3());
        json.put("repetition", variety.repetition());
        json.put("loops", variety.loops());
        json.put(
                "reference_ppl",
                result.referencePpl().isPresent() ? result.referencePpl().getAsDouble() : null);
        json.put("texts", result.texts().stream().map(GenerationCommand::entry).toList());
        print(json, () -> text(result));
    }

    private static Map<String, Object> entry(GenerationJob.Text text) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("prompt", text.prompt());
        entry.put("text", text.text());
        entry.put("ids", text.ids());
        entry.put("finish", text.stopped() ? "stop" : "length");
        return entry;
    }

    private static String text(GenerationJob.Result result) {
        Variety variety = result.variety();
        Columns columns = new Columns();
        List.of(
                        Map.entry("distinct-1", variety.distinct1()),
                        Map.entry("distinct-2", variety.distinct2()),
                        Map.entry("distinct-3", variety.distinct3()),
                        Map.entry("repetition", variety.repetition()),
                        Map.entry("loops", variety.loops()))
                .forEach(share -> columns.row(share.getKey(), "%.2f %%".formatted(100 * share.getValue())));
        result.referencePpl().ifPresent(ppl -> columns.row("reference ppl", "%.4f".formatted(ppl)));
        return columns.row("texts", result.texts().size())
                .row("tokens", result.tokens())
                .toString();
    }
}
