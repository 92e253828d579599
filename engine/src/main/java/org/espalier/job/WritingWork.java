package org.espalier.job;

import java.io.Serializable;
import java.util.List;
import java.util.Set;
import org.espalier.model.DrawnTexts;
import org.espalier.text.Tokenizer;

/**
 * Continues beginnings of texts.
 *
 * @param temperature divides the logits
 * @param seed        of every token
 * @param tokens      that are written after each beginning
 */
record WritingWork(ModelPlace model, double temperature, long seed, int tokens)
        implements Work<WritingWork.Beginnings, int[][]> {

    /**
     * Beginnings that are continued together.
     *
     * @param first number of the first one among all
     */
    record Beginnings(int first, int[][] ids) implements Serializable {}

    @Override
    public List<ModelPlace> models() {
        return List.of(model);
    }

    @Override
    public Opened<Beginnings, int[][]> open(WorkPlace place) {
        OpenModel open = place.open(model);
        try (Tokenizer tokenizer = Tokenizer.open(open.path())) {
            DrawnTexts texts = new DrawnTexts(
                    open.model(),
                    Set.copyOf(tokenizer.eosIds()),
                    WritingSettings.sampling(temperature, seed),
                    logits -> FiniteLogits.require(logits, open));
            return new Opened<>() {
                @Override
                public int[][] compute(Beginnings beginnings) {
                    return texts.writeTogether(List.of(beginnings.ids), beginnings.first, tokens)
                            .toArray(int[][]::new);
                }

                @Override
                public void close() {
                    open.close();
                }
            };
        } catch (RuntimeException | Error e) {
            open.close();
            throw e;
        }
    }
}
