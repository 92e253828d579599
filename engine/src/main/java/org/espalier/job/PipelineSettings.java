package org.espalier.job;

import java.util.Optional;

/** The main job: how a model is pruned, trained back, and measured before, between and after. */
public final class PipelineSettings extends Settings<PipelineSettings> {

    /** Windows of a text that perplexity is usually measured on: enough to tell models apart. */
    public static final int EVALUATION_WINDOWS = 200;

    private PruneSettings prune = PruneSettings.defaults();
    private TuneSettings tune = TuneSettings.defaults();
    private CompareSettings compare = CompareSettings.defaults();
    private String command = "";

    private PipelineSettings() {}

    /** As for the single jobs; texts to calibrate on and to learn from are still to be named. */
    public static PipelineSettings defaults() {
        return new PipelineSettings();
    }

    /** How the model is made smaller. */
    public PipelineSettings prune(PruneSettings prune) {
        return with(copy -> copy.prune = prune);
    }

    /** How the model is made smaller. */
    public PruneSettings prune() {
        return prune;
    }

    /** How what is left is trained back. */
    public PipelineSettings tune(TuneSettings tune) {
        return with(copy -> copy.tune = tune);
    }

    /** How what is left is trained back. */
    public TuneSettings tune() {
        return tune;
    }

    /** What the models are compared by. */
    public PipelineSettings compare(CompareSettings compare) {
        return with(copy -> copy.compare = compare);
    }

    /** What the models are compared by. */
    public CompareSettings compare() {
        return compare;
    }

    /** What asks for the job, as the record names it: a command line, for example. */
    public PipelineSettings command(String command) {
        return with(copy -> copy.command = command);
    }

    /** What asks for the job. */
    public String command() {
        return command;
    }

    /** Of everything random, in all parts of the job. */
    public PipelineSettings seed(long seed) {
        return prune(prune.seed(seed)).tune(tune.seed(seed)).compare(compare.seed(seed));
    }

    @Override
    public Optional<String> complaint() {
        return prune.complaint().or(tune::complaint).or(compare::complaint);
    }
}
