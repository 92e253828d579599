package org.espalier.tape.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Sequences;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.tape.Executor;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Experts compute their own rows and nothing else: k for each token, however many experts there are. */
class ExpertWorkTest {

    private static final int TOKENS = 13;
    private static final int CHANNELS = 6;
    private static final int NEURONS = 4;
    private static final int K = 2;

    @ParameterizedTest
    @ValueSource(ints = {2, 8, 64})
    void growsWithTheExpertsOfATokenAlone(int experts) {
        AtomicLong multiplied = new AtomicLong();
        try (ReferenceBackend reference = new ReferenceBackend()) {
            Backend counting = (Backend) Proxy.newProxyInstance(
                    Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (_, method, given) -> {
                        if (method.getName().equals("linear")) {
                            multiplied.addAndGet(((Tensor) given[1]).shape().dim(0)
                                    * ((Tensor) given[2]).shape().elements());
                        }
                        try {
                            return method.invoke(reference, given);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
            run(counting, experts);
        }
        assertEquals((long) TOKENS * K * NEURONS * CHANNELS, multiplied.get());
    }

    private static void run(Backend backend, int experts) {
        Tape tape = new Tape();
        tape.segment("all");
        Value x = tape.constant("x", TOKENS, CHANNELS);
        Routing routing = Route.record(tape, tape.constant("logits", TOKENS, experts), K, true);
        List<Value> weights = IntStream.range(0, experts)
                .mapToObj(e -> tape.parameter("w" + e, NEURONS, CHANNELS))
                .toList();
        Value made = ExpertLinear.record(tape, Dispatch.record(tape, x, routing), weights, routing);
        tape.result(Combine.record(tape, made, routing));
        assertEquals(2L * TOKENS * K * NEURONS * CHANNELS, made(tape).flops());
        try (Queue queue = backend.newQueue();
                Leaves numbers = new Leaves(backend, queue, tape);
                Executor executor = Executor.inference(backend, tape, numbers::tensor)) {
            executor.forward(Sequences.packed(TOKENS));
        }
    }

    private static ExpertLinear made(Tape tape) {
        return (ExpertLinear) Recording.ops(tape)
                .filter(op -> op instanceof ExpertLinear)
                .findFirst()
                .orElseThrow();
    }

    /** Some numbers for every leaf. */
    private record Leaves(Map<Value, Tensor> tensors) implements AutoCloseable {

        Leaves(Backend backend, Queue queue, Tape tape) {
            this(tape.leaves().stream().collect(Collectors.toMap(leaf -> leaf, leaf -> {
                Tensor tensor = backend.allocate(DType.F64, leaf.shape(), leaf.name());
                double[] numbers = new Random(leaf.name().hashCode())
                        .doubles(leaf.shape().elements())
                        .toArray();
                HostCopy.writeDoubles(backend, queue, numbers, tensor);
                return tensor;
            })));
        }

        Tensor tensor(Value leaf) {
            return tensors.get(leaf);
        }

        @Override
        public void close() {
            tensors.values().forEach(tensor -> tensor.buffer().close());
        }
    }
}
