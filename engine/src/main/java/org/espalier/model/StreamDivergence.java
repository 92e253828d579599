package org.espalier.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.espalier.backend.LossOps;
import org.espalier.error.Failure;
import org.espalier.tape.Branch;
import org.espalier.tape.Element;
import org.espalier.tape.Executor;
import org.espalier.tape.Part;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Distillation;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * How far predictions that are made of residual streams after the last branch are from those of a reference's stream: {@code
 * KL(reference ‖ stream)} of every token that is followed by another, on the mean. A reference's logits are computed once for
 * all streams, some rows at a time.
 */
public final class StreamDivergence implements AutoCloseable {

    /** Logits of one stream that are there at once, as far as a row has no more. */
    private static final int LOGITS = 1 << 25;

    private final Model model;
    private final List<Packed> batches;
    private Heads heads;

    /** What makes logits of the streams of {@code model}, which must stay open, over the tokens of these batches. */
    public StreamDivergence(Model model, List<Packed> batches) {
        this.model = model;
        this.batches = List.copyOf(batches);
    }

    /** Tokens whose predictions are compared. */
    public int tokens() {
        return batches.stream().mapToInt(Packed::counted).sum();
    }

    /**
     * Compares.
     *
     * @param reference {@code [tokens, C]}
     * @param streams   each {@code [tokens, C]}
     * @return the mean divergence of each stream, in nats a token
     * @throws Failure if one is no finite number
     */
    public double[] of(Tensor reference, List<Tensor> streams) {
        double[] sums = new double[streams.size()];
        int start = 0;
        for (Packed batch : batches) {
            int blocks = Math.ceilDiv(batch.tokens(), rowsAtOnce());
            int rows = Math.ceilDiv(batch.tokens(), blocks);
            for (int row = 0; row < batch.tokens(); row += rows) {
                int end = Math.min(batch.tokens(), row + rows);
                int[] targets = Arrays.copyOfRange(batch.targets(), row, end);
                List<Tensor> parts = new ArrayList<>();
                for (Tensor stream : streams) {
                    parts.add(stream.slice(start + row, start + end));
                }
                over(end - row).add(reference.slice(start + row, start + end), parts, targets, sums);
            }
            start += batch.tokens();
        }
        int counted = tokens();
        for (int i = 0; i < sums.length; i++) {
            sums[i] /= counted;
            requireFinite(sums[i]);
        }
        return sums;
    }

    private static void requireFinite(double divergence) {
        if (!Double.isFinite(divergence)) {
            throw new Failure(
                    "a divergence is " + divergence, "predictions on the calibration text", "look for damaged weights");
        }
    }

    private int rowsAtOnce() {
        return rowsAtOnce(model.config());
    }

    private static int rowsAtOnce(ModelConfig config) {
        return Math.max(1, LOGITS / config.vocab());
    }

    /** Bytes of the logits of a model that are there at once: of the reference twice, of a stream once. */
    public static long bytes(ModelConfig config, int longestBatch) {
        return 3 * DType.F32.bytes((long) Math.min(longestBatch, rowsAtOnce(config)) * config.vocab());
    }

    private Heads over(int rows) {
        if (heads == null || heads.rows != rows) {
            close();
            heads = new Heads(model, rows);
        }
        return heads;
    }

    @Override
    public void close() {
        if (heads != null) {
            heads.close();
            heads = null;
        }
    }

    /** The reference's head, and that of a stream with what compares the two. */
    private static final class Heads implements AutoCloseable {

        private final int rows;
        private final Executor expected;
        private final Value expectedStream;
        private final Value expectedLogits;
        private final Executor given;
        private final Value givenStream;
        private final Value reference;
        private final Value targets;
        private final Value divergence;

        Heads(Model model, int rows) {
            this.rows = rows;
            Tape whole = model.transformer().logits(rows).tape();
            Value logits = whole.results().getFirst();
            Branch last = whole.branches().getLast();
            Part alone = Part.of(whole.leadingTo(logits, last.sum()), last.sum(), List.of(logits));
            Part compared = Part.of(whole.leadingTo(logits, last.sum()), last.sum(), List.of());
            Tape tape = compared.tape();
            this.expectedStream = alone.given();
            this.expectedLogits = alone.value(logits);
            this.givenStream = compared.given();
            this.reference =
                    tape.input("reference", Element.REAL, logits.shape().toArray());
            this.targets = tape.input("targets", Element.INDEX, rows);
            this.divergence = Distillation.record(tape, compared.value(logits), reference, targets, 1);
            tape.result(divergence);
            this.expected = Executor.inference(model.backend(), alone.tape(), model.leaves(Map.of()));
            try {
                this.given = Executor.inference(model.backend(), tape, model.leaves(Map.of()));
            } catch (RuntimeException | Error e) {
                expected.close();
                throw e;
            }
        }

        /** Adds the divergences of some rows of each stream. */
        void add(Tensor from, List<Tensor> streams, int[] wanted, double[] sums) {
            expected.set(expectedStream, from);
            expected.forward(null);
            expected.finish();
            given.set(reference, expected.tensor(expectedLogits));
            given.set(targets, wanted);
            for (int i = 0; i < sums.length; i++) {
                given.set(givenStream, streams.get(i));
                given.forward(null);
                double[] each = given.read(divergence);
                for (int t = 0; t < each.length; t++) {
                    sums[i] += wanted[t] == LossOps.IGNORED ? 0 : each[t];
                }
            }
        }

        @Override
        public void close() {
            expected.close();
            given.close();
        }
    }
}
