package org.espalier.backend.cuda;

import org.espalier.backend.AttentionForm;
import org.espalier.backend.AttentionInput;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * Launches {@code attention.cu}, and {@code attention_decode.cu} for sequences of few queries. Shapes were checked by the
 * caller. Which kernel a sequence goes to, and how it is cut into blocks, follows from the shapes alone.
 */
final class AttentionKernels {

    private static final String FILE = "attention";
    private static final String DECODE = "attention_decode";
    /** Rows and columns of a block, as the kernels have them. */
    private static final int TILE = 64;

    private static final int COLUMNS = 128;
    /** Keys and query heads of a block that decodes, and its threads. */
    private static final int SPLIT = 256;

    private static final int HEADS = 4;
    private static final int DECODE_THREADS = 128;

    private final CudaSession session;
    private final CudaQueue queue;

    AttentionKernels(CudaSession session, CudaQueue queue) {
        this.session = session;
        this.queue = queue;
    }

    void forward(AttentionInput in, Tensor out, Tensor logSum) {
        for (CudaSequences few : CudaSequences.ofFewQueries(in.sequences())) {
            decode(few, in, out, logSum);
        }
        for (CudaSequences many : CudaSequences.ofManyQueries(in.sequences())) {
            try (CudaKernel.Call call = session.call(queue, FILE, name("attention_forward", in))) {
                call.struct(many.words())
                        .struct(form(in))
                        .optional(in.slopes())
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

    /** Every split of the keys leaves its share. */
    private void decode(CudaSequences sequences, AttentionInput in, Tensor out, Tensor logSum) {
        CudaDecoding decoding = CudaDecoding.of(queue, session.memory());
        int splits = Math.ceilDiv(decoding.keys(sequences, in.keyRows()), SPLIT);
        long logs = (long) splits * in.tokens() * in.heads();
        long shares = logs * in.valueDim();
        Tensor room = decoding.room(shares + logs);
        Tensor placed = decoding.place(sequences);
        Tensor share = room.slice(0, shares);
        Tensor logOfShare = room.slice(shares, shares + logs);
        int blocksOfHeads = in.kvHeads() * Math.ceilDiv(in.heads() / in.kvHeads(), HEADS);
        try (CudaKernel.Call call = session.call(queue, DECODE, name("attention_decode", in))) {
            call.tensor(placed)
                    .struct(form(in))
                    .optional(in.slopes())
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
        try (CudaKernel.Call call = session.call(queue, DECODE, "attention_decode_total")) {
            call.tensor(placed)
                    .tensor(share)
                    .tensor(logOfShare)
                    .tensor(out)
                    .tensor(logSum)
                    .number(in.tokens())
                    .number(in.heads())
                    .number(in.valueDim())
                    .number(in.form().reach())
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
    private record BackwardInput(
            CudaSequences sequences, AttentionInput in, Tensor logSum, Tensor delta, Tensor dOut) {}

    /** A target is null if nobody wants it; those of keys and values are added to, whatever their beta. */
    void backward(
            AttentionInput in, Tensor out, Tensor logSum, Tensor dOut, Target dQuery, Target dKey, Target dValue) {
        Sequences sequences = in.sequences();
        // Sequences that look at the same keys add to the same gradients, one after the other.
        int most = sequences.keysOverlap() ? 1 : Integer.MAX_VALUE;
        try (CudaBuffer buffer = session.memory()
                .scratch(
                        queue,
                        logSum.bytes(),
                        "deltas of attention " + in.query().shape())) {
            Tensor delta = Tensor.of(buffer, DType.F32, logSum.shape());
            delta(in, out, dOut, delta);
            for (CudaSequences some : CudaSequences.where(sequences, queries -> queries > 0, most)) {
                BackwardInput backward = new BackwardInput(some, in, logSum, delta, dOut);
                if (dQuery != null) {
                    queryGradient(backward, dQuery);
                }
                if (dKey != null) {
                    cachedGradient("attention_backward_key", backward, dKey.tensor());
                }
                if (dValue != null) {
                    cachedGradient("attention_backward_value", backward, dValue.tensor());
                }
            }
        }
    }

    private void delta(AttentionInput in, Tensor out, Tensor dOut, Tensor delta) {
        int rows = Math.toIntExact(delta.shape().elements());
        if (rows == 0) {
            return;
        }
        try (CudaKernel.Call call = session.call(queue, FILE, "attention_backward_delta")) {
            call.tensor(out)
                    .tensor(dOut)
                    .tensor(delta)
                    .number(rows)
                    .number(in.valueDim())
                    .launch(CudaGrid.warps(rows), "attentionBackward", out.shape());
        }
    }

    private void queryGradient(BackwardInput backward, Target dQuery) {
        AttentionInput in = backward.in;
        try (CudaKernel.Call call = session.call(queue, FILE, name("attention_backward_query", in))) {
            call.struct(backward.sequences.words())
                    .struct(form(in))
                    .optional(in.slopes())
                    .tensor(in.query())
                    .tensor(in.key())
                    .tensor(in.value())
                    .tensor(backward.logSum)
                    .tensor(backward.delta)
                    .tensor(backward.dOut)
                    .target(dQuery)
                    .struct(shape(in))
                    .launch(
                            tiles(backward.sequences.queryTiles(TILE), in.heads(), in.headDim()),
                            "attentionBackward dQuery",
                            in.query().shape(),
                            in.key().shape(),
                            in.value().shape());
        }
    }

    /** Adds to the gradient of keys or values. */
    private void cachedGradient(String kernel, BackwardInput backward, Tensor target) {
        AttentionInput in = backward.in;
        try (CudaKernel.Call call = session.call(queue, FILE, name(kernel, in))) {
            call.struct(backward.sequences.words())
                    .struct(form(in))
                    .optional(in.slopes())
                    .tensor(in.query())
                    .tensor(in.key())
                    .tensor(in.value())
                    .tensor(backward.logSum)
                    .tensor(backward.delta)
                    .tensor(backward.dOut)
                    .tensor(target)
                    .struct(shape(in))
                    .launch(
                            tiles(
                                    backward.sequences.keyTiles(TILE),
                                    in.kvHeads(),
                                    target.shape().columns()),
                            "attentionBackward",
                            in.query().shape(),
                            in.key().shape(),
                            in.value().shape());
        }
    }

    /** The kernel of this name, or the one beside it that knows more than a scale. */
    private static String name(String kernel, AttentionInput in) {
        AttentionForm form = in.form();
        boolean plain = in.slopes() == null && form.cap() == 0 && form.window() == 0;
        return plain ? kernel : kernel + "_formed";
    }

    /** The kernels' struct of what scores are. */
    private static int[] form(AttentionInput in) {
        AttentionForm form = in.form();
        return new int[] {
            Float.floatToRawIntBits((float) form.scale()), Float.floatToRawIntBits((float) form.cap()), form.reach()
        };
    }

    /** The kernels' struct of sizes. */
    private static int[] shape(AttentionInput in) {
        return new int[] {in.heads(), in.kvHeads(), in.headDim(), in.valueDim()};
    }

    private static CudaGrid tiles(int tiles, int heads, int width) {
        return new CudaGrid(tiles, heads, Math.ceilDiv(width, COLUMNS), CudaGrid.THREADS, 1);
    }
}
