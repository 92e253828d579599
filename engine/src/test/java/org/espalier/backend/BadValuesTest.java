package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Numbers that no operation can work with are refused by name on both backends of the host. */
class BadValuesTest {

    static Stream<Arguments> refusals() {
        // What is wrong with numbers that lie on a device shows where the host waits.
        return Stream.of("reference", "cpu", "cuda")
                .flatMap(backend -> refusals(backend)
                        .filter(a -> !backend.equals("cuda") || !((String) a.get()[1]).contains("outside")));
    }

    private static Stream<Arguments> refusals(String backend) {
        return Stream.of(
                refusal(
                        backend,
                        "embedding: ids[1] is 4, outside 0 to 3; ids I32 [2]",
                        t -> t.ops.embedding(t.queue, t.ints(0, 4), t.reals(4, 3), t.reals(2, 3))),
                refusal(
                        backend,
                        "embedding: ids[0] is -1, outside 0 to 3; ids I32 [2]",
                        t -> t.ops.embedding(t.queue, t.ints(-1, 0), t.reals(4, 3), t.reals(2, 3))),
                refusal(
                        backend,
                        "embeddingBackward: ids[1] is 4, outside 0 to 3; ids I32 [2]",
                        t -> t.ops.embeddingBackward(t.queue, t.ints(0, 4), t.reals(2, 3), t.reals(4, 3))),
                refusal(
                        backend,
                        "scatterRows: rows[0] is 5, outside 0 to 4; rows I32 [2]",
                        t -> t.ops.scatterRows(t.queue, t.reals(2, 3), t.ints(5, 0), t.reals(5, 3))),
                refusal(
                        backend,
                        "gatherRows: rows[1] is -7, outside 0 to 4; rows I32 [2]",
                        t -> t.ops.gatherRows(t.queue, t.reals(5, 3), t.ints(0, -7), t.reals(2, 3))),
                refusal(
                        backend,
                        "gather: rows[0] is 5, outside 0 to 4; rows I32 [2]",
                        t -> t.ops.gather(t.queue, t.reals(5, 3), t.ints(5, 0), null, t.reals(2, 3))),
                refusal(
                        backend,
                        "gather: columns[1] is -1, outside 0 to 2; columns I32 [2]",
                        t -> t.ops.gather(t.queue, t.reals(5, 3), null, t.ints(0, -1), t.reals(5, 2))),
                refusal(
                        backend,
                        "gather: target must be R [5, 2]; source R [5, 3], rows none, columns I32 [2], target R [4, 2]",
                        t -> t.ops.gather(t.queue, t.reals(5, 3), null, t.ints(0, 1), t.reals(4, 2))),
                refusal(backend, "gather in place: rows[1] is 0, outside 1 to 4; rows I32 [2]", t -> {
                    Tensor source = t.reals(5, 3);
                    t.ops.gather(t.queue, source, t.ints(0, 0), null, source.slice(0, 2));
                }),
                refusal(
                        backend,
                        "gather: in place target must be neither longer nor wider than source; source R [5, 3], "
                                + "rows none, columns I32 [4], target R [5, 4]",
                        t -> {
                            Tensor source = t.reals(7, 3);
                            Tensor target = new Tensor(source.buffer(), 0, source.type(), Shape.of(5, 4));
                            t.ops.gather(t.queue, source.slice(0, 5), null, t.ints(0, 1, 2, 2), target);
                        }),
                refusal(
                        backend,
                        "gather: target overlaps source; source R [5, 3], rows I32 [2], columns none, "
                                + "target R [2, 3]",
                        t -> {
                            Tensor source = t.reals(5, 3);
                            t.ops.gather(t.queue, source, t.ints(2, 3), null, source.slice(1, 3));
                        }),
                refusal(
                        backend,
                        "gather: target overlaps rows; source I32 [2, 1], rows I32 [2], columns none, "
                                + "target I32 [2, 1]",
                        t -> {
                            Tensor rows = t.ints(0, 1, 1);
                            t.ops.gather(
                                    t.queue,
                                    t.ints(7, 8).reshape(Shape.of(2, 1)),
                                    rows.slice(1, 3),
                                    null,
                                    rows.slice(0, 2).reshape(Shape.of(2, 1)));
                        }),
                refusal(
                        backend,
                        "rotary: positions[1] is 8, outside 0 to 7; positions I32 [2]",
                        t -> t.ops.rotary(
                                t.queue,
                                t.reals(2, 1, 4),
                                t.ints(7, 8),
                                t.reals(8, 2, 2),
                                false,
                                false,
                                Target.overwrite(t.reals(2, 1, 4)))),
                refusal(
                        backend,
                        "crossEntropy: targets[1] is 5, outside 0 to 4; targets I32 [2]",
                        t -> t.ops.crossEntropy(
                                t.queue, t.reals(2, 5), t.ints(LossOps.IGNORED, 5), t.reals(2), t.reals(2))),
                refusal(
                        backend,
                        "crossEntropyBackward: targets[0] is -1, outside 0 to 4; targets I32 [2]",
                        t -> t.ops.crossEntropyBackward(
                                t.queue, t.reals(2, 5), t.ints(-1, 0), t.reals(2), 1, t.reals(2, 5))),
                refusal(
                        backend,
                        "distillation: targets[1] is 5, outside 0 to 4; targets I32 [2]",
                        t -> t.ops.distillation(t.queue, t.taught(5, 0.5), t.reals(2))),
                refusal(
                        backend,
                        "distillationBackward: the share is 1.5, outside 0 to 1; logits R [2, 5], teacher R [2, 5], "
                                + "targets I32 [2], logSum R [2], teacherLogSum R [2], dLogits R [2, 5]",
                        t -> t.ops.distillationBackward(t.queue, t.taught(1, 1.5), 1, t.reals(2, 5))),
                refusal(
                        backend,
                        "adamW: steps count from 1, not 0; w R [3], g R [3], m R [3], v R [3], factor none",
                        t -> t.ops.adamW(
                                t.queue,
                                new AdamW(1, 0.9, 0.9, 1e-8, 0),
                                0,
                                t.reals(3),
                                t.reals(3),
                                t.reals(3),
                                t.reals(3),
                                null)),
                refusal(
                        backend,
                        "squaredGradients: gradient and squares must both be written or both be added to; x R [2, 3], "
                                + "dY R [2, 5], gradient R [5, 3], squares R [5, 3]",
                        t -> t.ops.squaredGradients(
                                t.queue,
                                Sequences.packed(2),
                                new double[] {1},
                                t.reals(2, 3),
                                t.reals(2, 5),
                                Target.overwrite(t.reals(5, 3)),
                                Target.accumulate(t.reals(5, 3)))),
                refusal(
                        backend,
                        "copyColumns: source has no columns 2 to 5; source R [3, 4], target R [3, 9]",
                        t -> t.ops.copyColumns(t.queue, t.reals(3, 4), 2, Target.overwrite(t.reals(3, 9)), 0, 3)),
                refusal(
                        backend,
                        "copyColumns: source has no columns -1 to 1; source R [3, 4], target R [3, 9]",
                        t -> t.ops.copyColumns(t.queue, t.reals(3, 4), -1, Target.overwrite(t.reals(3, 9)), 0, 2)),
                refusal(
                        backend,
                        "copyColumns: target has no columns 8 to 10; source R [3, 4], target R [3, 9]",
                        t -> t.ops.copyColumns(t.queue, t.reals(3, 4), 0, Target.overwrite(t.reals(3, 9)), 8, 2)),
                refusal(
                        backend,
                        "copyColumns: source and target have different numbers of rows; source R [3, 4], target R [4, 4]",
                        t -> t.ops.copyColumns(t.queue, t.reals(3, 4), 0, Target.overwrite(t.reals(4, 4)), 0, 2)),
                refusal(backend, "copyColumns: target overlaps source; source R [3, 4], target R [3, 4]", t -> {
                    Tensor matrix = t.reals(3, 4);
                    t.ops.copyColumns(t.queue, matrix, 0, Target.overwrite(matrix.reshape(Shape.of(3, 4))), 2, 2);
                }),
                refusal(
                        backend,
                        "rotary: table rotates more channels than a head has; x R [1, 1, 3], positions I32 [1], "
                                + "table R [8, 2, 2], y R [1, 1, 3]",
                        t -> t.ops.rotary(
                                t.queue,
                                t.reals(1, 1, 3),
                                t.ints(0),
                                t.reals(8, 2, 2),
                                false,
                                false,
                                Target.overwrite(t.reals(1, 1, 3)))),
                refusal(
                        backend,
                        "attention: query heads must be a multiple of key/value heads; query R [2, 3, 4], "
                                + "key R [2, 2, 4], value R [2, 2, 4], slopes none, out R [2, 3, 4], logSum R [2, 3]",
                        t -> t.attention(Sequences.packed(2), 2, 3, 2)),
                refusal(
                        backend,
                        "attention: the sequences have 3 queries; query R [2, 2, 4], key R [2, 2, 4], "
                                + "value R [2, 2, 4], slopes none, out R [2, 2, 4], logSum R [2, 2]",
                        t -> t.attention(Sequences.packed(3), 2, 2, 2)),
                refusal(
                        backend,
                        "attention: the sequences look at 7 keys; query R [2, 2, 4], key R [6, 2, 4], "
                                + "value R [6, 2, 4], slopes none, out R [2, 2, 4], logSum R [2, 2]",
                        t -> t.attention(Sequences.cached(5, 2), 6, 2, 2)),
                refusal(
                        backend,
                        "argMax: rows are empty; x R [2, 0], out I32 [2]",
                        t -> t.ops.argMax(t.queue, t.reals(2, 0), t.ints(0, 0))),
                refusal(
                        backend,
                        "sample: rows are empty; logits R [2, 0], positions I32 [2], out I32 [2]",
                        t -> t.ops.sample(
                                t.queue, t.reals(2, 0), t.ints(0, 0), new Sampling(1, 0, 1, 42), t.ints(0, 0))),
                refusal(
                        backend,
                        "weight: F32 [2] needs 8 bytes of native memory; got 8 of heap memory",
                        t -> t.ops.weight(t.queue, MemorySegment.ofArray(new byte[8]), DType.F32, Shape.of(2))),
                refusal(
                        backend,
                        "upload: the host side has 7 bytes, not 8; tensor I32 [2]",
                        t -> t.ops.upload(t.queue, MemorySegment.ofArray(new byte[7]), t.ints(0, 0))),
                refusal(
                        backend,
                        "download: the host side has 9 bytes, not 8; tensor I32 [2]",
                        t -> t.ops.download(t.queue, t.ints(0, 0), MemorySegment.ofArray(new byte[9]))));
    }

