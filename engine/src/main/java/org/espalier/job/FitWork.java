package org.espalier.job;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.espalier.couple.Selection;
import org.espalier.cut.FitStep;
import org.espalier.cut.FitStreams;
import org.espalier.cut.FitSum;
import org.espalier.model.StreamWalk;
import org.espalier.plan.PlanFile;
import org.espalier.plan.PlanSelection;

/**
 * Holds the residual streams of some calibration sequences while a fit goes from branch to branch.
 *
 * @param plan       what of the model is kept, as JSON
 * @param firstBatch number of the first batch that these sequences make
 * @param sequences  of token ids
 */
record FitWork(ModelPlace model, String plan, int firstBatch, int[][] sequences)
        implements Work<List<FitStep>, FitSum[]> {

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
            FitStreams streams = new FitStreams(
                    open.model(), selection, StreamWalk.batches(open.model().config(), List.of(sequences)), firstBatch);
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
