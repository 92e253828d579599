package org.espalier.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.format.ChatTemplate;
import org.espalier.format.Output;
import org.espalier.format.Sha256;
import org.espalier.format.Tokenizer;
import org.espalier.model.Adapter;
import org.espalier.model.Model;
import org.espalier.report.TrainingFile;
import org.espalier.tune.Encoder;
import org.espalier.tune.ExampleFormat;
import org.espalier.tune.Examples;
import org.espalier.tune.LoraSettings;
import org.espalier.tune.LoraTraining;
import org.espalier.tune.Trainer;
import org.espalier.tune.TrainingData;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine tune}: trains a model back with adapters. */
@Command(name = "tune", description = "Train a pruned model back: LoRA adapters beside all its projections, on texts of yours.",
        footer = {"",
            "Formats: alpaca is JSON with instruction, input and output; jsonl has prompt and completion, or text, or the",
            "fields of alpaca; chat has messages of role and content, put into the model's chat template; text is plain",
            "text, a text a line, or between empty lines or lines of <|endoftext|> if there are any. JSON is an array or",
            "an object a line. Only answers count; of text and of plain text everything does.", "",
            "The folder holds the adapter in PEFT's form, and training.json with every loss.", "",
            "Examples:",
            "  engine tune pruned --data alpaca.json --max-samples 2000 --out adapter",
            "  engine tune pruned --data alpaca.json --recipe llm-pruner --out adapter",
            "  engine tune pruned --data stories.txt --epochs 3 --lr 1e-3 --out adapter",
            "then",
            "  engine generate pruned --adapter adapter --prompt 'Once upon a time'",
            "  engine merge pruned adapter --out recovered"})
final class TuneCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Option(names = "--data", paramLabel = "FILE", required = true, description = "Texts to learn from.")
    private Path data;

    @Option(names = "--format", paramLabel = "F",
            description = "${COMPLETION-CANDIDATES} (default: alpaca for .json, jsonl for .jsonl, else text).")
    private ExampleFormat format;

    @Option(names = "--max-samples", paramLabel = "N", converter = Converters.Positive.class,
            description = "Samples to train on at most, drawn by the seed (default: all).")
    private Integer maxSamples;

    @Mixin
    private OutputOptions output;
    @Mixin
    private TuneOptions options;
    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        long start = System.nanoTime();
        TrainingData samples = samples();
        String hash = Sha256.ofFile(data);
        // Begun before the work, so that a place that cannot be written to is not found out after it.
        try (Output out = Output.folder(output.path(), output.force());
                OpenModel open = OpenModel.open(model.path(), compute.open())) {
            LoraSettings settings = options.settings();
            LoraTraining.Result result = train(open.model(), samples, settings);
            try (Adapter adapter = result.adapter()) {
                adapter.writeInto(out.path(), open.backend(), model.path().toString());
                record(samples, hash, settings, result).writeInto(out.path());
                out.commit();
                report(samples, result, (System.nanoTime() - start) / 1e9);
            }
        } catch (IOException e) {
            throw Output.failure(e, output.path());
        }
    }

    private TrainingData samples() {
        try (Tokenizer tokenizer = Tokenizer.open(model.path())) {
            Examples examples = format().read(data, () -> ChatTemplate.of(tokenizer, model.path().toString()));
            return TrainingData.draw(examples, new Encoder(tokenizer, options.cutoff()),
                    maxSamples == null ? Integer.MAX_VALUE : maxSamples, options.heldOut(), options.seed(), data.toString());
        }
    }

    private ExampleFormat format() {
        return format == null ? ExampleFormat.of(data) : format;
    }

    private LoraTraining.Result train(Model open, TrainingData samples, LoraSettings settings) {
        LoraTraining training = new LoraTraining(open, samples, settings);
        try (Progress progress = progress("training", "tokens", training.totalTokens())) {
            return training.train(new LoraTraining.Listener() {
                @Override
                public void advanced(int tokens) {
                    progress.advance(tokens);
                }

                @Override
                public void updated(int step, int steps, Trainer.StepResult done) {
                    if (verbose()) {
                        note("step %d of %d: loss %.4f, gradient norm %.3f".formatted(step, steps, done.loss(),
                                done.gradientNorm()));
                    }
                }

                @Override
                public void evaluated(int step, double loss) {
                    if (verbose()) {
                        note("held-out loss after %d steps: %.4f".formatted(step, loss));
                    }
                }
            });
        }
    }

    private TrainingFile record(TrainingData samples, String hash, LoraSettings settings, LoraTraining.Result result) {
        return new TrainingFile(TrainingFile.FORMAT_VERSION, model.path().toString(),
                TrainingFile.Data.of(data, hash, format().toString(), samples),
                TrainingFile.Settings.of(options.recipe().name(), settings, result.steps(), options.cutoff()),
                TrainingFile.training(result, settings, samples.training().size()));
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

    private String text(TrainingData samples, LoraTraining.Result trained, Map.Entry<Integer, Double> before,
            Map.Entry<Integer, Double> after, double seconds) {
        Columns columns = new Columns()
                .row("trained", "%,d parameters, %d steps, %,d samples".formatted(trained.trainableParameters(),
                        trained.steps(), samples.training().size()))
                .row("skipped", "%,d without an answer, %,d too long".formatted(samples.empty(), samples.tooLong()))
                .row("train loss", "%.4f".formatted(trained.trainLoss()));
        if (before != null) {
            columns.row("held-out loss", "%.4f before, %.4f after, on %,d samples".formatted(before.getValue(), after.getValue(),
                    samples.heldOut().size()));
        }
        columns.row("speed", "%,.0f tokens a second, %.0f s in all".formatted(trained.tokensPerSecond(), seconds));
        return columns.row("wrote", output.path()).toString();
    }
}
