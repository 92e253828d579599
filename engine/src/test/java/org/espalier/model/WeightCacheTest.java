package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.error.Failure;
import org.espalier.tape.Element;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.Linear;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which layers are read and given back, and in which order, by a reader that writes down what it is asked for. */
class WeightCacheTest {

    private static final int WIDTH = 4;
    private static final long LAYER = 2L * WIDTH * WIDTH * Float.BYTES;

    private final Backend cpu = new CpuBackend(1);
    private final Backend backend = watched(cpu);
    private BooleanSupplier giver;
    /** {@code +2} for a layer that is read, {@code !2} for one that is refused half way, {@code -2} for one given back. */
    private final List<String> heard = Collections.synchronizedList(new ArrayList<>());
    /** Which readings, counted from 1, are refused. */
    private Set<Integer> refused = Set.of();

    private int readings;

    @AfterEach
    void close() {
        cpu.close();
    }

    private Backend watched(Backend watched) {
        return (Backend) Proxy.newProxyInstance(
                WeightCacheTest.class.getClassLoader(), new Class<?>[] {Backend.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("askWhenFull")) {
                        giver = (BooleanSupplier) arguments[0];
                        return (Runnable) () -> giver = null;
                    }
                    return method.invoke(watched, arguments);
                });
    }

    @Test
    void roomForTwoIsEnoughToReadAhead() {
        assertEquals("+0 +1 -0 +2 -1 +3 -2 +4 | -3 -4", walk(5, 2 * LAYER, 0, 1, 2, 3, 4));
    }

    @Test
    void theWayBackReadsAheadTheOtherWay() {
        assertEquals("+0 +1 -0 +2 -1 +3 -3 +1 -2 +0 | -1 -0", walk(4, 2 * LAYER, 0, 1, 2, 3, 2, 1, 0));
    }

    /** What was used last goes first: of six layers, two are read again. */
    @Test
    void whatFitsStaysForTheNextWalk() {
        assertEquals(
                "+0 +1 +2 +3 -2 +4 -3 +5 -0 +2 -1 +3 | -2 -3 -4 -5",
                walk(6, 4 * LAYER, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5));
    }

    @Test
    void withoutRoomForTwoEachIsReadWhenItIsUsed() {
        assertEquals("+0 -0 +1 -1 +2 -2 +1 | -1", walk(3, LAYER + 1, 0, 1, 2, 1));
    }

    /** A budget that not even one layer fits in is for the device to refuse. */
    @Test
    void aLayerLargerThanTheBudgetIsReadAlone() {
        assertEquals("+0 -0 +1 | -1", walk(2, 1, 0, 1));
    }

    /** A device that work has filled meanwhile: reading ahead fails in silence, and all else goes before reading does. */
    @Test
    void aFullDeviceIsTriedAgainWithEverythingElseGone() {
        refused = Set.of(3, 4);
        assertEquals("+0 +1 +2 !2 -2 +2 !2 -2 -0 -1 +2 +3 | -2 -3", walk(4, 4 * LAYER, 0, 1, 2));
    }

    @Test
    void whatCannotBeReadIsAFailureThatLeavesNothingBehind() {
        refused = Set.of(3, 4, 5);
        try (WeightCache cache = cache(3, 2 * LAYER)) {
            cache.tensor("layer 0 a");
            cache.tensor("layer 1 a");
            assertEquals(
                    "full",
                    assertThrows(Failure.class, () -> cache.tensor("layer 2 a")).problem());
            heard.clear();
            cache.tensor("layer 1 a");
        }
        assertEquals("+1 +2 | -1 -2", happened());
    }

    /** Layer by layer, but for the one that is worked on; weights take no more than two layers after that. */
    @Test
    void workThatFindsTheDeviceFullGetsWhatWeightsHave() {
        try (WeightCache cache = cache(4, 4 * LAYER)) {
            assertFalse(giver.getAsBoolean());
            cache.tensor("layer 0 a");
            cache.tensor("layer 1 a");
            assertFalse(
                    CompletableFuture.supplyAsync(giver::getAsBoolean).join(),
                    "a thread that uses no weights got some");
            assertTrue(giver.getAsBoolean());
            assertTrue(giver.getAsBoolean());
            assertFalse(giver.getAsBoolean());
            cache.tensor("layer 2 a");
        }
        assertEquals("+0 +1 +2 -2 -0 +2 -1 +3 | -2 -3", happened());
        assertNull(giver);
    }

    @Test
    void weightsLeaveWhatIsAskedForButTwoLayers() {
        try (WeightCache cache = cache(4, 4 * LAYER)) {
            for (int layer = 0; layer < 3; layer++) {
                cache.tensor("layer " + layer + " a");
            }
            cache.leave(LAYER);
            assertEquals(0, cache.toCome());
            heard.add("and");
            cache.leave(10 * LAYER);
            assertEquals(2 * LAYER, cache.budget());
        }
        assertEquals("+0 +1 +2 +3 -3 and | -1 -0 -2", happened());
    }

    @Test
    void weightsOfALayerStayWhereTheyAreWhileItIsUsed() {
        try (WeightCache cache = cache(3, 2 * LAYER)) {
            Tensor first = cache.tensor("layer 0 a");
            cache.tensor("layer 0 b");
            assertSame(first, cache.tensor("layer 0 a"));
            assertThrows(IllegalArgumentException.class, () -> cache.tensor("layer 7 a"));
        }
    }

    /** What a walk that uses these layers reads and gives back; then what is given back in the end. */
    private String walk(int layers, long budget, int... used) {
        try (WeightCache cache = cache(layers, budget)) {
            for (int layer : used) {
                cache.tensor("layer " + layer + " a");
            }
        }
        return happened();
    }

    private String happened() {
        int end = heard.size();
        while (end > 0 && heard.get(end - 1).startsWith("-")) {
            end--;
        }
        return String.join(" ", heard.subList(0, end)) + " | " + String.join(" ", heard.subList(end, heard.size()));
    }

    /** Of layers with two weights each. The head uses one of the first layer again. */
    private WeightCache cache(int layers, long budget) {
        Tape tape = new Tape();
        Value x = tape.input("ids", Element.INDEX, 1);
        for (int layer = 0; layer < layers; layer++) {
            tape.segment("layer " + layer);
            Value a = tape.parameter("layer " + layer + " a", WIDTH, WIDTH);
            x = layer == 0 ? Embedding.record(tape, x, a) : Linear.record(tape, x, a, null);
            x = Linear.record(tape, x, tape.parameter("layer " + layer + " b", WIDTH, WIDTH), null);
        }
        tape.segment("head");
        Linear.record(tape, x, tape.parameter("layer 0 a", WIDTH, WIDTH), null);
        return new WeightCache(backend, tape, leaf -> LAYER / 2, budget, this::read);
    }

    private Tensor read(Queue queue, Value parameter) {
        String layer = parameter.name().substring("layer ".length(), "layer ".length() + 1);
        boolean first = parameter.name().endsWith("a");
        if (first) {
            heard.add("+" + layer);
        } else if (refused.contains(++readings)) {
            heard.add("!" + layer);
            throw new Failure("full", "test", "nothing");
        }
        Buffer memory = backend.allocate(LAYER / 2, parameter.name());
        return Tensor.of(first ? new Told(memory, "-" + layer) : memory, DType.F32, parameter.shape());
    }

    /** A buffer that tells when it is closed. */
    private final class Told implements Buffer {

        private final Buffer memory;
        private final String line;

        Told(Buffer memory, String line) {
            this.memory = memory;
            this.line = line;
        }

        @Override
        public long bytes() {
            return memory.bytes();
        }

        @Override
        public void close() {
            heard.add(line);
            memory.close();
        }
    }
}
