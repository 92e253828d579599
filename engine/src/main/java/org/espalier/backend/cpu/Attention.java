package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.AttentionForm;
import org.espalier.backend.Sequences;
import org.espalier.ffi.GemmOperand;

/**
 * Causal grouped-query attention on float32, for sequences of more than one query: a block of queries of one head meets
 * all keys that its last query sees in one product, in scratch memory. Shapes in
 * {@link org.espalier.backend.AttentionOps}.
 */
final class Attention {

    /** Queries of a block. */
    static final int BLOCK = 64;

    /**
     * Queries {@code first .. first + count} of {@code sequence}, all of whose keys are {@code firstKey .. firstKey + keys}; the
     * last query's own is the last of them.
     */
    record Block(int sequence, int first, int count, int firstKey, int keys) {

        /** One more than the last key that query {@code i} of this block sees, counted from the block's first. */
        int end(int i) {
            return keys - count + i + 1;
        }

        /** The first key that it sees, counted likewise. */
        int start(int i, AttentionForm form) {
            return Math.max(0, form.first(firstKey + end(i)) - firstKey);
        }

        /** The blocks of one sequence in order. */
        static List<Block> of(Sequences sequences, int s, AttentionForm form) {
            List<Block> blocks = new ArrayList<>();
            int queries = sequences.queries(s);
            int past = sequences.keyCount()[s] - queries;
            for (int first = 0; first < queries; first += BLOCK) {
                int count = Math.min(BLOCK, queries - first);
                int firstKey = form.first(past + first + 1);
                blocks.add(new Block(s, first, count, firstKey, past + first + count - firstKey));
            }
            return blocks;
        }
    }

    private final WorkerPool pool;
    private final Scratch scratch;
    private final AttentionDecode decode;
    private final BlockProducts products;

    Attention(CpuSession session) {
        this.pool = session.pool();
        this.scratch = session.scratch();
        this.decode = session.decode();
        this.products = session.blocks();
    }

    void forward(AttentionOperands operands) {
        Sequences sequences = operands.sequences();
        int heads = operands.shape().heads();
        List<Block> blocks = new ArrayList<>();
        List<Integer> single = new ArrayList<>();
        long scores = 0;
        long room = 0;
        for (int s = 0; s < sequences.count(); s++) {
            if (sequences.queries(s) == 1) {
                single.add(s);
            } else {
                blocks.addAll(Block.of(sequences, s, operands.scores().form()));
                scores = Math.max(scores, scores(sequences, s));
                room = Math.max(room, room(operands.shape(), sequences, s, products));
            }
        }
        if (!single.isEmpty()) {
            decode.run(operands, single);
        }
        if (blocks.isEmpty()) {
            return;
        }
        long bytes = 4 * scores;
        scratch.require(bytes + room);
        pool.run(Math.multiplyExact(blocks.size(), heads), (task, worker) -> {
            MemorySegment memory = scratch.of(worker);
            block(operands, blocks.get(task / heads), task % heads, memory, memory.asSlice(bytes));
        });
    }

    /** Scores of the largest block of a sequence. */
    static long scores(Sequences sequences, int s) {
        return (long) Math.min(BLOCK, sequences.queries(s)) * sequences.keyCount()[s];
    }

    /** Bytes of room for the products of a sequence's blocks: of scores, and of queries or keys with keys or values. */
    static long room(AttentionShape shape, Sequences sequences, int s, BlockProducts products) {
        long rows = Math.min(BLOCK, sequences.queries(s)) + (long) sequences.keyCount()[s];
        return products.room(scores(sequences, s) + rows * Math.max(shape.dim(), shape.valueDim()));
    }

    /** Zeros before {@code start} and from {@code end} on in a row of {@code keys} weights. */
    static void clearUnseen(MemorySegment weights, long at, int start, int end, int keys) {
        weights.asSlice(at, 4L * start).fill((byte) 0);
        weights.asSlice(at + 4L * end, 4L * (keys - end)).fill((byte) 0);
    }

    private void block(AttentionOperands operands, Block block, int head, MemorySegment scores, MemorySegment room) {
        AttentionShape shape = operands.shape();
        int row = operands.sequences().queryStart()[block.sequence()] + block.first();
        int keyRow = operands.sequences().keyStart()[block.sequence()] + block.firstKey();
        int group = shape.group(head);
        int keys = block.keys();
        products.multiply(
                block.count(),
                keys,
                shape.dim(),
                operands.scores().scale(),
                GemmOperand.plain(operands.query(), shape.query(row, head), shape.queryStride()),
                GemmOperand.transposed(operands.key(), shape.key(keyRow, group), shape.keyStride()),
                0f,
                GemmOperand.plain(scores, 0, keys),
                room);
        double[] sums = new double[block.count()];
        for (int i = 0; i < block.count(); i++) {
            long at = 4L * keys * i;
            int start = block.start(i, operands.scores().form());
            int end = block.end(i);
            long seen = at + 4L * start;
            operands.scores().bound(scores, seen, end - start);
            operands.scores().slope(head, scores, seen, end - start);
            float max = Softmax.max(scores, seen, end - start);
            sums[i] = Softmax.exp(scores, seen, end - start, max);
            clearUnseen(scores, at, start, end, keys);
            operands.logSum().set(Lanes.FLOAT, shape.logSum(row + i, head), (float) (max + StrictMath.log(sums[i])));
        }
        products.multiply(
                block.count(),
                shape.valueDim(),
                keys,
                1f,
                GemmOperand.plain(scores, 0, keys),
                GemmOperand.plain(operands.value(), shape.value(keyRow, group), shape.valueStride()),
                0f,
                GemmOperand.plain(operands.out(), shape.out(row, head), shape.outStride()),
                room);
        for (int i = 0; i < block.count(); i++) {
            Elementwise.scaleInPlace(operands.out(), shape.out(row + i, head), shape.valueDim(), (float) (1 / sums[i]));
        }
    }
}
