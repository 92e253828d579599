package org.espalier.cli;

import java.util.List;
import org.espalier.report.Measure;
import org.espalier.text.Tokenizer;

/** What shows how good a model is, such as the perplexity of texts. */
@FunctionalInterface
interface Evaluation {

    /**
     * Measures one model.
     *
     * @param command that shows how far this is
     * @return what was measured; the names are the same for every model
     */
    List<Measure> measure(OpenModel open, Tokenizer tokenizer, EngineCommand command);
}
