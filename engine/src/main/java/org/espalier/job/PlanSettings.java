package org.espalier.job;

import java.util.Optional;
import java.util.OptionalDouble;
import org.espalier.importance.BlockCriterion;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Goal.Quantity;

/** What is chosen by scores that were written. */
public final class PlanSettings extends Settings<PlanSettings> {

    private BudgetSettings budget = BudgetSettings.defaults();
    private BlockCriterion blockCriterion = ImportanceSettings.defaults().blockCriterion();
    private boolean compatible;
    private Optional<Quantity> frontier = Optional.empty();

    private PlanSettings() {}

    /** As for a pruning. */
    public static PlanSettings defaults() {
        return new PlanSettings();
    }

    /** What may go, and how much. */
    public PlanSettings budget(BudgetSettings budget) {
        return with(copy -> copy.budget = budget);
    }

    /** What may go, and how much. */
    public BudgetSettings budget() {
        return budget;
    }

    /** How whole blocks are scored. */
    public PlanSettings blockCriterion(BlockCriterion criterion) {
        return with(copy -> copy.blockCriterion = criterion);
    }

    /** How whole blocks are scored. */
    public BlockCriterion blockCriterion() {
        return blockCriterion;
    }

    /** Whether units are counted as LLM-Pruner does. */
    public PlanSettings compatible(boolean compatible) {
        return with(copy -> copy.compatible = compatible);
    }

    /** Whether units are counted as LLM-Pruner does. */
    public boolean compatible() {
        return compatible;
    }

    /** Of which quantity everything that can be had is asked, in place of one plan. */
    public PlanSettings frontier(Quantity quantity) {
        return with(copy -> copy.frontier = Optional.of(quantity));
    }

    /** Of which quantity everything that can be had is asked; empty for one plan. */
    public Optional<Quantity> frontier() {
        return frontier;
    }

    private Optional<String> complaintAboutFrontier() {
        if (frontier.isEmpty()) {
            return budget.complaint();
        }
        boolean timed = frontier.get() == Quantity.LATENCY;
        if (budget.goal().widths().isEmpty() || timed && budget.goal().latency().isEmpty()) {
            return Optional.of(
                    timed && budget.goal().widths().isPresent()
                            ? "--frontier latency needs --latency FILE, which 'engine bench --widths' writes"
                            : "--frontier needs --widths FILE, which 'engine widths' writes");
        }
        if (!timed && budget.goal().latency().isPresent()) {
            return Optional.of("--latency FILE is for --frontier latency");
        }
        // What it is of says what tables are for, as a target does.
        return budget.goal().target().isPresent()
                ? Optional.of("--frontier shows what can be had for every target: leave out --target")
                : budget.goal(budget.goal()
                                .target(new Target(
                                        frontier.get(), "0.5x", OptionalDouble.of(0.5), OptionalDouble.empty())))
                        .complaint();
    }

    @Override
    public Optional<String> complaint() {
        if (budget.cutsTokens() && (compatible || budget.tokens().texts().isEmpty())) {
            return Optional.of(
                    compatible
                            ? "--compat llm-pruner knows no tokens; leave out --units tokens"
                            : "--units tokens counts which tokens texts use: give --token-texts FILE");
        }
        return complaintAboutFrontier()
                .or(() -> budget.scope() == Scope.DIVERGENCE
                                && budget.goal().widths().isEmpty()
                        ? Optional.of("--scope divergence needs --widths FILE, which 'engine widths' writes")
                        : Optional.empty())
                .or(() -> budget.goal().forLatency() && budget.goal().latency().isEmpty()
                        ? Optional.of("--target latency needs --latency FILE, which 'engine bench --widths' writes")
                        : Optional.empty())
                .or(() -> budget.dependency()
                        ? Optional.empty()
                        : Optional.of("--dependency off needs scores of every matrix; use 'engine prune'"));
    }
}
