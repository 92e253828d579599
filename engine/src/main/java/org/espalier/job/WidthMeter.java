package org.espalier.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.couple.Units;
import org.espalier.cut.BranchDivergence;
import org.espalier.cut.BranchDivergence.Narrowed;
import org.espalier.cut.Compensation;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Rankings;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.espalier.plan.WidthProbe;
import org.espalier.plan.WidthTable;

/** Measures what narrowing each branch of an open model does to its predictions. */
final class WidthMeter {

    /** Sequences that are measured on where no number is set. */
    static final int SEQUENCES = 64;
    /** Widths of each group that are measured where no number is set. */
    static final int LEVELS = 2;

    private static final double PART_OF_MEMORY = 0.5;

    private final OpenModel open;
    private final Compensation kind;
    private final double ridge;
    private final int levels;
    private final MemorySettings memory;
    private final Listener listener;

    /**
     * @param kind   how narrowed branches make up for what they lost
     * @param levels widths of each group
     */
    WidthMeter(OpenModel open, Compensation kind, double ridge, int levels, MemorySettings memory, Listener listener) {
        this.open = open;
        this.kind = kind;
        this.ridge = ridge;
        this.levels = levels;
        this.memory = memory;
        this.listener = listener;
    }

    /**
     * Measures.
     *
     * @param scores      in whose order units go
     * @param calibration to measure on
     * @param seed        that it was drawn by
     * @throws org.espalier.error.Failure if something may go whose effect cannot be measured
     */
    WidthTable measure(
            ScoresFile scores, Rankings rankings, Candidates candidates, Calibration calibration, long seed) {
        List<WidthProbe> probes = WidthProbe.of(open.model().structure(), rankings, candidates, levels);
        List<Narrowed> narrowed = probes.stream()
                .map(probe -> new Narrowed(probe.branch(), probe.selection()))
                .toList();
        BranchDivergence divergence =
                new BranchDivergence(open.model(), calibration.sequences(), kind, ridge, open.outgrowsMemory());
        int streams = streams(divergence, narrowed.size());
        listener.note("measuring what %,d widths do takes %s of memory, and that of one branch"
                .formatted(narrowed.size(), Machine.size(divergence.bytes(streams))));
        double[] measured;
        try (Progress progress = listener.begin("widths", "branches", divergence.steps(narrowed))) {
            WidthEstimate estimate = new WidthEstimate(
                    divergence.steps(narrowed),
                    open.model().structure().branches().size(),
                    listener);
            measured = divergence.of(narrowed, streams, passed -> {
                progress.advance(passed);
                estimate.passed(passed);
            });
        }
        return table(scores, calibration, seed, probes, measured);
    }

    private int streams(BranchDivergence divergence, int all) {
        long fit = (long) (memory.bytes() * PART_OF_MEMORY) / Math.max(1, divergence.streamBytes());
        return Math.clamp(fit, 1, Math.max(1, all));
    }

    private WidthTable table(
            ScoresFile scores, Calibration calibration, long seed, List<WidthProbe> probes, double[] measured) {
        Map<Units, List<WidthTable.Width>> widths = new LinkedHashMap<>();
        List<WidthTable.Gone> gone = new ArrayList<>();
        for (int i = 0; i < measured.length; i++) {
            WidthProbe probe = probes.get(i);
            // Rounding may leave it below 0 where nothing changes.
            double divergence = Math.max(0, measured[i]);
            if (probe.units() == null) {
                gone.add(new WidthTable.Gone(
                        probe.branch().kind().toString(), probe.branch().layer(), divergence));
            } else {
                widths.computeIfAbsent(probe.units(), units -> new ArrayList<>())
                        .add(new WidthTable.Width(probe.kept(), divergence));
            }
        }
        int tokens =
                calibration.sequences().stream().mapToInt(ids -> ids.length - 1).sum();
        return new WidthTable(
                WidthTable.FORMAT_VERSION,
                scores.source(),
                PlanFile.sha256(scores),
                ScoresFile.Calibration.of(calibration),
                seed,
                kind == Compensation.NONE
                        ? null
                        : new Plan.Fitted(
                                kind.toString(), ridge, calibration.sequences().size(), calibration.seqLen()),
                tokens,
                widths.entrySet().stream()
                        .map(one -> new WidthTable.Group(
                                one.getKey().group().name(),
                                ScoresFile.name(one.getKey().group().role()),
                                one.getKey().layer(),
                                one.getKey().perSet(),
                                one.getValue()))
                        .toList(),
                gone);
    }
}
