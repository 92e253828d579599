package org.espalier.tune;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.WeightUse;
import org.espalier.tensor.Tensor;

/**
 * Fresh weights: normal with deviation 0.02, those that write into the residual stream smaller by the root of twice the
 * number of layers (Radford et al. 2019), norms 1, biases 0. A weight depends on the seed and its name only.
 */
public final class Initialisation {

    private static final double DEVIATION = 0.02;

    private Initialisation() {}

    /** New tensors in the compute type for every parameter of the tape, which the caller closes. */
    public static Map<String, Tensor> weights(Backend backend, Tape tape, int layers, long seed) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        Set<Value> writers = writers(tape);
        try (Queue queue = backend.newQueue()) {
            for (Value parameter : tape.leaves(Value.Role.PARAMETER)) {
                Tensor weight =
                        backend.allocate(backend.computeType(), parameter.shape(), "weight " + parameter.name());
                weights.put(parameter.name(), weight);
                double[] numbers = new double[Math.toIntExact(parameter.shape().elements())];
                DoubleSupplier next = numbers(parameter, writers, layers, seed);
                Arrays.setAll(numbers, i -> next.getAsDouble());
                HostCopy.writeDoubles(backend, queue, numbers, weight);
            }
        }
        return weights;
    }

    /** The weights whose products end branches: what they compute is added onto the residual stream. */
    static Set<Value> writers(Tape tape) {
        Set<Value> ends =
                tape.branches().stream().map(branch -> branch.output().root()).collect(Collectors.toSet());
        return tape.segments().stream()
                .flatMap(segment -> segment.ops().stream())
                .flatMap(op -> op.weights().stream())
                .filter(use -> use.kind() == WeightUse.Kind.PRODUCT
                        && ends.contains(use.output().root()))
                .map(use -> use.weight().root())
                .collect(Collectors.toSet());
    }

    /**
     * A parameter's numbers, one after the other.
     *
     * @param writers those of its tape
     */
    static DoubleSupplier numbers(Value parameter, Set<Value> writers, int layers, long seed) {
        String name = parameter.name();
        if (parameter.shape().rank() == 1) {
            double constant = name.endsWith("bias") ? 0 : 1;
            return () -> constant;
        }
        double deviation = writers.contains(parameter) ? DEVIATION / Math.sqrt(2.0 * layers) : DEVIATION;
        CRC32 hash = new CRC32();
        hash.update(name.getBytes(StandardCharsets.UTF_8));
        RandomGenerator random =
                RandomGeneratorFactory.of("L64X128MixRandom").create(seed * 0x9E3779B97F4A7C15L + hash.getValue());
        return () -> deviation * random.nextGaussian();
    }
}
