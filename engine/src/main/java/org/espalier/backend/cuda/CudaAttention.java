package org.espalier.backend.cuda;

import java.util.List;
import org.espalier.backend.Sequences;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * Launches {@code attention.cu}, and {@code attention_decode.cu} for sequences of few queries. Shapes were checked by the
 * caller. Which kernel a sequence goes to, and how it is cut into blocks, follows from the shapes alone.
 */
final class CudaAttention {

    private static final String FILE = "attention";
    private static final String DECODE = "attention_decode";
    /** Rows and columns of a block, as the kernels have them. */
    private static final int TILE = 64;

    private static final int COLUMNS = 128;
    /** Keys and query heads of a block that decodes, and its threads. */
    private static final int SPLIT = 256;

    private static final int HEADS = 4;
    private static final int DECODE_THREADS = 128;
    /** Up to so many queries a tile of 64 would be mostly empty. */
    private static final int FEW_QUERIES = 4;

    private final CudaMemory memory;
    private final CudaModules modules;

    CudaAttention(CudaMemory memory, CudaModules modules) {
        this.memory = memory;
        this.modules = modules;
    }

    /** What a call is about; of the shapes in {@link org.espalier.backend.AttentionOps}. */
    record Input(double scale, Tensor query, Tensor key, Tensor value) {

        int tokens() {
            return query.shape().extent(0);
        }

        int heads() {
            return query.shape().extent(1);
        }

        int keyRows() {
            return key.shape().extent(0);
        }

        int kvHeads() {
            return key.shape().extent(1);
        }

        int headDim() {
            return query.shape().extent(2);
        }

        int valueDim() {
            return value.shape().extent(2);
        }

        /** The kernels' struct. */
        int[] shape() {
            return new int[] {heads(), kvHeads(), headDim(), valueDim()};
        }
    }

    void forward(CudaQueue queue, Sequences sequences, Input in, Tensor out, Tensor logSum) {
        for (CudaSequences few : decoded(sequences)) {
            decode(queue, few, in, out, logSum);
        }
        for (CudaSequences many : CudaSequences.where(sequences, queries -> queries > FEW_QUERIES)) {
            try (CudaKernel.Call call =
                    modules.kernel(FILE, "attention_forward").on(queue)) {
                call.struct(many.words())
                        .number((float) in.scale)
                        .tensor(in.query)
                        .tensor(in.key)
                        .tensor(in.value)
                        .tensor(out)
                        .tensor(logSum)
                        .struct(in.shape())
                        .launch(
                                tiles(many.queryTiles(TILE), in.heads(), in.valueDim()),
                                "attention",
                                in.query.shape(),
                                in.key.shape(),
                                in.value.shape());
            }
        }
    }

    /** The sequences of few queries. */
    static List<CudaSequences> decoded(Sequences sequences) {
        return CudaSequences.where(sequences, queries -> queries > 0 && queries <= FEW_QUERIES);
    }

    /** Every split of the keys leaves its share. A step that will be repeated is launched for all the keys there may be. */
    private void decode(CudaQueue queue, CudaSequences sequences, Input in, Tensor out, Tensor logSum) {
        CudaRecording repeated = queue.recording();
        int keys = repeated == null ? sequences.mostKeys() : repeated.allKeys(in.keyRows());
        int splits = Math.ceilDiv(keys, SPLIT);
        long logs = (long) splits * in.tokens() * in.heads();
        long shares = logs * in.valueDim();
        Tensor room = queue.decoding().room(shares + logs);
        Tensor which = queue.decoding().place(sequences);
        Tensor share = room.slice(0, shares);
        Tensor logOfShare = room.slice(shares, shares + logs);
        int blocksOfHeads = in.kvHeads() * Math.ceilDiv(in.heads() / in.kvHeads(), HEADS);
        try (CudaKernel.Call call = modules.kernel(DECODE, "attention_decode").on(queue)) {
            call.tensor(which)
                    .number((float) in.scale)
                    .tensor(in.query)
                    .tensor(in.key)
                    .tensor(in.value)
                    .tensor(share)
                    .tensor(logOfShare)
                    .number(in.tokens())
                    .struct(in.shape())
                    .launch(
                            new CudaGrid(sequences.queries(), blocksOfHeads, splits, DECODE_THREADS, 1),
                            "attention",
                            in.query.shape(),
                            in.key.shape(),
                            in.value.shape());
        }
        try (CudaKernel.Call call =
                modules.kernel(DECODE, "attention_decode_total").on(queue)) {
            call.tensor(which)
                    .tensor(share)
                    .tensor(logOfShare)
                    .tensor(out)
                    .tensor(logSum)
                    .number(in.tokens())
                    .number(in.heads())
                    .number(in.valueDim())
                    .launch(
                            new CudaGrid(sequences.queries(), in.heads(), 1, DECODE_THREADS, 1),
                            "attention",
                            in.query.shape(),
                            in.key.shape(),
                            in.value.shape());
        }
    }

