package org.espalier.prune;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntPredicate;
import org.espalier.couple.Group.Role;
import org.espalier.ffi.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;

/** Scores, allocates and plans: from an opened model to what is to be cut out of it. */
public final class Pruning {

    /**
     * What may go, and how much.
     *
     * @param ratio           share to remove
     * @param ofUnits         whether the ratio counts units of each group, as LLM-Pruner does, instead of parameters
     * @param scope           whether groups compete
     * @param roles           kinds of units that may go
     * @param attentionLayers layers whose heads may go
     * @param mlpLayers       layers whose neurons may go
     */
    public record Budget(double ratio, boolean ofUnits, Allocation.Scope scope, List<Role> roles,
            IntPredicate attentionLayers, IntPredicate mlpLayers) {

        boolean allows(Units units) {
            Role role = units.group().role();
            IntPredicate layers = role == Role.NEURONS ? mlpLayers : attentionLayers;
            return roles.contains(role) && units.layer() >= 0 && layers.test(units.layer());
        }
    }

    /**
     * A plan with what led to it.
     *
     * @param plan      what is kept
     * @param scores    of the units that could go
     * @param selection the units that go
     */
    public record Result(Plan plan, ScoresFile scores, Selection selection) {
    }

    private final Checkpoint checkpoint;
    private final Model model;
    private final ModelScores.Walking walking;

    /** @param walking how the model is walked for its scores */
    public Pruning(Checkpoint checkpoint, Model model, ModelScores.Walking walking) {
        this.checkpoint = checkpoint;
        this.model = model;
        this.walking = walking;
    }

    /**
     * Plans a pruning.
     *
     * @param calibration what to score on; not looked at by criteria that need none
     * @throws Failure if nothing may go, or not as much as asked for
     */
    public Result plan(ModelScores.Method method, Budget budget, Optional<Calibration> calibration) {
        ModelConfig config = model.config();
        List<Units> units = UnitFinder.of(config).stream().filter(budget::allows).toList();
        if (units.isEmpty()) {
            throw new Failure("nothing may be removed", "units " + budget.roles(),
                    "allow more layers or kinds of units");
        }
        List<UnitScores> scores = new ModelScores(model, walking).of(units, method,
                calibration.map(Calibration::sequences).orElse(List.of()));
        ScoresFile file = ScoresFile.of(checkpoint, model, method, calibration, scores);
        Allocation allocation = new Allocation(config, scores);
        Selection selection = budget.ofUnits() ? allocation.units(budget.ratio(), budget.scope())
                : allocation.parameters(budget.ratio(), budget.scope());
        if (selection.isEmpty() && budget.ratio() > 0) {
            throw new Failure("ratio " + budget.ratio() + " rounds to no unit in any group", "ratio of units",
                    "use a larger ratio, or count parameters");
        }
        Plan plan = new Plan(Plan.FORMAT_VERSION, file.source(), file.criterion(), file.aggregate(), "block",
                budget.scope().name().toLowerCase(Locale.ROOT), budget.ratio(), file.source().parameters(),
                selection.parametersAfter(), file.calibration(), method.seed(),
                new PlanSelection(config, "plan").kept(selection));
        return new Result(plan, file, selection);
    }
}
