package org.espalier.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.LongStream;
import org.espalier.format.Output;
import org.espalier.report.Comparison;
import org.espalier.tune.StoryGrammar;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine demo}: the program at work on the model that comes with it. */
@Command(name = "demo", description = "Open the small story model that comes with the program: a story, its perplexity, its "
        + "speed. Needs no download.", footer = {"", "Examples:", "  engine demo", "  engine demo --out my-demo --json"})
final class DemoCommand extends EngineCommand {

    private static final String FOLDER = "espalier-demo";
    /** Stories of a seed that nothing was trained on. */
    private static final long UNSEEN_SEED = 2026;
    private static final int UNSEEN_STORIES = 200;

    @Option(names = "--out", paramLabel = "DIR",
            description = "Where the model goes (default: " + FOLDER + ", or " + FOLDER + "-2 and so on if that is there).")
    private Path out;

    @Option(names = "--force", description = "Replace the output if it exists.")
    private boolean force;

    @Mixin
    private ComputeOptions compute;
    @Mixin
    private SeedOption seed;

    @Override
    void run() {
        Path folder = out == null ? unused() : out;
        StoryGrammar grammar = new StoryGrammar();
        List<String> stories = LongStream.range(0, UNSEEN_STORIES).mapToObj(i -> grammar.story(UNSEEN_SEED, i)).toList();
        StageMeter meter = new StageMeter(compute, stories, seed.value());
        List<Comparison.Stage> stages = new ArrayList<>();
        Output.writeFolder(folder, force, aside -> {
            DemoModel.writeTo(aside.resolve("dense"));
            stages.add(meter.measure("dense", aside.resolve("dense")));
        });
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", folder.toString());
        result.put("cpu", Machine.cpu());
        result.put("threads", compute.threads());
        result.put("prompt", StageMeter.PROMPT);
        result.put("stages", stages);
        print(result, () -> text(folder, stages.getFirst()));
    }

    private static Path unused() {
        Path folder = Path.of(FOLDER);
        for (int number = 2; Files.exists(folder); number++) {
            folder = Path.of(FOLDER + "-" + number);
        }
        return folder;
    }

    private String text(Path folder, Comparison.Stage stage) {
        Comparison.Perplexity perplexity = stage.perplexities().get(StageMeter.STORIES);
        Columns columns = new Columns()
                .row("model", folder.resolve("dense"))
                .row("parameters", stage.parameters())
                .row("weights", "%.1f MB".formatted(stage.weightBytes() / 1e6))
                .row("perplexity", "%.4f on %d unseen stories, %,d tokens (%s)".formatted(perplexity.ppl(),
                        perplexity.windows(), perplexity.predictions(), perplexity.protocol()))
                .row("reading", "%,.0f tokens a second".formatted(stage.prefillTokensPerSecond()))
                .row("writing", "%,.0f tokens a second".formatted(stage.decodeTokensPerSecond()))
                .row("on", "%s, %d threads".formatted(Machine.cpu(), compute.threads()));
        return columns + System.lineSeparator().repeat(2) + StageMeter.PROMPT + stage.text();
    }
}
