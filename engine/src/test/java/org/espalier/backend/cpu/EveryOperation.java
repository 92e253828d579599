package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32C;
import org.espalier.backend.ActivationFunction;
import org.espalier.backend.AdamW;
import org.espalier.backend.AttentionInput;
import org.espalier.backend.DropoutMask;
import org.espalier.backend.HostBuffer;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Sampling;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Runs every operation of the backend on numbers that are the same every time, and keeps a checksum of each result. As a
 * program it prints them, so that another JVM can be compared with this one.
 */
final class EveryOperation {

    private static final DType[] WEIGHTS = {
        DType.F32,
        DType.BF16,
        DType.F16,
        DType.Q8_0,
        DType.Q4_0,
        DType.Q4_1,
        DType.Q5_0,
        DType.Q5_1,
        DType.Q4_K,
        DType.Q5_K,
        DType.Q6_K
    };

    private final CpuBackend cpu;
    private final Queue queue;
    private final int size;
    private final Random random = new Random(11);
    private final List<Tensor> tensors = new ArrayList<>();
    private final Map<String, Long> sums = new LinkedHashMap<>();

    private EveryOperation(CpuBackend cpu, Queue queue, int size) {
        this.cpu = cpu;
        this.queue = queue;
        this.size = size;
    }

    /**
     * Checksums by operation.
     *
     * @param size 1 for shapes that an interpreter manages, more for shapes that many threads share
     */
    static Map<String, Long> checksums(CpuBackend cpu, int size) {
        try (Queue queue = cpu.newQueue()) {
            EveryOperation all = new EveryOperation(cpu, queue, size);
            try {
                all.linear();
                all.norm();
                all.layerNorm();
                all.elementwise();
                all.activation();
                all.columns();
                all.attention();
                all.tables();
                all.loss();
                all.optimizer();
                all.convert();
                all.solve();
                return all.sums;
            } finally {
                all.tensors.forEach(tensor -> tensor.buffer().close());
            }
        }
    }

    public static void main(String[] arguments) {
        try (CpuBackend cpu = new CpuBackend(2)) {
            checksums(cpu, 1).forEach((name, sum) -> System.out.println(name + "=" + sum));
        }
    }

    private void linear() {
        for (DType type : WEIGHTS) {
            int in = type.plain() ? 37 + 64 * size : Math.max(96, type.blockElements()) * (size > 1 ? 2 : 1);
            int out = 5 + 150 * (size - 1);
            Tensor weight = tensor(type, out, in);
            StoredNumbers.randomise(random, type, HostBuffer.segment(weight));
            for (int tokens : new int[] {1, 3, 7 + 130 * (size - 1)}) {
                Tensor y = numbers(tokens, out);
                cpu.linear(queue, numbers(tokens, in), weight, tokens == 3 ? numbers(out) : null, y);
                keep("linear " + type + " " + tokens, y);
                Tensor dX = numbers(tokens, in);
                cpu.linearBackwardInput(queue, y, weight, new Target(dX, tokens == 3 ? 1 : 0));
                keep("linearBackwardInput " + type + " " + tokens, dX);
            }
        }
        int tokens = 9 * size;
        int in = 20 + 200 * (size - 1);
        int out = 30 + 210 * (size - 1);
        Tensor dY = numbers(tokens, out);
        Tensor dW = numbers(out, in);
        cpu.linearBackwardWeight(queue, numbers(tokens, in), dY, Target.accumulate(dW));
        keep("linearBackwardWeight", dW);
        Tensor dBias = numbers(out);
        cpu.linearBackwardBias(queue, dY, Target.overwrite(dBias));
        keep("linearBackwardBias", dBias);
    }

    private void norm() {
        int tokens = 3 + 50 * (size - 1);
        int channels = 45 + 500 * (size - 1);
        Tensor x = numbers(tokens, channels);
        Tensor w = numbers(channels);
        Tensor y = numbers(tokens, channels);
        Tensor rstd = numbers(tokens);
        cpu.rmsNorm(queue, x, w, 1e-5, y, rstd);
        keep("rmsNorm", y, rstd);
        Tensor dX = numbers(tokens, channels);
        Tensor dW = numbers(channels);
        cpu.rmsNormBackward(queue, x, w, rstd, numbers(tokens, channels), Target.accumulate(dX), Target.overwrite(dW));
        keep("rmsNormBackward", dX, dW);
    }

