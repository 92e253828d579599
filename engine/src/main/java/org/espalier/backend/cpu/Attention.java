package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.Sequences;
import org.espalier.ffi.Cblas;
import org.espalier.ffi.GemmOperand;

/**
 * Causal grouped-query attention on float32, for sequences of more than one query: a block of queries of one head meets
 * all keys that its last query sees in one product, in scratch memory. Shapes in
 * {@link org.espalier.backend.AttentionOps}.
 */
final class Attention {

    /** Queries of a block. */
    static final int BLOCK = 64;

    /** Queries {@code first .. first + count} of {@code sequence}; the last one sees {@code keys} keys. */
    record Block(int sequence, int first, int count, int keys) {

        /** Keys that query {@code i} of this block sees. */
        int visible(int i) {
            return keys - count + i + 1;
        }

        /** The blocks of one sequence in order. */
        static List<Block> of(Sequences sequences, int s) {
            List<Block> blocks = new ArrayList<>();
            int queries = sequences.queries(s);
            int past = sequences.keyCount()[s] - queries;
            for (int first = 0; first < queries; first += BLOCK) {
                int count = Math.min(BLOCK, queries - first);
                blocks.add(new Block(s, first, count, past + first + count));
            }
            return blocks;
        }
    }

    private final WorkerPool pool;
    private final Scratch scratch;
    private final AttentionDecode decode;

    Attention(WorkerPool pool, Scratch scratch, AttentionDecode decode) {
        this.pool = pool;
        this.scratch = scratch;
        this.decode = decode;
    }

    void forward(AttentionOperands operands) {
        Sequences sequences = operands.sequences();
        int heads = operands.shape().heads();
        List<Block> blocks = new ArrayList<>();
        List<Integer> single = new ArrayList<>();
        long scores = 0;
        for (int s = 0; s < sequences.count(); s++) {
            if (sequences.queries(s) == 1) {
                single.add(s);
            } else {
                blocks.addAll(Block.of(sequences, s));
                scores = Math.max(
                        scores,
                        (long) Math.min(BLOCK, sequences.queries(s)) * sequences.keyCount()[s]);
            }
        }
        if (!single.isEmpty()) {
            decode.run(operands, single);
        }
        if (blocks.isEmpty()) {
            return;
        }
        scratch.require(4 * scores);
        pool.run(Math.multiplyExact(blocks.size(), heads), (task, worker) -> {
            block(operands, blocks.get(task / heads), task % heads, scratch.of(worker));
        });
    }

    private static void block(AttentionOperands operands, Block block, int head, MemorySegment scores) {
        AttentionShape shape = operands.shape();
        int row = operands.sequences().queryStart()[block.sequence()] + block.first();
        int keyRow = operands.sequences().keyStart()[block.sequence()];
        int group = shape.group(head);
        int keys = block.keys();
        Cblas.sgemm(
                block.count(),
                keys,
                shape.dim(),
                operands.scale(),
                GemmOperand.plain(operands.query(), shape.query(row, head), shape.queryStride()),
                GemmOperand.transposed(operands.key(), shape.key(keyRow, group), shape.keyStride()),
                0f,
                GemmOperand.plain(scores, 0, keys));
        double[] sums = new double[block.count()];
        for (int i = 0; i < block.count(); i++) {
            long at = 4L * keys * i;
            int visible = block.visible(i);
            float max = Softmax.max(scores, at, visible);
            sums[i] = Softmax.exp(scores, at, visible, max);
            scores.asSlice(at + 4L * visible, 4L * (keys - visible)).fill((byte) 0);
            operands.logSum().set(Lanes.FLOAT, shape.logSum(row + i, head), (float) (max + StrictMath.log(sums[i])));
        }
        Cblas.sgemm(
                block.count(),
                shape.valueDim(),
                keys,
                1f,
                GemmOperand.plain(scores, 0, keys),
                GemmOperand.plain(operands.value(), shape.value(keyRow, group), shape.valueStride()),
                0f,
                GemmOperand.plain(operands.out(), shape.out(row, head), shape.outStride()));
        for (int i = 0; i < block.count(); i++) {
            Elementwise.scaleInPlace(operands.out(), shape.out(row + i, head), shape.valueDim(), (float) (1 / sums[i]));
        }
    }
}