    /**
     * What the forward step left, and the gradient that comes back.
     *
     * @param delta {@code [tokens, heads]}: {@code Σ dOut out} over the columns
     */
    private record Back(CudaSequences sequences, Input in, Tensor logSum, Tensor delta, Tensor dOut) {}

    /** A target is null if nobody wants it. */
    void backward(
            CudaQueue queue,
            Sequences sequences,
            Input in,
            Tensor out,
            Tensor logSum,
            Tensor dOut,
            Tensor dQuery,
            float betaQuery,
            Tensor dKey,
            Tensor dValue) {
        // Sequences that look at the same keys add to the same gradients, one after the other.
        int most = sequences.keysOverlap() ? 1 : Integer.MAX_VALUE;
        try (CudaBuffer buffer = memory.scratch(queue, logSum.bytes(), "deltas of attention " + in.query.shape())) {
            Tensor delta = Tensor.of(buffer, DType.F32, logSum.shape());
            delta(queue, in, out, dOut, delta);
            for (CudaSequences some : CudaSequences.where(sequences, queries -> queries > 0, most)) {
                Back back = new Back(some, in, logSum, delta, dOut);
                if (dQuery != null) {
                    queryGradient(queue, back, dQuery, betaQuery);
                }
                if (dKey != null) {
                    cachedGradient(queue, "attention_backward_key", back, dKey);
                }
                if (dValue != null) {
                    cachedGradient(queue, "attention_backward_value", back, dValue);
                }
            }
        }
    }

    private void delta(CudaQueue queue, Input in, Tensor out, Tensor dOut, Tensor delta) {
        int rows = Math.toIntExact(delta.shape().elements());
        if (rows == 0) {
            return;
        }
        try (CudaKernel.Call call =
                modules.kernel(FILE, "attention_backward_delta").on(queue)) {
            call.tensor(out)
                    .tensor(dOut)
                    .tensor(delta)
                    .number(rows)
                    .number(in.valueDim())
                    .launch(CudaGrid.warps(rows), "attentionBackward", out.shape());
        }
    }

    private void queryGradient(CudaQueue queue, Back back, Tensor dQuery, float beta) {
        Input in = back.in;
        try (CudaKernel.Call call =
                modules.kernel(FILE, "attention_backward_query").on(queue)) {
            call.struct(back.sequences.words())
                    .number((float) in.scale)
                    .tensor(in.query)
                    .tensor(in.key)
                    .tensor(in.value)
                    .tensor(back.logSum)
                    .tensor(back.delta)
                    .tensor(back.dOut)
                    .tensor(dQuery)
                    .number(beta)
                    .struct(in.shape())
                    .launch(
                            tiles(back.sequences.queryTiles(TILE), in.heads(), in.headDim()),
                            "attentionBackward dQuery",
                            in.query.shape(),
                            in.key.shape(),
                            in.value.shape());
        }
    }

    /** Adds to the gradient of keys or values. */
    private void cachedGradient(CudaQueue queue, String kernel, Back back, Tensor target) {
        Input in = back.in;
        try (CudaKernel.Call call = modules.kernel(FILE, kernel).on(queue)) {
            call.struct(back.sequences.words())
                    .number((float) in.scale)
                    .tensor(in.query)
                    .tensor(in.key)
                    .tensor(in.value)
                    .tensor(back.logSum)
                    .tensor(back.delta)
                    .tensor(back.dOut)
                    .tensor(target)
                    .struct(in.shape())
                    .launch(
                            tiles(
                                    back.sequences.keyTiles(TILE),
                                    in.kvHeads(),
                                    target.shape().columns()),
                            "attentionBackward",
                            in.query.shape(),
                            in.key.shape(),
                            in.value.shape());
        }
    }

    private static CudaGrid tiles(int tiles, int heads, int width) {
        return new CudaGrid(tiles, heads, Math.ceilDiv(width, COLUMNS), CudaGrid.THREADS, 1);
    }
}
