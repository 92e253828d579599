package org.espalier.cli;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.file.Output;
import org.espalier.model.Adapter;
import org.espalier.tune.LoraTraining;
import org.espalier.tune.TrainingData;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code engine tune}: trains a model back with adapters. */
@Command(
        name = "tune",
        description = "Train a pruned model back: LoRA adapters beside all its projections, on texts of yours.",
        footer = {
            "",
            "Formats: alpaca is JSON with instruction, input and output; jsonl has prompt and completion, or text, or the",
            "fields of alpaca; chat has messages of role and content, put into the model's chat template; text is plain",
            "text, a text a line, or between empty lines or lines of <|endoftext|> if there are any. JSON is an array or",
            "an object a line. Only answers count; of text and of plain text everything does.",
            "",
            "The folder holds the adapter in PEFT's form, and training.json with every loss. While --save-every is at",
            "work it holds the adapter so far, and what --resume needs.",
            "",
            "Examples:",
            "  engine tune pruned --data alpaca.json --max-samples 2000 --out adapter",
            "  engine tune pruned --data alpaca.json --recipe llm-pruner --out adapter",
            "  engine tune pruned --data alpaca.json --save-every 50 --out adapter    (and after an interruption:)",
            "  engine tune pruned --data alpaca.json --save-every 50 --out adapter --resume",
            "  engine tune pruned --data stories.txt --epochs 3 --lr 1e-3 --out adapter",
            "then",
            "  engine generate pruned --adapter adapter --prompt 'Once upon a time'",
            "  engine merge pruned adapter --out recovered"
        })
final class TuneCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Mixin
    private DataOptions data;

    @Mixin
    private OutputOptions output;

    @Mixin
    private TuneOptions options;

    @Mixin
    private ResumeOptions resume;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        long start = System.nanoTime();
        if (!resume.resumes()) {
            output.requireFree();
        }
        Recovery recovery = new Recovery(this, data, options, seed.value(), resume, output.path());
        TrainingData samples = recovery.samples(model.path());
        // Begun before the work, so that a place that cannot be written to is not found out after it.
        try (Output out = Output.folder(output.path(), output.force() || resume.replaces());
                OpenModel open = compute.model(model.path())) {
            LoraTraining.Result result =
                    recovery.writeInto(out.path(), model.path().toString(), open, samples);
            try (Adapter adapter = result.adapter()) {
                out.commit();
                report(samples, result, (System.nanoTime() - start) / 1e9);
            }
        } catch (IOException e) {
            throw Output.failure(e, output.path());
        }
    }

    private void report(TrainingData samples, LoraTraining.Result trained, double seconds) {
        Map.Entry<Integer, Double> before = trained.heldOutLosses().firstEntry();
        Map.Entry<Integer, Double> after = trained.heldOutLosses().lastEntry();
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("steps", trained.steps());
        result.put("train_loss", trained.trainLoss());
        result.put("eval_loss", after == null ? null : after.getValue());
        result.put("eval_loss_before", before == null ? null : before.getValue());
        result.put("tokens_per_second", trained.tokensPerSecond());
        result.put("trainable_parameters", trained.trainableParameters());
        result.put("samples", samples.training().size());
        result.put("held_out", samples.heldOut().size());
        result.put("skipped_empty", samples.empty());
        result.put("skipped_too_long", samples.tooLong());
        result.put("seconds", seconds);
        print(result, () -> text(samples, trained, before, after, seconds));
    }

    private String text(
            TrainingData samples,
            LoraTraining.Result trained,
            Map.Entry<Integer, Double> before,
            Map.Entry<Integer, Double> after,
            double seconds) {
        Columns columns = new Columns()
                .row(
                        "trained",
                        "%,d parameters, %d steps, %,d samples"
                                .formatted(
                                        trained.trainableParameters(),
                                        trained.steps(),
                                        samples.training().size()))
                .row("skipped", "%,d without an answer, %,d too long".formatted(samples.empty(), samples.tooLong()))
                .row("train loss", "%.4f".formatted(trained.trainLoss()));
        if (before != null) {
            columns.row(
                    "held-out loss",
                    "%.4f before, %.4f after, on %,d samples"
                            .formatted(
                                    before.getValue(),
                                    after.getValue(),
                                    samples.heldOut().size()));
        }
        columns.row("speed", "%,.0f tokens a second, %.0f s in all".formatted(trained.tokensPerSecond(), seconds));
        return columns.row("wrote", output.path()).toString();
    }
}
