package org.espalier.job;

import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.error.Failure;
import org.espalier.format.NumberTypes;
import org.espalier.format.StoredTensor;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig;
import org.espalier.model.MultiplyAdds;
import org.espalier.model.PrunedConfig;
import org.espalier.model.Transformer;
import org.espalier.plan.Goal;
import org.espalier.plan.Goal.Quantity;
import org.espalier.plan.LatencyTable;
import org.espalier.plan.PlanFile;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;

/** Counts what is left of a model: its parameters, its multiply-adds, the memory that it takes. */
final class Goals {

    private final ModelConfig config;
    private final Structure structure;
    private final Map<String, StoredTensor> stored;
    private final NumberTypes types;
    private final int context;

    /**
     * @param structure of the model
     * @param types     that weights are stored in afterwards
     * @param context   tokens whose keys and values count as memory
     */
    Goals(ModelCheckpoint checkpoint, Structure structure, NumberTypes types, int context) {
        this.config = checkpoint.model();
        this.structure = structure;
        this.stored = checkpoint.tensors();
        this.types = types;
        this.context = context;
    }

    /**
     * What must be reached.
     *
     * @throws Failure if the whole model needs no more than that
     */
    Goal of(Target target) {
        return of(target, count(target.quantity()), null);
    }

    /**
     * As above, for a latency, by a table that was measured.
     *
     * @param where the table is from, for messages
     * @throws Failure also if the table has no such times
     */
    Goal of(Target target, LatencyTable table, LatencyTable.Use use, String where) {
        return of(target, count(Quantity.LATENCY, table, use, where), PlanFile.sha256(table));
    }

    private Goal of(Target target, ToDoubleFunction<Selection> count, String sha256) {
        Quantity quantity = target.quantity();
        double before = count.applyAsDouble(new Selection(structure));
        double most = target.most(before);
        if (most >= before) {
            throw new Failure(
                    "the model needs no more than that: it has %.0f %s".formatted(before, quantity.unit()),
                    "--target " + target,
                    "ask for less");
        }
        return new Goal(quantity, before, most, count, target.toString(), sha256);
    }

    /** No goal in particular, of which everything that can be had is asked; a latency by a table, which else is null. */
    Goal everything(Quantity quantity, LatencyTable table, LatencyTable.Use use, String where) {
        ToDoubleFunction<Selection> count = count(quantity, table, use, where);
        double before = count.applyAsDouble(new Selection(structure));
        return new Goal(
                quantity, before, 0, count, "frontier " + quantity, table == null ? null : PlanFile.sha256(table));
    }

    private ToDoubleFunction<Selection> count(
            Quantity quantity, LatencyTable table, LatencyTable.Use use, String where) {
        if (table == null) {
            return count(quantity);
        }
        table.require(use, where);
        return selection -> table.microseconds(selection, use);
    }

    private ToDoubleFunction<Selection> count(Quantity quantity) {
        return switch (quantity) {
            case PARAMETERS -> Selection::parametersAfter;
            case MACS ->
                selection -> MultiplyAdds.of(PrunedConfig.of(config, selection), MultiplyAdds.USUAL_TOKENS)
                        .count();
            case MEMORY -> selection -> weightBytes(selection) + cacheBytes(PrunedConfig.of(config, selection));
            case LATENCY -> throw new IllegalArgumentException("a latency is counted by a table that was measured");
        };
    }

    private double weightBytes(Selection selection) {
        double bytes = 0;
        for (Value parameter : selection.parameters()) {
            StoredTensor tensor = stored.get(parameter.name());
            DType from = tensor == null ? DType.F32 : tensor.type();
            DType type = types.of(parameter.name(), selection.shape(parameter), from);
            // Of blocks that would not be whole a part counts.
            bytes += (double) selection.shape(parameter).elements() / type.blockElements() * type.blockBytes();
        }
        return bytes;
    }

    private double cacheBytes(ModelConfig left) {
        return context == 0
                ? 0
                : new Transformer(left)
                        .cached(1, 1, context).tape().leaves(Value.Role.STATE).stream()
                                .mapToLong(
                                        state -> DType.F32.bytes(state.shape().elements()))
                                .sum();
    }
}
