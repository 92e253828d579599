package org.espalier.job;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.couple.Selection;
import org.espalier.cut.FitBatches;
import org.espalier.cut.FitStep;
import org.espalier.cut.FitStreams;
import org.espalier.cut.FitSum;
import org.espalier.plan.PlanFile;
import org.espalier.plan.PlanSelection;

/**
 * Holds the residual streams of some calibration sequences while a fit goes from branch to branch.
 *
 * @param plan       what of the model is kept, as JSON
 * @param sequences  of token ids
 * @param ofSources  how many of them come from each source, in order
 * @param firstBatch number of the first batch that these sequences make
 */
record FitWork(ModelPlace model, String plan, int[][] sequences, int[] ofSources, int firstBatch)
        implements Work<List<FitStep>, FitSum[]> {

    static FitWork of(ModelPlace model, String plan, FitBatches part) {
        return new FitWork(
                model,
                plan,
                part.sequences().toArray(int[][]::new),
                part.sequencesOfSources().stream().mapToInt(count -> count).toArray(),
                part.first());
    }

    @Override
    public List<ModelPlace> models() {
        return List.of(model);
    }

    @Override
    public Opened<List<FitStep>, FitSum[]> open(WorkPlace place) {
        OpenModel open = place.open(model);
        try {
            Selection selection = new PlanSelection(open.model().config(), "the plan of this fit")
                    .removed(PlanFile.read(plan.getBytes(StandardCharsets.UTF_8), "the plan of this fit"))
                    .withWholeVocabulary();
            FitBatches batches = FitBatches.of(
                    open.model().config(),
                    List.of(sequences),
                    IntStream.of(ofSources).boxed().toList(),
                    firstBatch);
            FitStreams streams = new FitStreams(open.model(), selection, batches);
            return new Opened<>() {
                @Override
                public FitSum[] compute(List<FitStep> steps) {
                    List<FitSum> sums = new ArrayList<>();
                    streams.answer(steps, sums::add);
                    return sums.toArray(FitSum[]::new);
                }

                @Override
                public void close() {
                    streams.close();
                    open.close();
                }
            };
        } catch (RuntimeException | Error e) {
            open.close();
            throw e;
        }
    }
}
