package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SequencedMap;
import org.espalier.job.TuneJob;
import org.espalier.job.TuneSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine tune}: trains a model back with adapters. */
@Command(
        name = "tune",
        description =
                "Train a pruned model back, on texts of yours: LoRA adapters beside all its projections, or all weights.",
        footer = {
            "",
            "Formats: alpaca is JSON with instruction, input and output; jsonl has prompt and completion, or text, or the",
            "fields of alpaca; chat has messages of role and content, or ShareGPT's conversations, put into the model's chat template; text is plain",
            "text, a text a line, or between empty lines or lines of <|endoftext|> if there are any. JSON is an array or",
            "an object a line. Only answers count; of text and of plain text everything does. With --teacher every token",
            "counts, and the losses are those of the mixture that --distil-weight makes, in nats a token.",
            "",
            "The folder holds the adapter in PEFT's form, or with --full the model, as it was when the held-out loss was lowest;",
            "training.json with every loss; and metrics.jsonl, a line an update and a line a look at the held-out texts.",
            "While --save-every is at work it holds what was learned so far, and what --resume needs.",
            "",
            "Of several files texts are drawn so that all along the tokens have the files' shares. None is seen more than",
            "--epochs times, so that the file that runs out first decides how long the training is, unless --max-tokens",
            "does. Texts are held out in the same shares.",
            "",
            "Examples:",
            "  engine tune pruned --data alpaca.json --max-samples 2000 --out adapter",
            "  engine tune pruned --data alpaca.json --recipe llm-pruner --out adapter",
            "  engine tune pruned --data alpaca.json --save-every 50 --out adapter    (and after an interruption:)",
            "  engine tune pruned --data alpaca.json --save-every 50 --out adapter --resume",
            "  engine tune pruned --data stories.txt --epochs 3 --lr 1e-3 --out adapter",
            "  engine tune pruned --data texts.txt --teacher dense --full --out recovered",
            "  engine tune pruned --data books.txt:0.7 --data alpaca.json:0.3 --max-tokens 1000000 --out adapter",
            "  engine tune pruned --data texts.txt --adapter adapter --out further",
            "then",
            "  engine generate pruned --adapter adapter --prompt 'Once upon a time'",
            "  engine merge pruned adapter --out recovered"
        })
final class TuneCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Mixin
    private OutputOptions output;

    @Mixin
    private TuneOptions options;

    @Section(Topic.LEARNING)
    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "Go on from this adapter in PEFT's form, made here or elsewhere (default: fresh ones).")
    private Path start;

    @Mixin
    private DtypeOption dtype;

    @Mixin
    private ResumeOptions resume;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    private OptionalLong maxTokens = OptionalLong.empty();

    @Section(Topic.SAMPLES)
    @Option(
            names = "--max-tokens",
            order = 3,
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Tokens to train on at most, however often each is seen (default: all).")
    private void maxTokens(long tokens) {
        maxTokens = OptionalLong.of(tokens);
    }

    @Override
    void run() {
        TuneSettings chosen = resume.added(options.settings()).seed(seed.value());
        TuneSettings given = maxTokens.isPresent() ? chosen.maxTokens(maxTokens.getAsLong()) : chosen;
        TuneSettings begun = start == null ? given : given.start(start);
        TuneSettings settings = dtype.type().map(begun::dtype).orElse(begun);
        requireSound(settings);
        report(new TuneJob(compute.engine(), settings).run(model.path(), output.destination()));
    }

    private void report(TuneJob.Result tuned) {
        Map.Entry<Integer, Double> before = tuned.heldOutLosses().firstEntry();
        Double after = tuned.heldOutLosses().get(tuned.keptStep());
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("steps", tuned.steps());
        result.put("kept_step", tuned.keptStep());
        result.put("train_loss", tuned.trainLoss());
        result.put("eval_loss", after);
        result.put("eval_loss_before", before == null ? null : before.getValue());
        result.put("tokens_per_second", tuned.tokensPerSecond());
        result.put("trainable_parameters", tuned.trainableParameters());
        result.put("samples", tuned.samples().training());
        result.put("tokens", tuned.samples().tokens());
        result.put(
                "sources",
                tuned.samples().sources().stream().map(TuneCommand::source).toList());
        result.put("held_out", tuned.samples().heldOut());
        result.put("skipped_empty", tuned.samples().empty());
        result.put("skipped_too_long", tuned.samples().tooLong());
        result.put("skipped_broken", tuned.samples().broken());
        result.put("seconds", tuned.seconds());
        print(result, () -> text(tuned, before, after));
    }

    private static SequencedMap<String, Object> source(TuneJob.Source source) {
        SequencedMap<String, Object> entry = new LinkedHashMap<>();
        entry.put("data", source.file().toString());
        entry.put("samples", source.samples());
        entry.put("tokens", source.tokens());
        return entry;
    }

    private String text(TuneJob.Result tuned, Map.Entry<Integer, Double> before, Double after) {
        Columns columns = new Columns()
                .row(
                        "trained",
                        "%,d parameters, %d steps, %,d samples, %,d tokens"
                                .formatted(
                                        tuned.trainableParameters(),
                                        tuned.steps(),
                                        tuned.samples().training(),
                                        tuned.samples().tokens()));
        if (tuned.samples().sources().size() > 1) {
            tuned.samples()
                    .sources()
                    .forEach(source -> columns.row(
                            "from " + source.file().getFileName(),
                            "%,d samples, %,d tokens".formatted(source.samples(), source.tokens())));
        }
        columns.row(
                        "skipped",
                        "%,d without an answer, %,d too long, %,d broken"
                                .formatted(
                                        tuned.samples().empty(),
                                        tuned.samples().tooLong(),
                                        tuned.samples().broken()))
                .row("train loss", "%.4f".formatted(tuned.trainLoss()));
        if (before != null) {
            columns.row(
                    "held-out loss",
                    "%.4f before, %.4f after %d steps, on %,d samples"
                            .formatted(
                                    before.getValue(),
                                    after,
                                    tuned.keptStep(),
                                    tuned.samples().heldOut()));
        }
        columns.row(
                "speed", "%,.0f tokens a second, %.0f s in all".formatted(tuned.tokensPerSecond(), tuned.seconds()));
        return columns.row("wrote", output.path()).toString();
    }
}
