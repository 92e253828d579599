package org.espalier.job;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.couple.Selection;
import org.espalier.cut.Compensation;
import org.espalier.cut.Compensator;
import org.espalier.cut.FitBatches;
import org.espalier.cut.FitStep;
import org.espalier.cut.FitSum;
import org.espalier.cut.FitWorkers;
import org.espalier.cut.Ridge;
import org.espalier.model.Model;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;

/** Workers that hold the streams of a fit, each those of some batches in a row. */
final class SharedFit implements FitWorkers, AutoCloseable {

    private final Workers.Held<List<FitStep>, FitSum[]> held;

    SharedFit(Shared shared, Plan plan, Model model, Selection selection, FitBatches batches, Listener listener) {
        String json = new String(PlanFile.bytes(plan), StandardCharsets.UTF_8);
        List<FitBatches> parts = batches.parts(shared.workers().parts());
        FitBatches most = Collections.max(
                parts, Comparator.comparingInt(part -> part.packed().size()));
        Compensator largest = new Compensator(model, selection, most, Ridge.of(1), Optional.empty());
        listener.note("fitting on %,d sequences in %,d parts; each takes about %s of a worker's memory"
                .formatted(
                        batches.sequences().size(),
                        parts.size(),
                        Machine.size(largest.bytes(Compensation.LSTSQ).computing())));
        List<FitWork> works = parts.stream()
                .map(part -> FitWork.of(shared.place(), json, part))
                .toList();
        this.held = shared.workers().hold("fit", works);
    }

    @Override
    public List<List<FitSum>> ask(List<FitStep> steps) {
        return held.ask(steps).stream().map(sums -> Stream.of(sums).toList()).toList();
    }

    @Override
    public void close() {
        held.close();
    }
}
