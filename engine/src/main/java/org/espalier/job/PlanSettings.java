package org.espalier.job;

import java.util.Optional;
import org.espalier.importance.BlockCriterion;
import org.espalier.plan.Allocation.Scope;

/** What is chosen by scores that were written. */
public final class PlanSettings extends Settings<PlanSettings> {

    private BudgetSettings budget = BudgetSettings.defaults();
    private BlockCriterion blockCriterion = ImportanceSettings.defaults().blockCriterion();
    private boolean compatible;

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

    @Override
    public Optional<String> complaint() {
        if (budget.cutsTokens() && (compatible || budget.tokens().texts().isEmpty())) {
            return Optional.of(
                    compatible
                            ? "--compat llm-pruner knows no tokens; leave out --units tokens"
                            : "--units tokens counts which tokens texts use: give --token-texts FILE");
        }
        return budget.complaint()
                .or(() -> budget.scope() == Scope.DIVERGENCE && budget.widths().isEmpty()
                        ? Optional.of("--scope divergence needs --widths FILE, which 'engine widths' writes")
                        : Optional.empty())
                .or(() -> budget.dependency()
                        ? Optional.empty()
                        : Optional.of("--dependency off needs scores of every matrix; use 'engine prune'"));
    }
}
