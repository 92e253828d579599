package org.espalier.job;

import java.util.List;
import org.espalier.report.Measure;
import org.espalier.text.Tokenizer;

/** What shows how good a model is, such as the perplexity of texts ({@link TextEvaluation}). */
@FunctionalInterface
public interface Evaluation {

    /** Measures nothing. */
    Evaluation NONE = (model, tokenizer, listener) -> List.of();

    /** What several evaluations measure, one after the other. */
    static Evaluation all(List<Evaluation> evaluations) {
        return (model, tokenizer, listener) -> evaluations.stream()
                .flatMap(evaluation -> evaluation.measure(model, tokenizer, listener).stream())
                .toList();
    }

    /**
     * Measures one model.
     *
     * @param listener hears how far this is
     * @return what was measured; the names are the same for every model
     */
    List<Measure> measure(OpenModel model, Tokenizer tokenizer, Listener listener);
}
