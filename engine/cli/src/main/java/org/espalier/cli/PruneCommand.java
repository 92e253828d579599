package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicReference;
import org.espalier.file.Output;
import org.espalier.importance.Calibration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code engine prune}: scores, plans and compacts in one go. */
@Command(
        name = "prune",
        description = "Make a model smaller: score its units, choose those to remove, write what is left.",
        footer = {
            "",
            "Examples:",
            "  engine prune models/smollm2-135m --calibration books.txt --ratio 0.2 --out pruned",
            "  engine prune MODEL --criterion l2 --units neurons --mlp-layers 4-27 --out pruned",
            "plan.json and scores.json are left in the output folder."
        })
final class PruneCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Mixin
    private OutputOptions output;

    @Mixin
    private PruneOptions options;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        options.complaint().ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
        output.requireFree();
        long start = System.nanoTime();
        Optional<Calibration> calibration = options.calibration(model.path(), seed.value());
        try (MemoryWatch watch = new MemoryWatch();
                OpenModel open = compute.model(model.path())) {
            AtomicReference<PruneOptions.Pruned> pruned = new AtomicReference<>();
            Output.writeFolder(
                    output.path(),
                    output.force(),
                    folder ->
                            pruned.set(options.writeInto(folder, this, model.path(), open, calibration, seed.value())));
            report(
                    pruned.get().result().plan().parametersBefore(),
                    pruned.get().parameters(),
                    Taken.since(start, watch, open));
        }
    }

    private void report(long before, long after, Taken taken) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("parameters_before", before);
        result.put("parameters_after", after);
        result.put("ratio", 1 - (double) after / before);
        result.put("plan", output.path().resolve("plan.json").toString());
        taken.enter(result);
        print(
                result,
                () -> "%,d of %,d parameters are left (%.2f %% removed), %s; wrote %s"
                        .formatted(after, before, 100 * (1 - (double) after / before), taken, output.path()));
    }
}