    private void layerNorm() {
        int tokens = 3 + 50 * (size - 1);
        int channels = 45 + 500 * (size - 1);
        Tensor x = numbers(tokens, channels);
        Tensor w = numbers(channels);
        Tensor y = numbers(tokens, channels);
        Tensor mean = numbers(tokens);
        Tensor rstd = numbers(tokens);
        cpu.layerNorm(queue, x, w, numbers(channels), 1e-5, y, mean, rstd);
        keep("layerNorm", y, mean, rstd);
        Target dX = Target.accumulate(numbers(tokens, channels));
        Target dW = Target.overwrite(numbers(channels));
        Target dBias = Target.accumulate(numbers(channels));
        cpu.layerNormBackward(queue, x, w, mean, rstd, numbers(tokens, channels), dX, dW, dBias);
        keep("layerNormBackward", dX.tensor(), dW.tensor(), dBias.tensor());
    }

    private void activation() {
        int count = 76 + 40_000 * (size - 1);
        Tensor x = numbers(count);
        cpu.accumulate(queue, x, 6, Target.overwrite(x));
        Tensor y = numbers(count);
        for (ActivationFunction function : ActivationFunction.values()) {
            cpu.activation(queue, function, x, y);
            keep("activation " + function, y);
            cpu.activationBackward(queue, function, x, numbers(count), Target.overwrite(y));
            keep("activationBackward 0 " + function, y);
            cpu.activationBackward(queue, function, x, numbers(count), Target.accumulate(y));
            keep("activationBackward 1 " + function, y);
        }
    }

    private void columns() {
        int rows = 9 * size;
        int width = 50 + 300 * (size - 1);
        Tensor x = numbers(rows, width);
        Tensor part = numbers(rows, 33);
        cpu.copyColumns(queue, x, 15, Target.overwrite(part), 0, 33);
        keep("copyColumns 0", part);
        cpu.copyColumns(queue, part, 2, Target.accumulate(x), 7, 31);
        keep("copyColumns 1", x);
    }

    private void elementwise() {
        int count = 76 + 40_000 * (size - 1);
        Tensor a = numbers(count);
        Tensor b = numbers(count);
        Tensor out = numbers(count);
        cpu.add(queue, a, b, 0.3f, out);
        keep("add", out);
        cpu.accumulate(queue, a, 0.7f, Target.accumulate(out));
        keep("accumulate 1", out);
        cpu.accumulate(queue, a, 0.7f, Target.overwrite(out));
        keep("accumulate 0", out);
        cpu.multiply(queue, a, b, Target.overwrite(out));
        keep("multiply 0", out);
        cpu.multiply(queue, b, out, Target.accumulate(out));
        keep("multiply 1", out);
        cpu.swiGlu(queue, a, b, out);
        keep("swiGlu", out);
        cpu.dropout(queue, a, new DropoutMask(0.2, 42, 7, 3), Target.overwrite(out));
        keep("dropout 0", out);
        cpu.dropout(queue, b, new DropoutMask(0.2, -1, 1L << 33, 3), Target.accumulate(out));
        keep("dropout 1", out);
        Tensor dA = numbers(count);
        Tensor dB = numbers(count);
        cpu.swiGluBackward(queue, a, b, out, Target.accumulate(dA), Target.overwrite(dB));
        keep("swiGluBackward", dA, dB);
    }

    private void attention() {
        List<Sequences> cases = List.of(
                Sequences.packed(5, 1, 7 + 100 * (size - 1)),
                Sequences.cached(9 * size, 6),
                Sequences.cached(20 + 400 * (size - 1), 1));
        for (Sequences sequences : cases) {
            int tokens = sequences.queries();
            int rows = sequences.keyEnd();
            Tensor query = numbers(tokens, 6, 12);
            Tensor key = numbers(rows, 2, 12);
            Tensor value = numbers(rows, 2, 44);
            Tensor out = numbers(tokens, 6, 44);
            Tensor logSum = numbers(tokens, 6);
            AttentionInput in = new AttentionInput(sequences, 0.3, query, key, value);
            cpu.attention(queue, in, out, logSum);
            keep("attention " + rows, out, logSum);
            Tensor dQuery = numbers(tokens, 6, 12);
            Tensor dKey = numbers(rows, 2, 12);
            Tensor dValue = numbers(rows, 2, 44);
            cpu.attentionBackward(
                    queue,
                    in,
                    out,
                    logSum,
                    numbers(tokens, 6, 44),
                    Target.overwrite(dQuery),
                    Target.accumulate(dKey),
                    Target.overwrite(dValue));
            keep("attentionBackward " + rows, dQuery, dKey, dValue);
        }
        for (boolean interleaved : new boolean[] {false, true}) {
            for (int half : new int[] {10, 6}) {
                Tensor y = numbers(4L * size, 3, 20);
                cpu.rotary(
                        queue,
                        numbers(4L * size, 3, 20),
                        indices(4 * size, 9),
                        numbers(9, 2, half),
                        interleaved,
                        interleaved,
                        new Target(y, interleaved ? 1 : 0));
                keep("rotary " + interleaved + " " + half, y);
            }
        }
    }

