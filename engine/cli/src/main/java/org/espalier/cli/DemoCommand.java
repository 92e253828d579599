package org.espalier.cli;

import java.nio.file.Path;
import org.espalier.job.DemoJob;
import org.espalier.job.DemoSettings;
import org.espalier.job.Destination;
import org.espalier.report.Comparison;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine demo}: the main job on the model that comes with the program. */
@Command(
        name = "demo",
        description = "The main job on the small story model that comes with the program: prune half of "
                + "it, train it back on generated stories, show what that took and gave. Needs no download.",
        footer = {
            "",
            "The folder gets the three models, the stories, and the page report.html.",
            "",
            "Examples:",
            "  engine demo",
            "  engine demo --out my-demo --json"
        })
final class DemoCommand extends EngineCommand {

    private DemoSettings settings = DemoSettings.defaults();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where all goes (default: espalier-demo, or espalier-demo-2 and so on if that is there).")
    private Path out;

    @Option(
            names = "--stories",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Stories to train back on (default: ${bundle:default.stories}).")
    private void stories(int stories) {
        settings = settings.stories(stories);
    }

    @Option(names = "--force", description = "Replace the output if it exists.")
    private boolean force;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private SeedOption seed;

    @Override
    void run() {
        Path folder = out == null ? DemoSettings.place() : out;
        DemoSettings whole = settings.command(typed()).seed(seed.value());
        Comparison done = new DemoJob(compute.engine(), whole).run(new Destination(folder, force));
        Summary summary = Summary.of(done, folder);
        print(summary.json(), summary::text);
    }
}
