package org.espalier.job;

import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.model.ModelConfig;
import org.espalier.plan.Plan;
import org.espalier.plan.RoundWidths;
import org.espalier.plan.TokenChoice;
import org.espalier.text.TokenizerCut;

/**
 * The tokens that go before anything else does.
 *
 * @param selection with them alone
 * @param counted   where they were counted; empty where none may go
 */
record TokenRemoval(Selection selection, Optional<Plan.Counted> counted) {

    /**
     * Chooses the tokens that go.
     *
     * @param model      a checkpoint folder or a GGUF file
     * @param checkpoint the same, opened
     * @param texts      in which tokens are counted where the budget names none
     * @throws Failure if the vocabulary cannot be cut, or not as much of it as is asked for
     */
    static TokenRemoval of(
            Path model,
            Checkpoint checkpoint,
            ModelConfig config,
            Structure structure,
            BudgetSettings budget,
            List<Path> texts,
            Listener listener) {
        Selection selection = new Selection(structure);
        if (!budget.cutsTokens()) {
            return new TokenRemoval(selection, Optional.empty());
        }
        Units tokens = structure
                .vocabulary()
                .orElseThrow(() -> new Failure(
                        "a model of type " + config.modelType() + " has no vocabulary of which tokens can go",
                        model.toString(),
                        "leave out --units tokens"));
        TokenizerCut cut = TokenizerCut.of(model, checkpoint);
        List<Path> files =
                budget.tokens().texts().isEmpty() ? texts : budget.tokens().texts();
        TokenUses uses = TokenUses.of(model, files, tokens.count(), listener);
        TokenChoice choice = new TokenChoice(uses.counts(), cut.required(), cut::parts);
        int multiple = new RoundWidths(config, budget.rounding(false)).multiple(tokens);
        long least = budget.tokens().least(uses.tokens());
        int wanted = left(structure, tokens, budget.ratio(), multiple);
        boolean byRatio = budget.tokensAlone() && budget.ratioGiven();
        BitSet kept = byRatio && !budget.tokens().usesGiven() ? choice.mostUsed(wanted) : choice.used(least, multiple);
        boolean byUse = true;
        if (byRatio && kept.cardinality() > wanted) {
            throw new Failure(
                    "only %,d of %,d tokens can go, and %,d would have to"
                            .formatted(tokens.count() - kept.cardinality(), tokens.count(), tokens.count() - wanted),
                    "ratio " + budget.ratio(),
                    "use a smaller ratio, let other units go as well, or leave out --token-uses");
        }
        if (budget.boundByRatio()) {
            byUse = kept.cardinality() > wanted;
            kept = byUse ? kept : choice.mostUsed(wanted);
        }
        kept.flip(0, tokens.count());
        selection.remove(tokens, kept.stream().toArray());
        return new TokenRemoval(
                selection, Optional.of(new Plan.Counted(uses.sha256(), uses.tokens(), byUse ? least : null)));
    }

    /** Tokens that are left where tokens alone make up a share of all parameters, rounded. */
    private static int left(Structure structure, Units tokens, double ratio, int multiple) {
        double wanted =
                structure.tape().parameterCount() * ratio / tokens.group().parametersPerUnit();
        double left = Math.max(0, tokens.count() - wanted);
        return (int) Math.round(left / multiple) * multiple;
    }

    /** The plan, which says where tokens were counted. */
    Plan enter(Plan plan) {
        return counted.map(plan::with).orElse(plan);
    }
}
