package org.espalier.job;

import java.util.List;
import org.espalier.report.Measure;
import org.espalier.text.Tokenizer;

/** What shows how good a model is, such as the perplexity of texts ({@link TextEvaluation}). */
@FunctionalInterface
public interface Evaluation {

    /** Measures nothing. */
    Evaluation NONE = (model, tokenizer, listener) -> List.of();

    /**
     * Measures one model.
     *
     * @param listener hears how far this is
     * @return what was measured; the names are the same for every model
     */
    List<Measure> measure(OpenModel model, Tokenizer tokenizer, Listener listener);
}
