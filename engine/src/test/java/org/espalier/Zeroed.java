package org.espalier;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Member;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.PrunedConfig;
import org.espalier.model.Transformer.Recording;
import org.espalier.model.Weights;
import org.espalier.tape.Branch;
import org.espalier.tape.Executor;
import org.espalier.tape.Value;
import org.espalier.tape.WeightUse;
import org.espalier.tape.WeightUse.Kind;
import org.espalier.tensor.Tensor;

/**
 * What a model computes that still has everything, but with 0 in what is removed. Where channels of the residual stream go,
 * its norms run over the kept ones only: the mean square of all C channels is that of the C' kept ones times C'/C, so what
 * writes to the stream is multiplied by the root of C/C', which the weights of its norms take away again.
 */
public final class Zeroed {

    private final Structure structure;
    private final Selection selection;
    private final List<WeightUse> uses;
    /** The root of C/C'. */
    private final double more;

    private Zeroed(Model model, Selection selection) {
        this.structure = model.structure();
        this.selection = selection;
        this.uses = structure.tape().segments().stream()
                .flatMap(segment -> segment.ops().stream())
                .flatMap(op -> op.weights().stream())
                .toList();
        this.more = Math.sqrt((double) model.config().hidden()
                / PrunedConfig.of(model.config(), selection).hidden());
    }

    /** Logits of every token. */
    public static double[] logits(Model model, Packed tokens, Backend backend) {
        Recording recording = model.transformer().logits(tokens.tokens());
        try (Executor executor = Executor.inference(backend, recording.tape(), model.leaves(Map.of()))) {
            tokens.feed(executor, recording);
            executor.forward(tokens.sequences());
            return executor.read(recording.logits());
        }
    }

    /** Logits of every token with what is selected zeroed. */
    public static double[] logits(Model model, Selection selection, Packed tokens, Backend backend) {
        Zeroed zeroed = new Zeroed(model, selection);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        try (Queue queue = backend.newQueue()) {
            for (Value parameter : zeroed.structure.tape().leaves(Value.Role.PARAMETER)) {
                Tensor weight = model.weights().tensor(parameter.name());
                Tensor copy = backend.allocate(backend.computeType(), weight.shape(), "copy of " + parameter.name());
                double[] numbers = HostCopy.readDoubles(backend, queue, weight);
                zeroed.change(numbers, parameter);
                HostCopy.writeDoubles(backend, queue, numbers, copy);
                weights.put(parameter.name(), copy);
            }
        }
        try (Model zeroedModel = Model.of(model.config(), Weights.owning(weights), backend)) {
            return logits(zeroedModel, tokens, backend);
        }
    }

    private void change(double[] numbers, Value parameter) {
        structure.units().forEach(units -> zero(numbers, parameter, units));
        double factor = endsRemovedBranch(parameter) ? 0 : factor(parameter);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] *= factor;
        }
    }

    private boolean endsRemovedBranch(Value parameter) {
        return structure.branches().stream()
                .filter(selection::removed)
                .map(Branch::output)
                .anyMatch(output -> uses.stream()
                        .filter(use ->
                                use.kind() == Kind.PRODUCT && use.output().root() == output.root())
                        .anyMatch(use -> use.weight().root() == parameter || use.shift() == parameter));
    }

    /** What keeps the norms of the stream at their kept channels. */
    private double factor(Value parameter) {
        Member channels = structure.units().stream()
                .filter(units -> units.group().role() == Role.CHANNELS)
                .flatMap(units -> units.members().stream())
                .filter(member -> member.tensor() == parameter)
                .findFirst()
                .orElse(null);
        double factor = 1;
        for (WeightUse use : uses) {
            if (channels != null && use.weight().root() == parameter) {
                factor = switch (use.kind()) {
                    case LOOKUP, BIAS -> more;
                    case SCALE -> readByTable(use.output()) ? 1 / (more * more) : 1 / more;
                    case PRODUCT -> channels.axis() == 0 ? more : factor;
                };
            }
        }
        return factor;
    }

    /** Whether an embedding table, which writes to the stream as well, is the head that reads a value. */
    private boolean readByTable(Value value) {
        return uses.stream()
                .filter(use -> use.kind() == Kind.PRODUCT && use.input().root() == value.root())
                .anyMatch(product ->
                        uses.stream().anyMatch(use -> use.kind() == Kind.LOOKUP && use.weight() == product.weight()));
    }

    private void zero(double[] numbers, Value parameter, Units units) {
        int columns = parameter.shape().columns();
        boolean vector = parameter.shape().rank() == 1;
        for (Member member : units.members()) {
            if (member.tensor().name().equals(parameter.name())) {
                selection.removed(units).stream().forEach(unit -> {
                    for (long entry : units.entries(member, unit)) {
                        for (int i = 0; i < numbers.length; i++) {
                            int at = vector || member.axis() == 1 ? i % columns : i / columns;
                            numbers[i] = at == entry ? 0 : numbers[i];
                        }
                    }
                });
            }
        }
    }
}
