package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.RandomModel;
import org.espalier.error.Failure;
import org.espalier.importance.Criterion;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.plan.LatencyTable;
import org.espalier.plan.LatencyTable.Use;
import org.espalier.plan.Rounding;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is measured of which widths; the times themselves are the machine's. */
class LatencyMeterTest {

    private static final LatencySettings QUICK = LatencySettings.defaults()
            .speed(SpeedSettings.defaults().prompt(3).generate(2).repetitions(1).warmUpSeconds(0))
            .levels(4);

    @TempDir
    private Path folder;

    private Path model;

    @BeforeEach
    void write() {
        model = folder.resolve("model");
        RandomModel.write(RandomModel.config(32, 8, 3, new LayerConfig(8, 2, 40), true), 3, model);
    }

    @Test
    void everyWidthIsMeasuredInAllLayersAndGoneBranchesLeaveOne() throws IOException {
        LatencySettings settings = QUICK.units(List.of(Unit.NEURONS, Unit.QUERY_HEADS, Unit.MLP, Unit.ATTENTION));
        LatencyTable table;
        try (OpenModel open = Engine.silent().open(model)) {
            table = new LatencyMeter(Engine.silent(), settings, Optional.empty())
                    .measure(open, Rounding.exactly(1), folder.resolve("scratch"));
            assertEquals(open.checkpoint().sha256(), table.source().sha256());
        }
        assertEquals(
                List.of("query_heads 4 of 3 layers: 3 2 1 0", "neurons 40 of 3 layers: 30 20 10 0"),
                table.groups().stream().map(LatencyMeterTest::text).toList());
        assertTrue(table.whole().decode() > 0 && table.whole().prefill() > 0);
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(model), left.toList(), "what was written to be measured is gone");
        }
    }

    private static String text(LatencyTable.Group group) {
        StringBuilder text =
                new StringBuilder("%s %d of %d layers:".formatted(group.role(), group.units(), group.layers()));
        group.widths().forEach(width -> text.append(' ').append(width.kept()));
        return text.toString();
    }

    /** No model takes as long as this one may, which shows when it has been measured. */
    @Test
    void pruningMeasuresByItself() {
        PruneSettings settings = PruneSettings.defaults()
                .importance(ImportanceSettings.defaults().criterion(Criterion.L2))
                .budget(BudgetSettings.defaults()
                        .goal(GoalSettings.defaults()
                                .target(Target.of("latency=999s"))
                                .latencyOf(new Use(4, 1, true))))
                .timing(QUICK);
        PruneJob job = new PruneJob(Engine.silent(), settings);
        String line = assertThrows(Failure.class, () -> job.run(model, Destination.at(folder.resolve("out"))))
                .oneLine();
        assertTrue(line.startsWith("the model needs no more than that"), line);
    }
}
