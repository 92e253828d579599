package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.espalier.backend.Sequences;

/**
 * Attention of sequences with one query each, as decoding asks for it. A task is a part of the keys of one key/value head:
 * its keys and values come from memory once, for all query heads that share them. Each leaves a partial result, and the
 * partial results of a head are merged in the order of the keys (Milakov and Gimelshein 2018).
 */
final class AttentionDecode implements AutoCloseable {

    /** Keys of a task. */
    private static final int KEYS = 128;
    /** Floats in front of a partial result's weighted values: its largest score and its sum. */
    private static final int HEADER = 2;

    private record Part(int sequence, int firstKey, int keys, int index) {}

    private final WorkerPool pool;
    private final Scratch scratch;
    private final Scratch partial = new Scratch(1);

    AttentionDecode(WorkerPool pool, Scratch scratch) {
        this.pool = pool;
        this.scratch = scratch;
    }

    /** Only {@code chosen} sequences. */
    void run(AttentionOperands operands, List<Integer> chosen) {
        Sequences sequences = operands.sequences();
        AttentionShape shape = operands.shape();
        int parts = 0;
        int[] firstPart = new int[chosen.size() + 1];
        for (int i = 0; i < chosen.size(); i++) {
            int keys = sequences.keyCount()[chosen.get(i)];
            parts += Math.ceilDiv(keys - operands.scores().form().first(keys), KEYS);
            firstPart[i + 1] = parts;
        }
        Part[] work = new Part[parts];
        for (int i = 0; i < chosen.size(); i++) {
            int keys = sequences.keyCount()[chosen.get(i)];
            for (int p = firstPart[i]; p < firstPart[i + 1]; p++) {
                int first = operands.scores().form().first(keys) + (p - firstPart[i]) * KEYS;
                work[p] = new Part(chosen.get(i), first, Math.min(KEYS, keys - first), p);
            }
        }
        long stride = 4L * (HEADER + shape.valueDim());
        partial.require(stride * shape.heads() * parts);
        scratch.require(4L * KEYS);
        MemorySegment results = partial.of(0);
        pool.run(Math.multiplyExact(parts, shape.kvHeads()), (task, worker) -> {
            Part part = work[task / shape.kvHeads()];
            int group = task % shape.kvHeads();
            int row = sequences.keyStart()[part.sequence()] + part.firstKey();
            int behind = sequences.keyCount()[part.sequence()] - part.firstKey() - part.keys();
            int queryRow = sequences.queryStart()[part.sequence()];
            for (int h = group * shape.shared(); h < (group + 1) * shape.shared(); h++) {
                long at = stride * ((long) part.index() * shape.heads() + h);
                part(operands, queryRow, h, row, part.keys(), behind, scratch.of(worker), results, at);
            }
        });
        for (int i = 0; i < chosen.size(); i++) {
            int queryRow = sequences.queryStart()[chosen.get(i)];
            for (int h = 0; h < shape.heads(); h++) {
                merge(
                        shape,
                        results,
                        stride,
                        firstPart[i],
                        firstPart[i + 1],
                        h,
                        operands.out(),
                        queryRow,
                        operands.logSum());
            }
        }
    }

    /**
     * One head over one part of the keys: {@code [max, sum, Σ e^(score − max) value]}.
     *
     * @param behind keys that follow the part
     */
    private static void part(
            AttentionOperands operands,
            int queryRow,
            int head,
            int keyRow,
            int keys,
            int behind,
            MemorySegment scores,
            MemorySegment result,
            long at) {
        AttentionShape shape = operands.shape();
        float scale = operands.scores().scale();
        MemorySegment query = operands.query();
        MemorySegment key = operands.key();
        long queryAt = shape.query(queryRow, head);
        long keyAt = shape.key(keyRow, shape.group(head));
        long valueAt = shape.value(keyRow, shape.group(head));
        long keyBytes = 4L * shape.keyStride();
        for (int s = 0; s < keys; s++) {
            scores.set(
                    Lanes.FLOAT, 4L * s, PlainDot.dot(query, queryAt, key, keyAt + keyBytes * s, shape.dim()) * scale);
        }
        operands.scores().bound(scores, 0, keys);
        operands.scores().slope(head, scores, 0, keys, behind);
        float max = Softmax.max(scores, 0, keys);
        result.set(Lanes.FLOAT, at, max);
        result.set(Lanes.FLOAT, at + 4, (float) Softmax.exp(scores, 0, keys, max));
        weigh(
                scores,
                keys,
                operands.value(),
                valueAt,
                4L * shape.valueStride(),
                shape.valueDim(),
                result,
                at + 4 * HEADER);
    }

    /** {@code target[c] = Σ_s weights[s] value[s, c]}, in the order of {@code s}. */
    private static void weigh(
            MemorySegment weights,
            int keys,
            MemorySegment value,
            long valueAt,
            long rowBytes,
            int columns,
            MemorySegment target,
            long at) {
        int whole = columns - columns % Lanes.PARTIALS;
        for (int c = 0; c < whole; c += Lanes.PARTIALS) {
            FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            for (int s = 0; s < keys; s++) {
                FloatVector weight = FloatVector.broadcast(Lanes.FLOATS, weights.get(Lanes.FLOAT, 4L * s));
                long row = valueAt + rowBytes * s + 4L * c;
                s0 = Lanes.load(value, row).fma(weight, s0);
                s1 = Lanes.load(value, row + 32).fma(weight, s1);
                s2 = Lanes.load(value, row + 64).fma(weight, s2);
                s3 = Lanes.load(value, row + 96).fma(weight, s3);
            }
            Lanes.store(s0, target, at + 4L * c);
            Lanes.store(s1, target, at + 4L * c + 32);
            Lanes.store(s2, target, at + 4L * c + 64);
            Lanes.store(s3, target, at + 4L * c + 96);
        }
        for (int c = whole; c < columns; c += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(c, columns);
            FloatVector sum = FloatVector.zero(Lanes.FLOATS);
            for (int s = 0; s < keys; s++) {
                FloatVector weight = FloatVector.broadcast(Lanes.FLOATS, weights.get(Lanes.FLOAT, 4L * s));
                sum = Lanes.load(value, valueAt + rowBytes * s + 4L * c, mask).fma(weight, sum);
            }
            Lanes.store(sum, target, at + 4L * c, mask);
        }
    }

    private static void merge(
            AttentionShape shape,
            MemorySegment results,
            long stride,
            int start,
            int end,
            int head,
            MemorySegment out,
            int row,
            MemorySegment logSum) {
        float max = Float.NEGATIVE_INFINITY;
        for (int p = start; p < end; p++) {
            max = Math.max(max, results.get(Lanes.FLOAT, stride * ((long) p * shape.heads() + head)));
        }
        long target = shape.out(row, head);
        out.asSlice(target, 4L * shape.valueDim()).fill((byte) 0);
        double sum = 0;
        for (int p = start; p < end; p++) {
            long at = stride * ((long) p * shape.heads() + head);
            float weight = FastExp.exp(results.get(Lanes.FLOAT, at) - max);
            sum += (double) results.get(Lanes.FLOAT, at + 4) * weight;
            Elementwise.addScaled(results, at + 4 * HEADER, weight, out, target, shape.valueDim());
        }
        Elementwise.scaleInPlace(out, target, shape.valueDim(), (float) (1 / sum));
        logSum.set(Lanes.FLOAT, shape.logSum(row, head), (float) (max + StrictMath.log(sum)));
    }

    @Override
    public void close() {
        partial.close();
    }
}
