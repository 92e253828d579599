package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.AdamW;
import org.espalier.backend.AttentionInput;
import org.espalier.backend.Backend;
import org.espalier.backend.Checks;
import org.espalier.backend.DropoutMask;
import org.espalier.backend.HostBuffer;
import org.espalier.backend.InPlace;
import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.backend.Sampling;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Float32 on the processor: OpenBLAS in tiles, the Vector API for the rest, a pool of threads around both. Every result is
 * the same to the bit at any number of threads, and interpreted or compiled. Operations are done when they return. One
 * thread at a time may use it; {@link #close()} gives back its threads and its working memory.
 */
public final class CpuBackend implements Backend {

    private static final DType COMPUTE = DType.F32;

    private final WorkerPool pool;
    private final Scratch scratch;
    /** A norm's weight or a bias, widened. */
    private final Scratch widened = new Scratch(1);

    private final MatVec matVec;
    private final TiledGemm gemm;
    private final RmsNorm norm;
    private final Rotary rotary;
    private final AttentionDecode decode;
    private final Attention attention;
    private final AttentionGradient attentionGradient;
    private final Elementwise elementwise;
    private final SwiGlu swiGlu;
    private final Dropout dropout;
    private final Tables tables;
    private final Loss loss;
    private final Sample sample;
    private final Optimizer optimizer;
    private final Convert convert;
    private final Scores scores;
    private final Correlation correlation;
    private final Cholesky cholesky;
    private final SquaredGradients squaredGradients;
    private final ColumnDots columnDots;
    private final Compaction compaction;

    /** @param threads how many threads compute, the calling one among them */
    public CpuBackend(int threads) {
        pool = new WorkerPool(threads);
        scratch = new Scratch(threads);
        matVec = new MatVec(pool, scratch);
        gemm = new TiledGemm(pool, scratch);
        norm = new RmsNorm(pool);
        rotary = new Rotary(pool);
        decode = new AttentionDecode(pool, scratch);
        attention = new Attention(pool, scratch, decode);
        attentionGradient = new AttentionGradient(pool, scratch);
        elementwise = new Elementwise(pool);
        swiGlu = new SwiGlu(pool);
        dropout = new Dropout(pool);
        tables = new Tables(pool);
        loss = new Loss(pool);
        sample = new Sample(pool);
        optimizer = new Optimizer(pool);
        convert = new Convert(pool);
        scores = new Scores(pool);
        correlation = new Correlation(pool, scratch);
        cholesky = new Cholesky(pool);
        squaredGradients = new SquaredGradients(pool, scratch);
        columnDots = new ColumnDots(pool);
        compaction = new Compaction(pool);
    }

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public DType computeType() {
        return COMPUTE;
    }

    @Override
    public Queue newQueue() {
        return new DoneQueue();
    }

    /** Operations are done when they return, so that there is nothing to wait for. */
    private record DoneQueue() implements Queue {
        @Override
        public void finish() {}

        @Override
        public void close() {}
    }

    @Override
    public Buffer allocate(long bytes, String purpose) {
        return HostBuffer.allocate(bytes, purpose);
    }

    @Override
    public Tensor weight(Queue queue, MemorySegment bytes, DType type, Shape shape) {
        Checks.weight(bytes, type, shape);
        return Tensor.of(HostBuffer.view(bytes), type, shape);
    }

    @Override
    public void upload(Queue queue, MemorySegment source, Tensor target) {
        Checks.sameBytes("upload", source, target);
        memory(target).copyFrom(source);
    }

    @Override
    public void download(Queue queue, Tensor source, MemorySegment target) {
        Checks.sameBytes("download", target, source);
        target.copyFrom(memory(source));
    }

    @Override
    public void fill(Queue queue, Tensor target, double value) {
        Checks.fill(target);
        convert.fill(target.type(), memory(target), value, target.shape().elements());
    }

    @Override
    public void convert(Queue queue, Tensor source, Tensor target) {
        Checks.convert(source, target);
        convert.run(
                source.type(),
                memory(source),
                target.type(),
                memory(target),
                source.shape().elements());
    }

    @Override
    public void embedding(Queue queue, Tensor ids, Tensor table, Tensor out) {
        Checks.embedding(COMPUTE, ids, table, out);
        Checks.indices("embedding", "ids", ids, table.shape().dim(0));
        tables.embedding(
                memory(ids),
                table.type(),
                memory(table),
                memory(out),
                out.shape().rows(),
                out.shape().columns());
    }

    @Override
    public void embeddingBackward(Queue queue, Tensor ids, Tensor dOut, Tensor dTable) {
        Checks.embeddingBackward(COMPUTE, ids, dOut, dTable);
        Checks.indices("embeddingBackward", "ids", ids, dTable.shape().dim(0));
        tables.embeddingBackward(
                memory(ids),
                memory(dOut),
                memory(dTable),
                dOut.shape().rows(),
                dOut.shape().columns());
    }

    @Override
    public void scatterRows(Queue queue, Tensor source, Tensor rows, Tensor target) {
        Checks.scatterRows(source, rows, target);
        Checks.indices("scatterRows", "rows", rows, target.shape().dim(0));
        tables.scatter(
                memory(source), memory(rows), memory(target), source.shape().extent(0), entryBytes(source));
    }

    @Override
    public void gatherRows(Queue queue, Tensor source, Tensor rows, Tensor target) {
        Checks.gatherRows(source, rows, target);
        Checks.indices("gatherRows", "rows", rows, source.shape().dim(0));
        tables.gather(
                memory(source), memory(rows), memory(target), target.shape().extent(0), entryBytes(target));
    }

    private static long entryBytes(Tensor tensor) {
        return tensor.shape().dim(0) == 0 ? 0 : tensor.bytes() / tensor.shape().dim(0);
    }

    @Override
    public void linear(Queue queue, Tensor x, Tensor w, Tensor bias, Tensor y) {
        Checks.linear(COMPUTE, x, w, bias, y);
        int tokens = x.shape().extent(0);
        MemorySegment biasNumbers = bias == null ? null : floats(bias);
        if (tokens <= MatVec.MAX_TOKENS) {
            matVec.run(
                    memory(x),
                    w.type(),
                    memory(w),
                    biasNumbers,
                    memory(y),
                    tokens,
                    x.shape().columns(),
                    y.shape().columns());
        } else {
            gemm.forward(
                    memory(x),
                    w.type(),
                    memory(w),
                    biasNumbers,
                    memory(y),
                    tokens,
                    x.shape().columns(),
                    y.shape().columns());
        }
    }

    @Override
    public void linearBackwardInput(Queue queue, Tensor dY, Tensor w, Target dX) {
        Checks.linearBackwardInput(COMPUTE, dY, w, dX);
        gemm.backwardInput(
                memory(dY),
                w.type(),
                memory(w),
                memory(dX),
                dX.beta(),
                dY.shape().extent(0),
                w.shape().columns(),
                dY.shape().columns());
    }

    @Override
    public void linearBackwardWeight(Queue queue, Tensor x, Tensor dY, Target dW) {
        Checks.linearBackwardWeight(COMPUTE, x, dY, dW);
        gemm.backwardWeight(
                memory(x),
                memory(dY),
                memory(dW),
                dW.beta(),
                x.shape().extent(0),
                x.shape().columns(),
                dY.shape().columns());
    }

    @Override
    public void linearBackwardBias(Queue queue, Tensor dY, Target dBias) {
        Checks.linearBackwardBias(COMPUTE, dY, dBias);
        norm.sumRows(
                memory(dY),
                memory(dBias),
                dBias.beta(),
                dY.shape().extent(0),
                dY.shape().columns());
    }

    @Override
    public void rmsNorm(Queue queue, Tensor x, Tensor w, double eps, Tensor y, Tensor rstd) {
        Checks.rmsNorm(COMPUTE, x, w, y, rstd);
        norm.forward(
                memory(x),
                floats(w),
                eps,
                memory(y),
                memory(rstd),
                x.shape().extent(0),
                x.shape().columns());
    }

    @Override
    public void rmsNormBackward(Queue queue, Tensor x, Tensor w, Tensor rstd, Tensor dY, Target dX, Target dW) {
        Checks.rmsNormBackward(COMPUTE, x, w, rstd, dY, dX, dW);
        int tokens = x.shape().extent(0);
        int channels = x.shape().columns();
        if (dW != null) {
            norm.backwardWeight(memory(x), memory(rstd), memory(dY), memory(dW), dW.beta(), tokens, channels);
        }
        if (dX != null) {
            norm.backwardInput(memory(x), floats(w), memory(rstd), memory(dY), memory(dX), dX.beta(), tokens, channels);
        }
    }

    @Override
    public void rotary(
            Queue queue, Tensor x, Tensor positions, Tensor table, boolean interleaved, boolean inverse, Target y) {
        Checks.rotary(COMPUTE, x, positions, table, y);
        Checks.indices("rotary", "positions", positions, table.shape().dim(0));
        rotary.run(
                memory(x),
                memory(positions),
                memory(table),
                interleaved,
                inverse ? -1 : 1,
                memory(y),
                y.beta(),
                x.shape().extent(0),
                x.shape().extent(1),
                x.shape().extent(2) / 2);
    }

    @Override
    public void attention(Queue queue, AttentionInput in, Tensor out, Tensor logSum) {
        Checks.attention(COMPUTE, in, out, logSum);
        attention.forward(
                in.sequences(),
                shape(in),
                (float) in.scale(),
                memory(in.query()),
                memory(in.key()),
                memory(in.value()),
                memory(out),
                memory(logSum));
    }

    @Override
    public void attentionBackward(
            Queue queue,
            AttentionInput in,
            Tensor out,
            Tensor logSum,
            Tensor dOut,
            Target dQuery,
            Target dKey,
            Target dValue) {
        Checks.attentionBackward(COMPUTE, in, out, logSum, dOut, dQuery, dKey, dValue);
        clearUnlessKept(queue, dKey);
        clearUnlessKept(queue, dValue);
        attentionGradient.run(
                in.sequences(),
                shape(in),
                (float) in.scale(),
                new AttentionGradient.Input(
                        memory(in.query()),
                        memory(in.key()),
                        memory(in.value()),
                        memory(out),
                        memory(logSum),
                        memory(dOut)),
                new AttentionGradient.Output(
                        memoryOrNull(dQuery), betaOrZero(dQuery), memoryOrNull(dKey), memoryOrNull(dValue)));
    }

    private void clearUnlessKept(Queue queue, Target target) {
        if (target != null && !target.accumulates()) {
            fill(queue, target.tensor(), 0);
        }
    }

    private static AttentionShape shape(AttentionInput in) {
        return new AttentionShape(in.heads(), in.kvHeads(), in.headDim(), in.valueDim());
    }

    @Override
    public void add(Queue queue, Tensor a, Tensor b, float scale, Tensor out) {
        Checks.add(COMPUTE, a, b, out);
        elementwise.add(memory(a), memory(b), scale, memory(out), out.shape().elements());
    }

    @Override
    public void accumulate(Queue queue, Tensor source, float scale, Target target) {
        Checks.accumulate(COMPUTE, source, target);
        long count = source.shape().elements();
        if (target.accumulates()) {
            elementwise.add(memory(target), memory(source), scale, memory(target), count);
        } else {
            elementwise.scale(memory(source), scale, memory(target), count);
        }
    }

    @Override
    public void swiGlu(Queue queue, Tensor gate, Tensor up, Tensor out) {
        Checks.swiGlu(COMPUTE, gate, up, out);
        swiGlu.forward(memory(gate), memory(up), memory(out), out.shape().elements());
    }

    @Override
    public void swiGluBackward(Queue queue, Tensor gate, Tensor up, Tensor dOut, Target dGate, Target dUp) {
        Checks.swiGluBackward(COMPUTE, gate, up, dOut, dGate, dUp);
        swiGlu.backward(
                memory(gate),
                memory(up),
                memory(dOut),
                memoryOrNull(dGate),
                betaOrZero(dGate),
                memoryOrNull(dUp),
                betaOrZero(dUp),
                gate.shape().elements());
    }

    @Override
    public void dropout(Queue queue, Tensor x, DropoutMask mask, Target y) {
        Checks.dropout(COMPUTE, x, y);
        dropout.run(mask, memory(x), memory(y), y.beta(), x.shape().elements());
    }

    @Override
    public void crossEntropy(Queue queue, Tensor logits, Tensor targets, Tensor lossOut, Tensor logSum) {
        Checks.crossEntropy(COMPUTE, logits, targets, lossOut, logSum);
        Checks.targets("crossEntropy", targets, logits.shape().dim(1));
        loss.forward(
                memory(logits),
                memory(targets),
                memory(lossOut),
                memory(logSum),
                logits.shape().extent(0),
                logits.shape().columns());
    }

    @Override
    public void crossEntropyBackward(
            Queue queue, Tensor logits, Tensor targets, Tensor logSum, double weight, Tensor dLogits) {
        Checks.crossEntropyBackward(COMPUTE, logits, targets, logSum, dLogits);
        Checks.targets("crossEntropyBackward", targets, logits.shape().dim(1));
        loss.backward(
                memory(logits),
                memory(targets),
                memory(logSum),
                (float) weight,
                memory(dLogits),
                logits.shape().extent(0),
                logits.shape().columns());
    }

    @Override
    public void argMax(Queue queue, Tensor x, Tensor out) {
        Checks.argMax(COMPUTE, x, out);
        sample.argMax(memory(x), memory(out), x.shape().extent(0), x.shape().columns());
    }

    @Override
    public void sample(Queue queue, Tensor logits, Tensor positions, Sampling sampling, Tensor out) {
        Checks.sample(COMPUTE, logits, positions, out);
        sample.draw(
                memory(logits),
                memory(positions),
                memory(out),
                logits.shape().extent(0),
                logits.shape().columns(),
                sampling);
    }

    @Override
    public void sumOfSquares(Queue queue, Tensor x, Target out) {
        Checks.sumOfSquares(COMPUTE, x, out);
        double sum = optimizer.sumOfSquares(memory(x), x.shape().elements());
        MemorySegment target = memory(out);
        target.set(Lanes.DOUBLE, 0, out.accumulates() ? target.get(Lanes.DOUBLE, 0) + sum : sum);
    }

    @Override
    public void clipFactor(Queue queue, Tensor sumOfSquares, float maxNorm, Tensor out) {
        Checks.clipFactor(sumOfSquares, out);
        double factor = maxNorm / (Math.sqrt(memory(sumOfSquares).get(Lanes.DOUBLE, 0)) + 1e-6);
        memory(out).set(Lanes.FLOAT, 0, (float) Math.min(1, factor));
    }

    @Override
    public void adamW(Queue queue, AdamW settings, int step, Tensor w, Tensor g, Tensor m, Tensor v, Tensor factor) {
        Checks.adamW(COMPUTE, step, w, g, m, v, factor);
        float gradientFactor = factor == null ? 1 : memory(factor).get(Lanes.FLOAT, 0);
        optimizer.adamW(
                settings,
                step,
                memory(w),
                memory(g),
                memory(m),
                memory(v),
                gradientFactor,
                w.shape().elements());
    }

    private static MemorySegment memory(Tensor tensor) {
        return HostBuffer.segment(tensor);
    }

    private static MemorySegment memoryOrNull(Tensor tensor) {
        return tensor == null ? null : memory(tensor);
    }

    private static MemorySegment memory(Target target) {
        return memory(target.tensor());
    }

    private static MemorySegment memoryOrNull(Target target) {
        return target == null ? null : memory(target);
    }

    private static float betaOrZero(Target target) {
        return target == null ? 0 : target.beta();
    }

    /** A short vector of any plain floating type as float32; good until the next call. */
    private MemorySegment floats(Tensor vector) {
        if (vector.type() == DType.F32) {
            return memory(vector);
        }
        int count = Math.toIntExact(vector.shape().elements());
        widened.require(4L * count);
        Widen.decode(vector.type(), memory(vector), 0, widened.of(0), 0, count);
        return widened.of(0);
    }

    @Override
    public void saliency(
            Queue queue, Saliency saliency, Tensor w, Tensor gradient, Tensor fisher, Tensor rows, Tensor columns) {
        Checks.saliency(COMPUTE, saliency, w, gradient, fisher, rows, columns);
        scores.run(
                saliency,
                new Scores.Weight(
                        w.type(),
                        memory(w),
                        gradient == null ? null : memory(gradient),
                        fisher == null ? null : memory(fisher),
                        null,
                        w.shape().rows(),
                        w.shape().columns()),
                memory(rows),
                memory(columns));
    }

    @Override
    public void correlate(Queue queue, Tensor a, Tensor b, Tensor weights, Target sum) {
        Checks.correlate(COMPUTE, a, b, weights, sum);
        correlation.run(
                memory(a),
                memory(b),
                memoryOrNull(weights),
                memory(sum),
                sum.beta(),
                a.shape().extent(0),
                a.shape().extent(1),
                b.shape().extent(1));
    }

    @Override
    public void solve(Queue queue, Tensor matrix, Tensor right) {
        Checks.solve(matrix, right);
        cholesky.solve(
                memory(matrix),
                memory(right),
                matrix.shape().extent(0),
                right.shape().extent(1));
    }

    @Override
    public void scaledSaliency(Queue queue, Saliency saliency, Tensor w, Tensor scale, Tensor rows, Tensor columns) {
        Checks.scaledSaliency(saliency, w, scale, rows, columns);
        scores.run(
                saliency,
                new Scores.Weight(
                        w.type(),
                        memory(w),
                        null,
                        null,
                        memory(scale),
                        w.shape().rows(),
                        w.shape().columns()),
                memory(rows),
                memory(columns));
    }

    @Override
    public void squaredGradients(
            Queue queue, Sequences rows, double[] factors, Tensor x, Tensor dY, Target gradient, Target squares) {
        Checks.squaredGradients(COMPUTE, rows, factors, x, dY, gradient, squares);
        squaredGradients.run(
                rows,
                factors,
                memory(x),
                memory(dY),
                memoryOrNull(gradient),
                memory(squares),
                squares.beta(),
                x.shape().columns(),
                dY.shape().columns());
    }

    @Override
    public void columnDots(Queue queue, Tensor a, Tensor shift, Tensor b, Target sums) {
        Checks.columnDots(COMPUTE, a, shift, b, sums);
        columnDots.run(
                memory(a),
                shift == null ? null : floats(shift),
                memoryOrNull(b),
                memory(sums),
                sums.beta(),
                a.shape().rows(),
                a.shape().columns());
    }

    @Override
    public void gather(Queue queue, Tensor source, Tensor rows, Tensor columns, Tensor target) {
        Checks.gather(source, rows, columns, target);
        Checks.kept(source, rows, columns, target);
        if (target.bytes() == 0) {
            return;
        }
        Compaction.Kept kept = new Compaction.Kept(
                memory(source),
                intsOrNull(rows),
                intsOrNull(columns),
                source.shape().extent(1),
                source.type().blockBytes(),
                target.shape().extent(1));
        if (InPlace.is(source, target)) {
            compaction.inPlace(kept, memory(target), target.shape(), InPlace.panelRows(target));
        } else {
            compaction.gather(kept, 0, target.shape().extent(0), memory(target));
        }
    }

    private static int[] intsOrNull(Tensor tensor) {
        return tensor == null ? null : memory(tensor).toArray(Lanes.INT);
    }

    @Override
    public void close() {
        pool.close();
        decode.close();
        widened.close();
        scratch.close();
    }
}
