package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.eval.Divergence;
import org.espalier.job.DivergenceJob;
import org.espalier.job.DivergenceSettings;
import org.espalier.job.Machine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine eval divergence}: how far a model's predictions are from another's. */
@Command(
        name = "divergence",
        description = "Measure how far a model's predictions are from those of another, token by token.",
        footer = {
            "",
            "The divergence of a token is KL(reference || model) of the two distributions over the vocabulary, in nats, in",
            "float64 from float32 logits. Windows are those of 'engine eval ppl --protocol llm-pruner'. Errors are standard",
            "errors of means over tokens.",
            "",
            "Example:",
            "  engine eval divergence pruned --reference models/smollm2-135m --data wiki.test.raw --format wikitext"
        })
final class DivergenceCommand extends EngineCommand {

    @Mixin
    private EvaluatedModel model;

    @Option(
            names = "--reference",
            paramLabel = "MODEL",
            required = true,
            description = "The model to compare with, of the same tokenizer: as a rule the one before pruning.")
    private Path reference;

    @Option(names = "--data", paramLabel = "FILE", required = true, description = "A UTF-8 text.")
    private Path data;

    @Mixin
    private WindowOptions windows;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        DivergenceSettings settings =
                DivergenceSettings.on(data, windows.format()).memory(model.memory());
        if (windows.seqLen().isPresent()) {
            settings = settings.seqLen(windows.seqLen().getAsInt());
        }
        if (windows.maxWindows().isPresent()) {
            settings = settings.maxWindows(windows.maxWindows().getAsInt());
        }
        requireSound(settings);
        DivergenceJob.Result result =
                new DivergenceJob(compute.engine(), settings).run(model.path(), model.adapter(), reference);
        report(settings, result.device(), result.measured());
    }

    private void report(DivergenceSettings settings, String device, Divergence.Result measured) {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("model", model.path().toString());
        json.put("reference", reference.toString());
        json.put("device", device);
        json.put("cpu", Machine.cpu());
        json.put("data", data.toString());
        json.put("format", settings.text().format().toString());
        json.put("seq_len", settings.seqLen());
        json.put("tokens", measured.tokens());
        enter(json, "kl_mean", "kl_stderr", measured.kl());
        json.put("kl_median", measured.median());
        json.put("kl_p90", measured.p90());
        json.put("kl_p99", measured.p99());
        enter(json, "same_top", "same_top_stderr", measured.sameTop());
        enter(json, "ppl", "ppl_stderr", measured.ppl());
        enter(json, "reference_ppl", "reference_ppl_stderr", measured.referencePpl());
        enter(json, "ppl_ratio", "ppl_ratio_stderr", measured.pplRatio());
        print(json, () -> text(measured));
    }

    private static void enter(SequencedMap<String, Object> json, String key, String error, Divergence.Mean mean) {
        json.put(key, mean.value());
        json.put(error, mean.stderr());
    }

    private static String text(Divergence.Result measured) {
        return new Columns()
                .row("tokens", measured.tokens(), "")
                .row(
                        "KL, mean",
                        nats(measured.kl().value()),
                        error(measured.kl().stderr()))
                .row("KL, median", nats(measured.median()), "")
                .row("KL, 90 %", nats(measured.p90()), "")
                .row("KL, 99 %", nats(measured.p99()), "")
                .row(
                        "same top token",
                        "%.2f %%".formatted(100 * measured.sameTop().value()),
                        "± %.2f".formatted(100 * measured.sameTop().stderr()))
                .row(
                        "ppl",
                        "%.4f".formatted(measured.ppl().value()),
                        error(measured.ppl().stderr()))
                .row(
                        "reference ppl",
                        "%.4f".formatted(measured.referencePpl().value()),
                        error(measured.referencePpl().stderr()))
                .row(
                        "ppl ratio",
                        "%.4f".formatted(measured.pplRatio().value()),
                        error(measured.pplRatio().stderr()))
                .toString();
    }

    private static String nats(double divergence) {
        return "%.6f".formatted(divergence);
    }

    private static String error(double stderr) {
        return "± %.4g".formatted(stderr);
    }
}
