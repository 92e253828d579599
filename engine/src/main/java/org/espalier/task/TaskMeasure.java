package org.espalier.task;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What of a task is reported. */
public enum TaskMeasure {
    /**
     * Share of questions whose right choice is the likeliest; where there is one choice, of those that the model would write
     * itself, token by token.
     */
    @JsonProperty("acc")
    ACC("acc"),
    /** Share of questions whose right choice has the largest log-likelihood per character. */
    @JsonProperty("acc_norm")
    ACC_NORM("acc_norm"),
    /** exp of the mean negative log-likelihood of the right choice, whatever its length. */
    @JsonProperty("perplexity")
    PERPLEXITY("perplexity");

    private final String label;

    TaskMeasure(String label) {
        this.label = label;
    }

    /** The name that the field's harness has for it. */
    @Override
    public String toString() {
        return label;
    }
}
