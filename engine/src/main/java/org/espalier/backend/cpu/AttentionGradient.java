package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.espalier.backend.Sequences;
import org.espalier.backend.cpu.Attention.Block;
import org.espalier.ffi.GemmOperand;

/**
 * The derivative of attention. A task owns one key/value head of one sequence, whose keys and values it alone adds to, and
 * walks that sequence's query heads and blocks in order, so that sums are always taken in the same order. The weights
 * {@code p} are recomputed from {@code logSum}; with {@code D = Σ_c dOut out} the scores' gradient is
 * {@code p (dOut valueᵀ − D)} (Dao et al. 2022).
 */
final class AttentionGradient {

    /** What goes in, as in {@link org.espalier.backend.AttentionOps#attentionBackward}. */
    record Input(
            MemorySegment query,
            MemorySegment key,
            MemorySegment value,
            MemorySegment out,
            MemorySegment logSum,
            MemorySegment dOut) {}

    /** What comes out; a memory is null if nobody wants it. Keys and values are added to. */
    record Output(MemorySegment dQuery, float betaQuery, MemorySegment dKey, MemorySegment dValue) {}

    private final WorkerPool pool;
    private final Scratch scratch;
    private final BlockProducts products;

    AttentionGradient(CpuSession session) {
        this.pool = session.pool();
        this.scratch = session.scratch();
        this.products = session.blocks();
    }

    void run(Sequences sequences, AttentionShape shape, AttentionScores scores, Input input, Output output) {
        long numbers = 0;
        long room = 0;
        for (int s = 0; s < sequences.count(); s++) {
            numbers = Math.max(numbers, Attention.scores(sequences, s));
            room = Math.max(room, Attention.room(shape, sequences, s, products));
        }
        long bytes = (scores.capped() ? 12 : 8) * numbers;
        scratch.require(bytes + room);
        int owners = sequences.keysOverlap() ? 1 : sequences.count();
        pool.run(Math.multiplyExact(owners, shape.kvHeads()), (task, worker) -> {
            int group = task % shape.kvHeads();
            int owner = task / shape.kvHeads();
            for (int s = owner; s < (owners == 1 ? sequences.count() : owner + 1); s++) {
                for (int head = group * shape.shared(); head < (group + 1) * shape.shared(); head++) {
                    for (Block block : Block.of(sequences, s, scores.form())) {
                        MemorySegment memory = scratch.of(worker);
                        new Step(products, shape, scores, input, output, memory, memory.asSlice(bytes))
                                .run(sequences, block, head);
                    }
                }
            }
        });
    }

    /**
     * What a worker does with one head's block of queries.
     *
     * @param memory for weights and their gradients
     * @param room   for the operands of products
     */
    private record Step(
            BlockProducts products,
            AttentionShape shape,
            AttentionScores scores,
            Input in,
            Output output,
            MemorySegment memory,
            MemorySegment room) {

        void run(Sequences sequences, Block block, int head) {
            int row = sequences.queryStart()[block.sequence()] + block.first();
            int keyRow = sequences.keyStart()[block.sequence()] + block.firstKey();
            int group = shape.group(head);
            int keys = block.keys();
            int count = block.count();
            long weightBytes = 4L * keys * count;
            MemorySegment weights = memory.asSlice(0, weightBytes);
            MemorySegment bounded = scores.capped() ? memory.asSlice(2 * weightBytes, weightBytes) : null;
            products.multiply(
                    count,
                    keys,
                    shape.dim(),
                    scores.scale(),
                    GemmOperand.plain(in.query(), shape.query(row, head), shape.queryStride()),
                    GemmOperand.transposed(in.key(), shape.key(keyRow, group), shape.keyStride()),
                    0f,
                    GemmOperand.plain(weights, 0, keys),
                    room);
            for (int i = 0; i < count; i++) {
                long at = 4L * keys * i;
                int start = block.start(i, scores.form());
                int end = block.end(i);
                long seen = at + 4L * start;
                scores.bound(weights, seen, end - start);
                if (bounded != null) {
                    MemorySegment.copy(weights, seen, bounded, seen, 4L * (end - start));
                }
                scores.slope(head, weights, seen, end - start);
                float logSum = in.logSum().get(Lanes.FLOAT, shape.logSum(row + i, head));
                Softmax.scaledExp(weights, weights, seen, end - start, logSum, 1f);
                Attention.clearUnseen(weights, at, start, end, keys);
            }
            if (output.dValue() != null) {
                products.multiply(
                        keys,
                        shape.valueDim(),
                        count,
                        1f,
                        GemmOperand.transposed(weights, 0, keys),
                        GemmOperand.plain(in.dOut(), shape.out(row, head), shape.outStride()),
                        1f,
                        GemmOperand.plain(output.dValue(), shape.value(keyRow, group), shape.valueStride()),
                        room);
            }
            if (output.dQuery() == null && output.dKey() == null) {
                return;
            }
            MemorySegment dScores = memory.asSlice(weightBytes, weightBytes);
            products.multiply(
                    count,
                    keys,
                    shape.valueDim(),
                    1f,
                    GemmOperand.plain(in.dOut(), shape.out(row, head), shape.outStride()),
                    GemmOperand.transposed(in.value(), shape.value(keyRow, group), shape.valueStride()),
                    0f,
                    GemmOperand.plain(dScores, 0, keys),
                    room);
            for (int i = 0; i < count; i++) {
                long at = shape.out(row + i, head);
                float mean = PlainDot.dot(in.dOut(), at, in.out(), at, shape.valueDim());
                softmaxGradient(weights, dScores, 4L * keys * i, keys, mean);
                if (bounded != null) {
                    int start = block.start(i, scores.form());
                    scores.boundGradient(dScores, bounded, 4L * keys * i + 4L * start, block.end(i) - start);
                }
            }
            if (output.dQuery() != null) {
                products.multiply(
                        count,
                        shape.dim(),
                        keys,
                        scores.scale(),
                        GemmOperand.plain(dScores, 0, keys),
                        GemmOperand.plain(in.key(), shape.key(keyRow, group), shape.keyStride()),
                        output.betaQuery(),
                        GemmOperand.plain(output.dQuery(), shape.query(row, head), shape.queryStride()),
                        room);
            }
            if (output.dKey() != null) {
                products.multiply(
                        keys,
                        shape.dim(),
                        count,
                        scores.scale(),
                        GemmOperand.transposed(dScores, 0, keys),
                        GemmOperand.plain(in.query(), shape.query(row, head), shape.queryStride()),
                        1f,
                        GemmOperand.plain(output.dKey(), shape.key(keyRow, group), shape.keyStride()),
                        room);
            }
        }
    }

    /** {@code dScores[j] = weights[j] (dScores[j] − mean)}. */
    private static void softmaxGradient(
            MemorySegment weights, MemorySegment dScores, long base, int count, float mean) {
        for (int j = 0; j < count; j += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(j, count);
            long at = base + 4L * j;
            FloatVector gradient = Lanes.load(dScores, at, mask).sub(mean).mul(Lanes.load(weights, at, mask));
            Lanes.store(gradient, dScores, at, mask);
        }
    }
}
