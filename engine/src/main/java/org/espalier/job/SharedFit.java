package org.espalier.job;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.couple.Selection;
import org.espalier.cut.Compensation;
import org.espalier.cut.Compensator;
import org.espalier.cut.FitStep;
import org.espalier.cut.FitSum;
import org.espalier.cut.FitWorkers;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.StreamWalk;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;

/** Workers that hold the streams of a fit, each those of some batches in a row. */
final class SharedFit implements FitWorkers, AutoCloseable {

    private final Workers.Held<List<FitStep>, FitSum[]> held;

    SharedFit(Shared shared, Plan plan, Model model, Selection selection, List<int[]> sequences, Listener listener) {
        String json = new String(PlanFile.bytes(plan), StandardCharsets.UTF_8);
        List<FitWork> works =
                works(shared.place(), json, model, sequences, shared.workers().parts());
        int most =
                works.stream().mapToInt(work -> work.sequences().length).max().orElseThrow();
        Compensator part = new Compensator(model, selection, sequences.subList(0, most), 1);
        listener.note("fitting on %,d sequences in %,d parts; each takes about %s of a worker's memory"
                .formatted(
                        sequences.size(),
                        works.size(),
                        Machine.size(part.bytes(Compensation.LSTSQ).computing())));
        this.held = shared.workers().hold("fit", works);
    }

    private static List<FitWork> works(ModelPlace place, String plan, Model model, List<int[]> sequences, int most) {
        List<Packed> batches = StreamWalk.batches(model.config(), sequences);
        List<FitWork> works = new ArrayList<>();
        int part = 0;
        int batch = 0;
        int sequence = 0;
        while (batch < batches.size()) {
            int end = (int) ((long) batches.size() * ++part / most);
            if (end > batch) {
                int more = batches.subList(batch, end).stream()
                        .mapToInt(packed -> packed.sequences().count())
                        .sum();
                works.add(new FitWork(
                        place,
                        plan,
                        batch,
                        sequences.subList(sequence, sequence + more).toArray(int[][]::new)));
                batch = end;
                sequence += more;
            }
        }
        return works;
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
