package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.espalier.Backends;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every operand of every operation, given with a wrong shape or type or not at all, is refused with the operation's name
 * and the shapes, and nothing is touched.
 */
class BadShapesTest {

    /** What is right after all, because nothing else depends on it or because the operand is optional. */
    private static final Set<String> ALLOWED = Set.of(
            "embedding table longer",
            "embeddingBackward dTable longer",
            "scatterRows target longer",
            "gatherRows source longer",
            "gather source longer",
            "gather source wider",
            "linearBackwardBias dY longer",
            "rotary table longer",
            "crossEntropy logits wider",
            "route logits wider",
            "argMax x wider",
            "sample logits wider",
            "sumOfSquares x longer",
            "sumOfSquares x wider",
            "sumOfSquares x deeper",
            "fill target longer",
            "fill target wider",
            "fill target deeper",
            "fill target integers",
            "convert source deeper",
            "convert target deeper",
            "convert source integers",
            "copyColumns x wider",
            "copyColumns x deeper",
            "copyColumns part0 wider",
            "copyColumns part0 deeper",
            "linear bias missing",
            "layerNorm bias missing",
            "layerNormBackward dX missing",
            "layerNormBackward dW missing",
            "layerNormBackward dBias missing",
            "rmsNormBackward dX missing",
            "rmsNormBackward dW missing",
            "attention slopes missing",
            "attentionBackward slopes missing",
            "attentionBackward dQuery missing",
            "attentionBackward dKey missing",
            "attentionBackward dValue missing",
            "swiGluBackward dGate missing",
            "swiGluBackward dUp missing",
            "spreadRows factors missing",
            "joinRows factors missing",
            "adamW factor missing",
            "correlate weights missing",
            "solve right wider",
            "squaredGradients gradient missing",
            "columnDots shift missing",
            "columnDots b missing");

    private static final long MOST_FLOPS = 200_000;
    private static final long ROOM = 4 << 20;

    private static final Map<String, OpCase<? super Backend>> FULLEST_CASES = fullestCases();

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu", "cuda"})
    void areRefusedBeforeAnythingIsTouched(String name) {
        Set<String> allowed = new TreeSet<>();
        try (Backend backend = Backends.open(name);
                Queue queue = backend.newQueue();
                Buffer room = backend.allocate(ROOM, "operands of a wrong shape")) {
            backend.fill(queue, Tensor.of(room, DType.I8, Shape.of(ROOM)), 0);
            FULLEST_CASES.forEach((operation, opCase) -> {
                try (OpRun<?> run = opCase.open(backend, 0)) {
                    RecordedCall call = RecordedCall.of(opCase, run, backend).stream()
                            .filter(c -> c.operation().equals(operation))
                            .findFirst()
                            .orElseThrow();
                    allowed.addAll(tryAll(backend, run, call, room));
                }
            });
            assertEquals(tensorOperations(), FULLEST_CASES.keySet());
        }
        assertEquals(new TreeSet<>(ALLOWED), allowed);
    }

    /** For each operation the case that gives it most operands, and of those the largest. */
    private static Map<String, OpCase<? super Backend>> fullestCases() {
        Map<String, OpCase<? super Backend>> chosen = new TreeMap<>();
        Map<String, Long> best = new TreeMap<>();
        try (Backend backend = Backends.open("cpu")) {
            OpCases.all()
                    .filter(c -> c.forwardFlops() <= MOST_FLOPS && c.aliases().isEmpty())
                    .forEach(opCase -> {
                        try (OpRun<?> run = opCase.open(backend, 0)) {
                            for (RecordedCall call : RecordedCall.of(opCase, run, backend)) {
                                long numbers = call.places().stream()
                                        .mapToLong(place ->
                                                call.tensor(place).shape().elements())
                                        .sum();
                                long fullness = (long) call.places().size() << 32 | numbers;
                                if (fullness > best.getOrDefault(call.operation(), -1L)) {
                                    best.put(call.operation(), fullness);
                                    chosen.put(call.operation(), opCase);
                                }
                            }
                        }
                    });
        }
        return chosen;
    }

    private static Set<String> tensorOperations() {
        Set<String> names = new TreeSet<>();
        Arrays.stream(Backend.class.getMethods())
                .filter(m -> m.getParameterCount() > 0
                        && Arrays.asList(m.getParameterTypes()).contains(Tensor.class))
                .forEach(m -> names.add(m.getName()));
        // They take host memory as well; see BadValuesTest.
        names.removeAll(Set.of("upload", "download"));
        return names;
    }

    /** Tries every change of every operand, and returns those that the backend took. */
    private static Set<String> tryAll(Backend backend, OpRun<?> run, RecordedCall call, Buffer room) {
        Set<String> taken = new TreeSet<>();
        for (RecordedCall.Place place : call.places()) {
            Tensor tensor = call.tensor(place);
            changes(tensor, room).forEach((change, changed) -> {
                String attempt = call.operation() + " " + run.nameOf(tensor) + " " + change;
                RecordedCall bad = call.with(place, changed);
                if (ALLOWED.contains(attempt)) {
                    assertDoesNotThrow(() -> bad.on(backend), attempt);
                    taken.add(attempt);
                } else {
                    refused(backend, run, bad, changed, attempt);
                }
            });
        }
        return taken;
    }

    private static void refused(Backend backend, OpRun<?> run, RecordedCall bad, Tensor changed, String attempt) {
        Map<String, byte[]> before = bytes(run, bad);
        String message = assertThrows(IllegalArgumentException.class, () -> bad.on(backend), attempt)
                .getMessage();
        assertTrue(message.startsWith(bad.operation() + ": "), attempt + " is refused with: " + message);
        String shape = changed == null ? " none" : changed.type() + " " + changed.shape();
        assertTrue(message.contains(shape), attempt + " is refused with: " + message);
        bytes(run, bad)
                .forEach((operand, now) -> assertArrayEquals(
                        before.get(operand), now, () -> attempt + " is refused, but changes " + operand));
    }

    private static Map<String, byte[]> bytes(OpRun<?> run, RecordedCall call) {
        Map<String, byte[]> bytes = new LinkedHashMap<>();
        for (RecordedCall.Place place : call.places()) {
            if (call.tensor(place).buffer().bytes() != ROOM) {
                String name = run.nameOf(call.tensor(place));
                bytes.put(name, run.readBytes(name));
            }
        }
        return bytes;
    }

    private static Map<String, Tensor> changes(Tensor tensor, Buffer room) {
        long[] dims = tensor.shape().toArray();
        long[] longer = dims.clone();
        longer[0]++;
        long[] wider = dims.clone();
        wider[dims.length - 1] += tensor.type().blockElements();
        long[] deeper = new long[dims.length + 1];
        deeper[0] = 1;
        System.arraycopy(dims, 0, deeper, 1, dims.length);
        Map<String, Tensor> changes = new LinkedHashMap<>();
        if (dims.length > 1) {
            changes.put("longer", Tensor.of(room, tensor.type(), Shape.of(longer)));
        }
        changes.put("wider", Tensor.of(room, tensor.type(), Shape.of(wider)));
        changes.put("deeper", Tensor.of(room, tensor.type(), Shape.of(deeper)));
        changes.put("integers", Tensor.of(room, DType.I8, tensor.shape()));
        changes.put("missing", null);
        return changes;
    }
}
