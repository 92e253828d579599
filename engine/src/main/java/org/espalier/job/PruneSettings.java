package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.cut.Compensation;
import org.espalier.model.ModelConfig;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.tensor.DType;

/** How a model is made smaller. */
public final class PruneSettings extends Settings<PruneSettings> {

    private ImportanceSettings importance = ImportanceSettings.defaults();
    private BudgetSettings budget = BudgetSettings.defaults();
    private CompensationSettings compensation = CompensationSettings.defaults();
    private MemorySettings memory = MemorySettings.defaults();
    private Optional<DType> dtype = Optional.empty();
    private int steps = 1;
    private Selecting selecting = Selecting.SCORES;
    private GateSettings gates = GateSettings.defaults();
    private LatencySettings timing = LatencySettings.defaults();

    private PruneSettings() {}

    /** A fifth of all parameters goes, by squared gradients on calibration text that is still to be named. */
    public static PruneSettings defaults() {
        return new PruneSettings();
    }

    /** The share to remove; short for a {@link #budget} with this {@link BudgetSettings#ratio}. */
    public PruneSettings ratio(double share) {
        return budget(budget.ratio(share));
    }

    /** UTF-8 texts to calibrate on; short for an {@link #importance} with this {@link ImportanceSettings#calibration}. */
    public PruneSettings calibrateOn(Path... texts) {
        return importance(importance.calibration(importance
                .calibration()
                .texts(Stream.of(texts).map(DataFile::of).toList())));
    }

    /** How units are scored, and on what. */
    public PruneSettings importance(ImportanceSettings importance) {
        return with(copy -> copy.importance = importance);
    }

    /** How units are scored, and on what. */
    public ImportanceSettings importance() {
        return importance;
    }

    /** What may go, and how much. */
    public PruneSettings budget(BudgetSettings budget) {
        return with(copy -> copy.budget = budget);
    }

    /** What may go, and how much. */
    public BudgetSettings budget() {
        return budget;
    }

    /** How what is left makes up for what is gone. */
    public PruneSettings compensation(CompensationSettings compensation) {
        return with(copy -> copy.compensation = compensation);
    }

    /** How what is left makes up for what is gone. */
    public CompensationSettings compensation() {
        return compensation;
    }

    /** How it is measured what narrower branches save, where a latency is to be reached and no table is named. */
    public PruneSettings timing(LatencySettings how) {
        return with(copy -> copy.timing = how);
    }

    /** How it is measured what narrower branches save. */
    public LatencySettings timing() {
        return timing;
    }

    /** Memory for scoring. */
    public PruneSettings memory(MemorySettings memory) {
        return with(copy -> copy.memory = memory);
    }

    /** Memory for scoring. */
    public MemorySettings memory() {
        return memory;
    }

    /** The type that weights are stored in. */
    public PruneSettings dtype(DType type) {
        return with(copy -> copy.dtype = Optional.of(type));
    }

    /** The type that weights are stored in; empty for that of the source as far as it can be cut. */
    public Optional<DType> dtype() {
        return dtype;
    }

    /** Times that what is left is scored, an equal share going each time. */
    public PruneSettings steps(int steps) {
        atLeast(1, "steps", steps);
        return with(copy -> copy.steps = steps);
    }

    /** Times that what is left is scored. */
    public int steps() {
        return steps;
    }

    /** What decides which units go. */
    public PruneSettings selecting(Selecting selecting) {
        return with(copy -> copy.selecting = selecting);
    }

    /** What decides which units go. */
    public Selecting selecting() {
        return selecting;
    }

    /** How gates are learned, where they decide. */
    public PruneSettings gates(GateSettings gates) {
        return with(copy -> copy.gates = gates);
    }

    /** How gates are learned. */
    public GateSettings gates() {
        return gates;
    }

    /** Of everything random; short for an {@link #importance} with this {@link ImportanceSettings#seed}. */
    public PruneSettings seed(long seed) {
        return importance(importance.seed(seed));
    }

    @Override
    public Optional<String> complaint() {
        return importance
                .complaint(budget.anywhere(importance.blockCriterion()))
                .or(() -> compensation.complaint(
                        calibrated(), importance.calibration().paths().size()))
                .or(budget::complaint)
                .or(this::complaintAboutTokens)
                .or(() -> compensation.wanted() && !budget.compensable()
                        ? Optional.of(
                                "--compensate is for heads and neurons: not with channels, not with --dependency off")
                        : Optional.empty())
                .or(() -> steps > 1 && budget.scope() == Scope.DIVERGENCE
                        ? Optional.of("--scope divergence chooses all widths at once; leave out --steps")
                        : Optional.empty())
                .or(() -> budget.scope() == Scope.DIVERGENCE && importance.compatible()
                        ? Optional.of("--scope divergence does not go with --compat llm-pruner")
                        : Optional.empty())
                .or(() -> steps > 1 && !budget.dependency()
                        ? Optional.of("--dependency off is one step; leave out --steps")
                        : Optional.empty())
                .or(this::complaintAboutGates);
    }

    private Optional<String> complaintAboutGates() {
        if (selecting == Selecting.SCORES) {
            return Optional.empty();
        }
        if (importance.compatible()) {
            return Optional.of("--select gates is not LLM-Pruner's: leave out --compat");
        }
        if (budget.scope() == Scope.DIVERGENCE) {
            return Optional.of("--select gates finds widths by itself: leave out --scope divergence and --widths");
        }
        if (steps > 1) {
            return Optional.of("--select gates looks at every update: leave out --steps");
        }
        return budget.dependency() && budget.ofBranches()
                ? Optional.empty()
                : Optional.of("--select gates is for heads, neurons, attentions, MLPs and layers: not with channels or "
                        + "experts, not with --dependency off");
    }

    private Optional<String> complaintAboutTokens() {
        if (!budget.cutsTokens()) {
            return Optional.empty();
        }
        if (importance.compatible()) {
            return Optional.of("--compat llm-pruner knows no tokens; leave out --units tokens");
        }
        boolean texts = !budget.tokens().texts().isEmpty()
                || !importance.calibration().paths().isEmpty();
        return texts
                ? Optional.empty()
                : Optional.of(
                        "--units tokens counts which tokens texts use: give --token-texts FILE or --calibration FILE");
    }

    /**
     * What may go of one model, and how much.
     *
     * @throws org.espalier.error.Failure if the model has not the layers that are named
     */
    public Budget budgetFor(ModelConfig config) {
        return budget.budget(
                config,
                importance.blockCriterion(),
                importance.compatible(),
                importance.criterion().standardised(),
                steps);
    }

    /** As {@link #budgetFor} where gates decide: they compare as they are. */
    Budget gateBudgetFor(ModelConfig config) {
        return budget.competing().budget(config, importance.blockCriterion(), false, false, 1);
    }

    /** Whether the model has to write itself what it is calibrated on, because nothing else is given. */
    boolean writesOwn() {
        boolean looked = (compensation.wanted() || budget.scope() == Scope.DIVERGENCE || selecting == Selecting.GATES)
                && !importance.compatible()
                && !importance.calibration().given();
        return looked || importance.writesOwn(budget.anywhere(importance.blockCriterion()));
    }

    private boolean calibrated() {
        return importance.calibration().given() || writesOwn();
    }

    /** How what is left makes up for what is gone where nothing is set. */
    Compensation usualCompensation() {
        return calibrated() && !importance.compatible() && budget.compensable()
                ? Compensation.LSTSQ
                : Compensation.NONE;
    }
}
