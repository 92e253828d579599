package org.espalier.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Sequences;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.tape.SegmentWalk.Batch;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.CrossEntropy;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.RmsNorm;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A walk one segment at a time gives what a run of the whole tape does, whether its numbers wait in memory or in a file. */
class SegmentWalkTest {

    private static final int CHANNELS = 6;
    private static final int VOCABULARY = 9;

    @TempDir
    Path folder;

    /** A tied embedding, residual layers, and losses that read slices of one value in several segments. */
    private static Tape tape(int tokens, int lossRows) {
        Tape tape = new Tape();
        tape.segment("embedding");
        Value table = tape.parameter("table", VOCABULARY, CHANNELS);
        Value stream = Embedding.record(tape, tape.input("ids", Element.INDEX, tokens), table);
        for (int layer = 0; layer < 3; layer++) {
            tape.segment("layer " + layer);
            Value normed = RmsNorm.record(tape, stream, tape.parameter("norm" + layer, CHANNELS), 1e-5);
            Value h = Linear.record(tape, normed, tape.parameter("w" + layer, CHANNELS, CHANNELS), null);
            stream = Add.record(tape, stream, h, 1);
        }
        for (int start = 0; start < tokens; start += lossRows) {
            tape.segment("loss " + start);
            int end = Math.min(tokens, start + lossRows);
            Value logits = Linear.record(tape, tape.slice(stream, start, end), table, null);
            tape.result(CrossEntropy.record(tape, logits, tape.input("targets " + start, Element.INDEX, end - start)));
        }
        return tape;
    }

    private static Batch batch(Tape tape, int tokens, long seed) {
        Map<Value, int[]> inputs = new LinkedHashMap<>();
        for (Value input : tape.leaves(Value.Role.INPUT)) {
            inputs.put(
                    input,
                    new Random(seed)
                            .ints(input.shape().elements(), 0, VOCABULARY)
                            .toArray());
        }
        return new Batch(tape, Sequences.packed(tokens), inputs);
    }

    /** Two batches of one size, which share a tape, and a shorter one with fewer segments before a longer one. */
    private static List<Batch> batches() {
        Tape five = tape(5, 8);
        return List.of(batch(five, 5, 1), batch(five, 5, 2), batch(tape(19, 8), 19, 3), batch(tape(11, 8), 11, 4));
    }

    private final Map<String, Tensor> weights = new HashMap<>();

    private Tensor weight(Backend backend, Value leaf) {
        return weights.computeIfAbsent(leaf.name(), name -> {
            Tensor tensor = backend.allocate(DType.F64, leaf.shape(), name);
            double[] numbers = new double[Math.toIntExact(leaf.shape().elements())];
            Random random = new Random(name.hashCode());
            Arrays.setAll(numbers, i -> random.nextGaussian());
            try (Queue queue = backend.newQueue()) {
                HostCopy.writeDoubles(backend, queue, numbers, tensor);
            }
            return tensor;
        });
    }

    @ParameterizedTest
    @CsvSource({"9223372036854775807, false", "0, false", "500, false", "9223372036854775807, true", "500, true"})
    void gradientsAndLossesAreThoseOfTheWholeTape(long memory, boolean all) {
        List<Batch> batches = batches();
        Tape longest = batches.get(2).tape();
        try (Backend backend = new ReferenceBackend();
                Queue queue = backend.newQueue();
                GradientStore walked = new GradientStore(backend, longest, name -> true);
                GradientStore whole = new GradientStore(backend, longest, name -> true);
                Spill spill = new Spill(folder).limit(memory);
                SegmentWalk walk = new SegmentWalk(
                        backend, batches, leaf -> weight(backend, leaf), walked, Observer.NONE, spill)) {
            walked.tensors().values().forEach(t -> backend.fill(queue, t, 0));
            if (all) {
                walk.keepAll();
            }
            walk.backward(0.25);
            for (int b = 0; b < batches.size(); b++) {
                Batch batch = batches.get(b);
                try (Executor executor = new Executor(
                        backend, batch.tape(), leaf -> weight(backend, leaf), whole, Retention.KEEP, Observer.NONE)) {
                    batch.inputs().forEach(executor::set);
                    executor.forward(batch.sequences());
                    executor.backward(0.25, b > 0);
                    for (Value loss : batch.tape().results()) {
                        assertArrayEquals(executor.read(loss), walk.result(b, loss), 1e-14);
                    }
                }
            }
            whole.tensors()
                    .forEach((name, gradient) -> assertArrayEquals(
                            HostCopy.readDoubles(backend, queue, gradient),
                            HostCopy.readDoubles(
                                    backend, queue, walked.tensors().get(name)),
                            1e-13,
                            name));
            assertEquals(memory < Long.MAX_VALUE, spill.fileBytes() > 0);
        } finally {
            weights.values().forEach(t -> t.buffer().close());
        }
        assertTrue(isEmpty(folder), "the scratch file is left");
    }

    @Test
    void observersSeeEverySegmentOnceAndEveryOperationOfEveryBatchOnceForwards() {
        List<Batch> batches = batches();
        List<String> seen = new ArrayList<>();
        Map<Op, Integer> forwards = new HashMap<>();
        Observer observer = new Observer() {
            @Override
            public void before(Segment segment, boolean backward) {
                seen.add((backward ? "back to " : "into ") + segment.name());
            }

            @Override
            public void after(Segment segment, boolean backward) {
                seen.add("out of " + segment.name());
            }

            @Override
            public void afterForward(Op op, Step step) {
                forwards.merge(op, 1, Integer::sum);
            }
        };
        try (Backend backend = new ReferenceBackend();
                Queue queue = backend.newQueue();
                GradientStore gradients =
                        new GradientStore(backend, batches.get(2).tape(), name -> name.equals("w1"));
                Spill spill = new Spill(folder);
                SegmentWalk walk =
                        new SegmentWalk(backend, batches, leaf -> weight(backend, leaf), gradients, observer, spill)) {
            gradients.tensors().values().forEach(t -> backend.fill(queue, t, 0));
            walk.backward(1);
        } finally {
            weights.values().forEach(t -> t.buffer().close());
        }
        List<String> expected = new ArrayList<>();
        List<String> names = List.of("embedding", "layer 0", "layer 1", "layer 2", "loss 0", "loss 8", "loss 16");
        names.subList(0, 6).forEach(name -> expected.addAll(List.of("into " + name, "out of " + name)));
        names.reversed().forEach(name -> expected.addAll(List.of("back to " + name, "out of " + name)));
        assertEquals(expected, seen);
        for (Batch batch : batches) {
            int times = batch.sequences().queries() == 5 ? 2 : 1;
            batch.tape().segments().stream()
                    .flatMap(s -> s.ops().stream())
                    .forEach(op -> assertEquals(times, forwards.get(op)));
        }
    }

    private static boolean isEmpty(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
