package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.eval.Divergence;
import org.espalier.job.QuantizeJob;
import org.espalier.job.QuantizeSettings;
import org.espalier.job.QuantizeSettings.Form;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine quantize}: stores weights in fewer bits, and says what that costs. */
@Command(
        name = "quantize",
        description = "Store the weights of a model in fewer bits, and say what that costs.",
        footer = {
            "",
            "q8_0, q4_0, q4_1, q6_k and q4_k_m are those of a .gguf file, q4_k_m llama.cpp's mixture of types. int8-row is a",
            "folder of safetensors in the layout of the package compressed-tensors: 8 bits and a scale for each row of the",
            "weights of layers, the rest as it is. All of them run here.",
            "",
            "With --calibration a squared error counts by the inputs that the column meets in these texts (llama.cpp's",
            "importance matrix; q8_0 is the same without), and how far predictions of these texts are from the model's is",
            "measured of what was written. Weights' errors are root mean squares, divided by those of the numbers.",
            "",
            "Examples:",
            "  engine quantize pruned --dtype q8_0 --out pruned.gguf",
            "  engine quantize pruned --dtype q4_k_m --calibration passages.txt --out pruned.gguf",
            "  engine quantize pruned --dtype int8-row --out pruned-int8"
        })
final class QuantizeCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Option(names = "--dtype", order = 1, required = true, paramLabel = "T", description = "${COMPLETION-CANDIDATES}.")
    private Form form;

    @Mixin
    private OutputOptions output;

    @Mixin
    private GivenTexts calibration;

    @Mixin
    private SeedOption seed;

    @Mixin
    private MemoryOptions memory;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        QuantizeSettings settings = QuantizeSettings.to(form)
                .calibration(calibration.settings())
                .memory(memory.settings())
                .seed(seed.value());
        requireSound(settings);
        settings.complaint(output.model()).ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
        report(new QuantizeJob(compute.engine(), settings).run(model.path(), output.destination()));
    }

    private void report(QuantizeJob.Result written) {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("out", output.path().toString());
        json.put("dtype", form.toString());
        json.put("weight_bytes_before", written.bytesBefore());
        json.put("weight_bytes_after", written.bytesAfter());
        json.put("quantized_tensors", written.weights().tensors());
        json.put("weight_error", written.weights().error());
        json.put("worst_tensor", written.weights().worst());
        json.put("worst_weight_error", written.weights().worstError());
        written.measured().ifPresent(measured -> enter(json, measured));
        print(json, () -> text(written));
    }

    private static void enter(SequencedMap<String, Object> json, Divergence.Result measured) {
        json.put("tokens", measured.tokens());
        json.put("ppl_before", measured.referencePpl().value());
        json.put("ppl_after", measured.ppl().value());
        json.put("ppl_ratio", measured.pplRatio().value());
        json.put("ppl_ratio_stderr", measured.pplRatio().stderr());
        json.put("kl_mean", measured.kl().value());
        json.put("kl_stderr", measured.kl().stderr());
        json.put("same_top", measured.sameTop().value());
    }

    private String text(QuantizeJob.Result written) {
        StringBuilder text = new StringBuilder("%,d bytes of weights are %,d (%.1f %%) as %s"
                .formatted(
                        written.bytesBefore(),
                        written.bytesAfter(),
                        100.0 * written.bytesAfter() / written.bytesBefore(),
                        form));
        text.append("%nweights lose %.3f %%, most of them %s: %.3f %%"
                .formatted(
                        100 * written.weights().error(),
                        written.weights().worst(),
                        100 * written.weights().worstError()));
        written.measured()
                .ifPresent(measured -> text.append(
                        "%non %,d tokens of the calibration texts: perplexity %.4f, before %.4f; divergence %.6f; the same likeliest token %.2f %%"
                                .formatted(
                                        measured.tokens(),
                                        measured.ppl().value(),
                                        measured.referencePpl().value(),
                                        measured.kl().value(),
                                        100 * measured.sameTop().value())));
        return text.append("%nwrote %s".formatted(output.path())).toString();
    }
}
