package org.espalier.job;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.espalier.report.Measure;
import org.espalier.text.Tokenizer;

/** What shows how good a model is, such as the perplexity of texts ({@link TextEvaluation}). */
@FunctionalInterface
public interface Evaluation {

    /** Measures nothing. */
    Evaluation NONE = (model, tokenizer, listener) -> List.of();

    /** What several evaluations measure, one after the other. */
    static Evaluation all(List<Evaluation> evaluations) {
        return new Evaluation() {
            @Override
            public List<Measure> measure(OpenModel model, Tokenizer tokenizer, Listener listener) {
                return evaluations.stream()
                        .flatMap(evaluation -> evaluation.measure(model, tokenizer, listener).stream())
                        .toList();
            }

            @Override
            public List<Measure> distance(OpenModel model, OpenModel first, Tokenizer tokenizer, Engine engine) {
                return evaluations.stream()
                        .flatMap(evaluation -> evaluation.distance(model, first, tokenizer, engine).stream())
                        .toList();
            }

            @Override
            public SequencedMap<String, String> hashes() {
                SequencedMap<String, String> hashes = new LinkedHashMap<>();
                evaluations.forEach(evaluation -> hashes.putAll(evaluation.hashes()));
                return hashes;
            }
        };
    }

    /**
     * Measures how far a model is from the first one of a comparison, by default in no way.
     *
     * @param engine that both are open on
     */
    default List<Measure> distance(OpenModel model, OpenModel first, Tokenizer tokenizer, Engine engine) {
        return List.of();
    }

    /** SHA-256 of the data that this measures on, by its name. */
    default SequencedMap<String, String> hashes() {
        return new LinkedHashMap<>();
    }

    /**
     * Measures one model.
     *
     * @param listener hears how far this is
     * @return what was measured; the names are the same for every model
     */
    List<Measure> measure(OpenModel model, Tokenizer tokenizer, Listener listener);
}