    private static Arguments refusal(String backend, String message, Consumer<Tensors> call) {
        return Arguments.of(backend, message, call);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("refusals")
    void areRefused(String backend, String message, Consumer<Tensors> call) {
        try (Tensors tensors = new Tensors(Backends.open(backend))) {
            String type = " " + tensors.ops.computeType() + " [";
            assertEquals(
                    message.replace(" R [", type),
                    assertThrows(IllegalArgumentException.class, () -> call.accept(tensors))
                            .getMessage());
        }
    }

    /** Tensors made on the way, closed at the end. */
    private static final class Tensors implements AutoCloseable {

        private final Backend ops;
        private final Queue queue;
        private final List<Tensor> made = new ArrayList<>();

        Tensors(Backend ops) {
            this.ops = ops;
            this.queue = ops.newQueue();
        }

        Tensor reals(long... dims) {
            return made(ops.allocate(ops.computeType(), Shape.of(dims), "numbers"));
        }

        Tensor ints(int... numbers) {
            Tensor tensor = made(ops.allocate(DType.I32, Shape.of(numbers.length), "integers"));
            HostCopy.writeInts(ops, queue, numbers, tensor);
            return tensor;
        }

        void attention(Sequences sequences, int rows, int heads, int kvHeads) {
            ops.attention(
                    queue,
                    new AttentionInput(
                            sequences, 1, reals(2, heads, 4), reals(rows, kvHeads, 4), reals(rows, kvHeads, 4)),
                    reals(2, heads, 4),
                    reals(2, heads));
        }

        DistillationOps.Taught taught(int target, double share) {
            return new DistillationOps.Taught(reals(2, 5), reals(2, 5), ints(0, target), share, reals(2), reals(2));
        }

        private Tensor made(Tensor tensor) {
            made.add(tensor);
            return tensor;
        }

        @Override
        public void close() {
            made.forEach(t -> t.buffer().close());
            queue.close();
            ops.close();
        }
    }
}
