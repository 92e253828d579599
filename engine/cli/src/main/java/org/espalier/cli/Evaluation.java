package org.espalier.cli;

import java.util.Map;
import org.espalier.report.Comparison;
import org.espalier.text.Tokenizer;

/** Texts whose perplexity shows how good a model is. */
@FunctionalInterface
interface Evaluation {

    /**
     * Measures one model.
     *
     * @param command that shows how far this is
     * @return by the text's label, in order
     */
    Map<String, Comparison.Perplexity> measure(OpenModel open, Tokenizer tokenizer, EngineCommand command);
}
