package org.espalier.backend.cuda;

import java.util.List;
import org.espalier.backend.AttentionInput;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
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

    void forward(CudaQueue queue, AttentionInput in, Tensor out, Tensor logSum) {
        for (CudaSequences few : decoded(in.sequences())) {
            decode(queue, few, in, out, logSum);
        }
        for (CudaSequences many : CudaSequences.where(in.sequences(), queries -> queries > FEW_QUERIES)) {
            try (CudaKernel.Call call =
                    modules.kernel(FILE, "attention_forward").on(queue)) {
                call.struct(many.words())
                        .number((float) in.scale())
                        .tensor(in.query())
                        .tensor(in.key())
                        .tensor(in.value())
                        .tensor(out)
                        .tensor(logSum)
                        .struct(shape(in))
                        .launch(
                                tiles(many.queryTiles(TILE), in.heads(), in.valueDim()),
                                "attention",
                                in.query().shape(),
                                in.key().shape(),
                                in.value().shape());
            }
        }
    }

    /** The sequences of few queries. */
    static List<CudaSequences> decoded(Sequences sequences) {
        return CudaSequences.where(sequences, queries -> queries > 0 && queries <= FEW_QUERIES);
    }

    /** Every split of the keys leaves its share. A step that will be repeated is launched for all the keys there may be. */
    private void decode(CudaQueue queue, CudaSequences sequences, AttentionInput in, Tensor out, Tensor logSum) {
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
                    .number((float) in.scale())
                    .tensor(in.query())
                    .tensor(in.key())
                    .tensor(in.value())
                    .tensor(share)
                    .tensor(logOfShare)
                    .number(in.tokens())
                    .struct(shape(in))
                    .launch(
                            new CudaGrid(sequences.queries(), blocksOfHeads, splits, DECODE_THREADS, 1),
                            "attention",
                            in.query().shape(),
                            in.key().shape(),
                            in.value().shape());
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
                            in.query().shape(),
                            in.key().shape(),
                            in.value().shape());
        }
    }

    /**
     * What the forward step left, and the gradient that comes back.
     *
     * @param delta {@code [tokens, heads]}: {@code Σ dOut out} over the columns
     */
    private record Back(CudaSequences sequences, AttentionInput in, Tensor logSum, Tensor delta, Tensor dOut) {}

    /** A target is null if nobody wants it; those of keys and values are added to, whatever their beta. */
    void backward(
            CudaQueue queue,
            AttentionInput in,
            Tensor out,
            Tensor logSum,
            Tensor dOut,
            Target dQuery,
            Target dKey,
            Target dValue) {
        Sequences sequences = in.sequences();
        // Sequences that look at the same keys add to the same gradients, one after the other.
        int most = sequences.keysOverlap() ? 1 : Integer.MAX_VALUE;
        try (CudaBuffer buffer = memory.scratch(
                queue, logSum.bytes(), "deltas of attention " + in.query().shape())) {
            Tensor delta = Tensor.of(buffer, DType.F32, logSum.shape());
            delta(queue, in, out, dOut, delta);
            for (CudaSequences some : CudaSequences.where(sequences, queries -> queries > 0, most)) {
                Back back = new Back(some, in, logSum, delta, dOut);
                if (dQuery != null) {
                    queryGradient(queue, back, dQuery);
                }
                if (dKey != null) {
                    cachedGradient(queue, "attention_backward_key", back, dKey.tensor());
                }
                if (dValue != null) {
                    cachedGradient(queue, "attention_backward_value", back, dValue.tensor());
                }
            }
        }
    }

    private void delta(CudaQueue queue, AttentionInput in, Tensor out, Tensor dOut, Tensor delta) {
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

    private void queryGradient(CudaQueue queue, Back back, Target dQuery) {
        AttentionInput in = back.in;
        try (CudaKernel.Call call =
                modules.kernel(FILE, "attention_backward_query").on(queue)) {
            call.struct(back.sequences.words())
                    .number((float) in.scale())
                    .tensor(in.query())
                    .tensor(in.key())
                    .tensor(in.value())
                    .tensor(back.logSum)
                    .tensor(back.delta)
                    .tensor(back.dOut)
                    .target(dQuery)
                    .struct(shape(in))
                    .launch(
                            tiles(back.sequences.queryTiles(TILE), in.heads(), in.headDim()),
                            "attentionBackward dQuery",
                            in.query().shape(),
                            in.key().shape(),
                            in.value().shape());
        }
    }

    /** Adds to the gradient of keys or values. */
    private void cachedGradient(CudaQueue queue, String kernel, Back back, Tensor target) {
        AttentionInput in = back.in;
        try (CudaKernel.Call call = modules.kernel(FILE, kernel).on(queue)) {
            call.struct(back.sequences.words())
                    .number((float) in.scale())
                    .tensor(in.query())
                    .tensor(in.key())
                    .tensor(in.value())
                    .tensor(back.logSum)
                    .tensor(back.delta)
                    .tensor(back.dOut)
                    .tensor(target)
                    .struct(shape(in))
                    .launch(
                            tiles(
                                    back.sequences.keyTiles(TILE),
                                    in.kvHeads(),
                                    target.shape().columns()),
                            "attentionBackward",
                            in.query().shape(),
                            in.key().shape(),
                            in.value().shape());
        }
    }

    /** The kernels' struct. */
    private static int[] shape(AttentionInput in) {
        return new int[] {in.heads(), in.kvHeads(), in.headDim(), in.valueDim()};
    }

    private static CudaGrid tiles(int tiles, int heads, int width) {
        return new CudaGrid(tiles, heads, Math.ceilDiv(width, COLUMNS), CudaGrid.THREADS, 1);
    }
}
