package org.espalier.prune;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.model.Llama;
import org.espalier.model.Llama.Half;
import org.espalier.model.Packed;
import org.espalier.prune.Selection.Block;
import org.espalier.tape.Executor;
import org.espalier.tape.Leaves;
import org.espalier.tape.op.Linear;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * A model's residual stream of all calibration tokens on its way through halves of layers. A half runs over a stretch of
 * sequences at a time, so that what is there at once is the stream and one stretch's activations.
 */
final class StreamWalk implements AutoCloseable {

    /** Told of each stretch, while its activations are there. */
    @FunctionalInterface
    interface Visitor {

        /**
         * @param from   first token of the stretch
         * @param to     one more than its last
         * @param inner  {@code [to - from, in]}: what the half's last projection reads
         * @param output {@code [to - from, C]}: what it gives
         */
        void at(int from, int to, Tensor inner, Tensor output);
    }

    /** Tokens computed at once. */
    static final int STRETCH_TOKENS = 2048;

    private final Backend backend;
    private final Queue queue;
    private final List<Packed> stretches;
    private final Tensor stream;

    /** @param table the embedding, {@code [V, C]}, with which the stream begins */
    StreamWalk(Backend backend, Queue queue, List<Packed> stretches, Tensor table) {
        this.backend = backend;
        this.queue = queue;
        this.stretches = stretches;
        int tokens = stretches.stream().mapToInt(Packed::tokens).sum();
        this.stream = backend.allocate(
                backend.computeType(), Shape.of(tokens, table.shape().dim(1)), "a residual stream");
        int from = 0;
        for (Packed stretch : stretches) {
            int to = from + stretch.tokens();
            try (Ids ids = new Ids(stretch.ids())) {
                backend.embedding(queue, ids.tensor, table, stream.slice(from, to));
            }
            from = to;
        }
    }

    /** Whole sequences laid end to end, as many as fit a stretch. */
    static List<Packed> stretches(List<int[]> sequences) {
        List<Packed> stretches = new ArrayList<>();
        List<int[]> open = new ArrayList<>();
        int tokens = 0;
        for (int[] sequence : sequences) {
            if (!open.isEmpty() && tokens + sequence.length > STRETCH_TOKENS) {
                stretches.add(Packed.of(open));
                open = new ArrayList<>();
                tokens = 0;
            }
            open.add(sequence);
            tokens += sequence.length;
        }
        if (!open.isEmpty()) {
            stretches.add(Packed.of(open));
        }
        return stretches;
    }

    /** Recordings of half a layer that has it. */
    static IntFunction<Half> recording(Llama llama, int layer, Block block) {
        return tokens -> block == Block.ATTENTION ? llama.attention(layer, tokens) : llama.mlp(layer, tokens);
    }

    /** The last projection of half a layer. */
    static Linear last(Llama llama, int layer, Block block) {
        return recording(llama, layer, block).apply(1).last();
    }

    /** Tokens of the longest stretch. */
    int longestStretch() {
        return stretches.stream().mapToInt(Packed::tokens).max().orElse(0);
    }

    /** {@code [tokens, C]}: the stream before the next half. */
    Tensor stream() {
        return stream;
    }

    /** Adds a half's output to the stream of some tokens. */
    void advance(int from, int to, Tensor output) {
        Tensor part = stream.slice(from, to);
        backend.add(queue, part, output, 1, part);
    }

    /** Runs a half and adds its output to the stream. */
    void pass(IntFunction<Half> recording, Leaves leaves) {
        run(recording, leaves, (from, to, inner, output) -> advance(from, to, output));
    }

    /**
     * Runs a half on the stream, which stays as it is unless the visitor advances it.
     *
     * @param recording of so many tokens
     */
    void run(IntFunction<Half> recording, Leaves leaves, Visitor visitor) {
        Half half = null;
        Executor executor = null;
        int from = 0;
        try {
            for (Packed stretch : stretches) {
                if (half == null || half.stream().shape().dim(0) != stretch.tokens()) {
                    if (executor != null) {
                        executor.close();
                    }
                    half = recording.apply(stretch.tokens());
                    executor = Executor.inference(backend, half.tape(), leaves);
                }
                int to = from + stretch.tokens();
                executor.set(half.stream(), stream.slice(from, to));
                executor.set(half.positions(), stretch.positions());
                executor.forward(stretch.sequences());
                visitor.at(
                        from,
                        to,
                        executor.tensor(half.last().x()),
                        executor.tensor(half.last().y()));
                from = to;
            }
        } finally {
            if (executor != null) {
                executor.close();
            }
        }
    }

    @Override
    public void close() {
        stream.buffer().close();
    }

    /** Token ids on the device. */
    private final class Ids implements AutoCloseable {

        private final Tensor tensor;

        Ids(int[] ids) {
            tensor = backend.allocate(DType.I32, Shape.of(ids.length), "token ids");
            HostCopy.writeInts(backend, queue, ids, tensor);
        }

        @Override
        public void close() {
            tensor.buffer().close();
        }
    }
}
