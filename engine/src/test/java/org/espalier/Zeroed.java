package org.espalier;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.couple.Member;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.Transformer.Recording;
import org.espalier.model.Weights;
import org.espalier.tape.Executor;
import org.espalier.tape.Op;
import org.espalier.tape.Value;
import org.espalier.tape.WeightUse.Kind;
import org.espalier.tape.op.LayerNorm;
import org.espalier.tape.op.Normalisation;
import org.espalier.tape.op.Route;
import org.espalier.tape.op.Scale;
import org.espalier.tensor.Tensor;

/**
 * What a model computes that still has everything, but with 0 in what is removed, with norms that run over what is kept
 * only, as those of the smaller model do, and with routers that do not choose experts that are gone.
 */
public final class Zeroed {

    private final Structure structure;
    private final Selection selection;

    private Zeroed(Model model, Selection selection) {
        this.structure = model.structure();
        this.selection = selection;
    }

    private static Stream<Op> ops(Structure structure) {
        return structure.tape().segments().stream().flatMap(segment -> segment.ops().stream());
    }

    /** Logits of every token. */
    public static double[] logits(Model model, Packed tokens, Backend backend) {
        return logits(model, model.transformer().logits(tokens.tokens()), tokens, backend);
    }

    private static double[] logits(Model model, Recording recording, Packed given, Backend backend) {
        Packed tokens = given.readBy(model.config());
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
            Recording recording = zeroedModel.transformer().logits(tokens.tokens());
            Structure recorded = Structure.of(recording.tape());
            Selection there = selection.on(recorded);
            Iterator<Norm> norms = ops(recorded)
                    .flatMap(Zeroed::normalised)
                    .map(x -> new Norm(there.kept(x, 1), passing(recorded, there, x)))
                    .toList()
                    .iterator();
            Iterator<int[]> experts = ops(recorded)
                    .flatMap(op -> op instanceof Route route ? Stream.of(route.logits()) : Stream.empty())
                    .map(logits -> there.kept(logits, 1))
                    .toList()
                    .iterator();
            double[] logits = logits(zeroedModel, recording, tokens, changed(backend, norms, experts));
            if (norms.hasNext() || experts.hasNext()) {
                throw new AssertionError("there were fewer normalisations than are recorded");
            }
            return logits;
        }
    }

    /**
     * A normalisation as it is changed.
     *
     * @param kept   columns it runs over
     * @param passes what its input is multiplied by instead of being normalised, or 0
     */
    private record Norm(int[] kept, double passes) {}

    /** A removed branch that is added onto the normalised stream times a number leaves the stream as it is. */
    private static double passing(Structure recorded, Selection there, Value x) {
        return recorded.branches().stream()
                .filter(branch -> !branch.ontoStream() && branch.source().root() == x.root() && there.removed(branch))
                .mapToDouble(branch -> 1
                        / ops(recorded)
                                .flatMap(op -> op instanceof Scale scale ? Stream.of(scale) : Stream.empty())
                                .filter(scale -> scale.y() == branch.onto())
                                .findFirst()
                                .orElseThrow()
                                .factor())
                .findFirst()
                .orElse(0);
    }

    private static Stream<Value> normalised(Op op) {
        return switch (op) {
            case Normalisation norm -> Stream.of(norm.x());
            case LayerNorm norm -> Stream.of(norm.x());
            default -> Stream.empty();
        };
    }

    /** The same backend, whose norms run over these columns, and whose routers choose among these experts. */
    private static Backend changed(Backend backend, Iterator<Norm> norms, Iterator<int[]> experts) {
        return (Backend) Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (_, method, given) -> {
                    try {
                        if (method.getName().equals("rmsNorm")) {
                            normalise(backend, norms.next(), given, false);
                            return null;
                        }
                        if (method.getName().equals("layerNorm")) {
                            normalise(backend, norms.next(), given, true);
                            return null;
                        }
                        if (method.getName().equals("route")) {
                            leaveOut(backend, experts.next(), (Queue) given[0], (Tensor) given[1]);
                        }
                        return method.invoke(backend, given);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** @param given queue, x, w, perhaps a bias, the number that is added under the root, and y */
    private static void normalise(Backend backend, Norm norm, Object[] given, boolean centred) {
        int[] kept = norm.kept;
        Queue queue = (Queue) given[0];
        double[] x = HostCopy.readDoubles(backend, queue, (Tensor) given[1]);
        double[] w = HostCopy.readDoubles(backend, queue, (Tensor) given[2]);
        double[] bias = centred ? HostCopy.readDoubles(backend, queue, (Tensor) given[3]) : new double[w.length];
        int eps = centred ? 4 : 3;
        double[] y = new double[x.length];
        for (int row = 0; row < x.length; row += w.length) {
            int at = row;
            double mean =
                    centred ? Arrays.stream(kept).mapToDouble(c -> x[at + c]).sum() / kept.length : 0;
            double square = Arrays.stream(kept)
                    .mapToDouble(c -> (x[at + c] - mean) * (x[at + c] - mean))
                    .sum();
            double length = Math.sqrt(square / kept.length + (double) given[eps]);
            for (int c : kept) {
                y[row + c] =
                        norm.passes == 0 ? (x[row + c] - mean) / length * w[c] + bias[c] : norm.passes * x[row + c];
            }
        }
        HostCopy.writeDoubles(backend, queue, y, (Tensor) given[eps + 1]);
    }

    /** Gives experts that are not kept logits that are never chosen. */
    private static void leaveOut(Backend backend, int[] kept, Queue queue, Tensor logits) {
        double[] numbers = HostCopy.readDoubles(backend, queue, logits);
        double[] left = new double[numbers.length];
        Arrays.fill(left, Double.NEGATIVE_INFINITY);
        for (int row = 0; row < left.length; row += logits.shape().columns()) {
            for (int expert : kept) {
                left[row + expert] = numbers[row + expert];
            }
        }
        HostCopy.writeDoubles(backend, queue, left, logits);
    }

    private void change(double[] numbers, Value parameter) {
        structure.units().forEach(units -> zero(numbers, parameter, units));
        if (endsRemovedBranch(parameter)) {
            Arrays.fill(numbers, 0);
        }
    }

    /** Whether it belongs to the last product of what a removed branch adds to the stream: what follows makes 0 of 0. */
    private boolean endsRemovedBranch(Value parameter) {
        return structure.branches().stream()
                .filter(selection::removed)
                .flatMap(branch -> structure.tape().leadingTo(branch).stream()
                        .map(Op::weights)
                        .filter(uses -> uses.stream().anyMatch(use -> use.kind() == Kind.PRODUCT))
                        .reduce((_, later) -> later)
                        .orElseThrow()
                        .stream())
                .anyMatch(use -> use.weight().root() == parameter || use.shift() == parameter);
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