    private void tables() {
        int tokens = 8 * size;
        int channels = 64 * size;
        Tensor ids = indices(tokens, 5);
        Tensor out = numbers(tokens, channels);
        Tensor table = tensor(DType.Q4_1, 5, channels);
        StoredNumbers.randomise(random, DType.Q4_1, HostBuffer.segment(table));
        cpu.embedding(queue, ids, table, out);
        keep("embedding", out);
        Tensor dTable = numbers(5, channels);
        cpu.embeddingBackward(queue, ids, out, dTable);
        keep("embeddingBackward", dTable);
        Tensor gathered = numbers(tokens, channels);
        cpu.gatherRows(queue, dTable, ids, gathered);
        keep("gatherRows", gathered);
        Tensor rows = tensor(DType.I32, 3);
        HostCopy.writeInts(cpu, queue, new int[] {4, 0, 3}, rows);
        cpu.scatterRows(queue, numbers(3, channels), rows, dTable);
        keep("scatterRows", dTable);
    }

    private void loss() {
        int tokens = 4 * size;
        int vocab = 92 + 5000 * (size - 1);
        Tensor logits = numbers(tokens, vocab);
        cpu.accumulate(queue, logits, 9, Target.overwrite(logits));
        Tensor targets = indices(tokens, vocab);
        Tensor loss = numbers(tokens);
        Tensor logSum = numbers(tokens);
        cpu.crossEntropy(queue, logits, targets, loss, logSum);
        keep("crossEntropy", loss, logSum);
        Tensor best = tensor(DType.I32, tokens);
        cpu.argMax(queue, logits, best);
        keep("argMax", best);
        cpu.sample(queue, logits, targets, new Sampling(2, 50, 0.9, 42), best);
        keep("sample", best);
        cpu.crossEntropyBackward(queue, logits, targets, logSum, 0.1, logits);
        keep("crossEntropyBackward", logits);
    }

    private void optimizer() {
        int count = 50 + 40_000 * (size - 1);
        Tensor w = numbers(count);
        Tensor g = numbers(count);
        Tensor m = numbers(count);
        Tensor v = numbers(count);
        cpu.fill(queue, v, 0.25);
        Tensor squares = tensor(DType.F64, 1);
        cpu.sumOfSquares(queue, g, Target.overwrite(squares));
        keep("sumOfSquares", squares);
        Tensor factor = tensor(DType.F32, 1);
        cpu.clipFactor(queue, squares, 1, factor);
        keep("clipFactor", factor);
        cpu.adamW(queue, new AdamW(1e-3, 0.9, 0.95, 1e-8, 0.1), 3, w, g, m, v, factor);
        keep("adamW", w, m, v);
    }

    private void convert() {
        Tensor source = numbers(40 + 40_000 * (size - 1));
        for (DType type : new DType[] {DType.F64, DType.F32, DType.F16, DType.BF16}) {
            Tensor target = tensor(type, source.shape().toArray());
            cpu.convert(queue, source, target);
            keep("convert " + type, target);
        }
    }

    private void solve() {
        int tokens = 40 * size;
        int n = 20 + 200 * (size - 1);
        Tensor a = numbers(tokens, n);
        Tensor matrix = tensor(DType.F64, n, n);
        double[] identity = new double[n * n];
        for (int i = 0; i < n; i++) {
            identity[i * n + i] = 1;
        }
        HostCopy.writeDoubles(cpu, queue, identity, matrix);
        cpu.correlate(queue, a, a, null, Target.accumulate(matrix));
        keep("correlate 1", matrix);
        Tensor right = tensor(DType.F64, n, 3);
        cpu.correlate(queue, a, numbers(tokens, 3), numbers(tokens), Target.overwrite(right));
        keep("correlate 0", right);
        cpu.solve(queue, matrix, right);
        keep("solve", right);
    }

    private Tensor tensor(DType type, long... dims) {
        Tensor tensor = cpu.allocate(type, Shape.of(dims), "every operation");
        tensors.add(tensor);
        return tensor;
    }

    private Tensor numbers(long... dims) {
        Tensor tensor = tensor(DType.F32, dims);
        HostCopy.writeDoubles(
                cpu, queue, random.doubles(tensor.shape().elements(), -1, 1).toArray(), tensor);
        return tensor;
    }

    private Tensor indices(int count, int limit) {
        Tensor tensor = tensor(DType.I32, count);
        HostCopy.writeInts(cpu, queue, random.ints(count, 0, limit).toArray(), tensor);
        return tensor;
    }

    private void keep(String name, Tensor... results) {
        CRC32C sum = new CRC32C();
        for (Tensor result : results) {
            MemorySegment bytes = HostBuffer.segment(result);
            sum.update(bytes.asByteBuffer());
        }
        if (sums.put(name, sum.getValue()) != null) {
            throw new IllegalStateException("two results named " + name);
        }
    }
}
