package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;

/** The main job: how a model is pruned, trained back, and measured before, between and after. */
public final class PipelineSettings extends Settings<PipelineSettings> {

    /** Windows of a text that perplexity is usually measured on: enough to tell models apart. */
    public static final int EVALUATION_WINDOWS = 200;

    private PruneSettings prune = PruneSettings.defaults();
    private TuneSettings tune = TuneSettings.defaults();
    private CompareSettings compare = CompareSettings.defaults();
    private int stages = 1;
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

    /** In how many parts the model is made smaller, each an equal share of what goes, and trained back after every one. */
    public PipelineSettings stages(int stages) {
        atLeast(1, "stages", stages);
        return with(copy -> copy.stages = stages);
    }

    /** In how many parts the model is made smaller and trained back. */
    public int stages() {
        return stages;
    }

    /** How a part makes what the ones before it left smaller, counted from 1. */
    PruneSettings prune(int stage) {
        double ratio = prune.budget().ratio();
        double before = 1 - ratio * (stage - 1) / stages;
        return stages == 1 ? prune : prune.ratio(ratio / stages / before);
    }

    /** How a part is trained back: in another order, and by the dense model unless something else was said. */
    TuneSettings tune(int stage, Path dense) {
        return tune.seed(tune.seed() + stage - 1).taughtWherePossible(dense);
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
        return prune.complaint()
                .or(tune.taughtWherePossible(Path.of("the model"))::complaint)
                .or(compare::complaint);
    }
}
