package org.espalier.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import org.espalier.backend.AdamW;
import org.espalier.backend.AttentionInput;
import org.espalier.backend.AttentionOps;
import org.espalier.backend.Backend;
import org.espalier.backend.CalibrationOps;
import org.espalier.backend.CompactOps;
import org.espalier.backend.DropoutMask;
import org.espalier.backend.ElementwiseOps;
import org.espalier.backend.EmbeddingOps;
import org.espalier.backend.LinearOps;
import org.espalier.backend.LossOps;
import org.espalier.backend.MemoryOps;
import org.espalier.backend.NormOps;
import org.espalier.backend.OptimizerOps;
import org.espalier.backend.OwnMemory;
import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.backend.SampleOps;
import org.espalier.backend.Sampling;
import org.espalier.backend.ScoreOps;
import org.espalier.backend.Sequences;
import org.espalier.backend.SolveOps;
import org.espalier.backend.Target;
import org.espalier.ffi.cuda.CudaLibrary;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Float32 on an NVIDIA device, through the CUDA driver. Work is queued on streams; a fault in it surfaces as a
 * {@link org.espalier.error.Failure} where the host waits: in {@link Queue#finish()}, a read-back, or the next call. The
 * same inputs give the same bytes on the same kind of device.
 */
public final class CudaBackend implements Backend {

    private static final DType COMPUTE = DType.F32;

    private final CudaContext context;
    private final CudaMemory memory;
    private final CudaStaging staging;
    private final CublasPool products;
    private final CudaModules modules;
    private final CudaConvert convert;
    private final CudaEmbedding embedding;
    private final CudaLinear linear;
    private final CudaNorm norm;
    private final CudaRotary rotary;
    private final CudaAttention attention;
    private final CudaElementwise elementwise;
    private final CudaLoss loss;
    private final CudaSample sample;
    private final CudaOptimizer optimizer;
    private final CudaScore score;
    private final CudaCompact compact;
    private final CudaCalibration calibration;
    private boolean closed;

    private CudaBackend(
            CudaContext context,
            CudaMemory memory,
            CublasPool products,
            CudaModules modules,
            Precision precision,
            int panel) {
        this.context = context;
        this.memory = memory;
        this.staging = new CudaStaging(context);
        this.products = products;
        this.modules = modules;
        this.convert = new CudaConvert(context, modules);
        this.embedding = new CudaEmbedding(modules);
        this.linear = new CudaLinear(modules, convert::run, precision, panel);
        this.norm = new CudaNorm(modules);
        this.rotary = new CudaRotary(modules);
        this.attention = new CudaAttention(memory, modules);
        this.elementwise = new CudaElementwise(context, modules);
        this.loss = new CudaLoss(modules);
        this.sample = new CudaSample(modules);
        this.optimizer = new CudaOptimizer(context, memory, modules);
        this.score = new CudaScore(memory, modules);
        this.compact = new CudaCompact(memory, modules);
        this.calibration = new CudaCalibration(context, memory, modules);
    }

    /** As {@link #open(int, Precision)}, with {@link Precision#FLOAT32}. */
    public static CudaBackend open(int ordinal) {
        return open(ordinal, Precision.FLOAT32);
    }

    /**
     * Opens a device.
     *
     * @param ordinal   which one, counted from 0
     * @param precision of linear layers
     * @throws org.espalier.error.Failure if there is no driver, no such device or no cuBLAS, they do not suit
     *                                  this build, or it has no kernels
     */
    public static CudaBackend open(int ordinal, Precision precision) {
        return open(ordinal, precision, CudaLinear.PANEL);
    }

    /** As above, with linear layers that convert so many numbers at once. */
    static CudaBackend open(int ordinal, Precision precision, int panel) {
        return open(ordinal, precision, panel, CudaModule::load);
    }

    /** As above, with kernels that something else loads, by the name of their source file. */
    static CudaBackend open(
            int ordinal, Precision precision, int panel, BiFunction<CudaContext, String, CudaModule> loader) {
        CudaModule.requireKernels();
        CudaContext context = CudaContext.open(ordinal);
        CudaMemory memory = null;
        try {
            memory = CudaMemory.open(context);
            return new CudaBackend(
                    context,
                    memory,
                    CublasPool.open(context, memory),
                    new CudaModules(context, loader),
                    precision,
                    panel);
        } catch (RuntimeException e) {
            if (memory != null) {
                memory.close();
            }
            context.close();
            throw e;
        }
    }

    @Override
    public String name() {
        return "cuda";
    }

    @Override
    public DType computeType() {
        return COMPUTE;
    }

    @Override
    public Queue newQueue() {
        return CudaQueue.open(context, products, memory);
    }

    @Override
    public Buffer allocate(long bytes, String purpose) {
        return memory.allocate(bytes, purpose);
    }

    @Override
    public Optional<OwnMemory> ownMemory() {
        return Optional.of(new OwnMemory(memory.room(), memory.used(), memory.peak()));
    }

    @Override
    public Runnable askWhenFull(BooleanSupplier giver) {
        return memory.askWhenFull(giver);
    }

    /** Bytes of the device that nobody uses. */
    public long freeBytes() {
        return memory.free();
    }

    /** The version of cuBLAS, for example {@code 13.1.0}. */
    public String cublasVersion() {
        return products.version();
    }

    /** The most bytes of device memory that were allocated at once since the device was opened. */
    public long peakBytes() {
        return memory.peak();
    }

    /** Device memory that is allocated and not closed, one line each; for tests and leak reports. */
    public List<String> outstanding() {
        return memory.outstanding();
    }

    @Override
    public Tensor weight(Queue queue, MemorySegment bytes, DType type, Shape shape) {
        MemoryOps.Checks.weight(bytes, type, shape);
        Tensor copy = allocate(type, shape, "a weight");
        try {
            upload(queue, bytes, copy);
            return copy;
        } catch (RuntimeException e) {
            copy.buffer().close();
            throw e;
        }
    }

    @Override
    public void upload(Queue queue, MemorySegment source, Tensor target) {
        MemoryOps.Checks.sameBytes("upload", source, target);
        if (target.bytes() == 0) {
            return;
        }
        staging.upload(cuda(queue), source, target);
    }

    @Override
    public void download(Queue queue, Tensor source, MemorySegment target) {
        MemoryOps.Checks.sameBytes("download", target, source);
        CudaQueue stream = cuda(queue);
        if (source.bytes() != 0) {
            long address = CudaBuffer.address(source, stream);
            context.check(
                    CudaLibrary.cuMemcpyDtoHAsync_v2(target, address, source.bytes(), stream.enter()),
                    "download",
                    source.type(),
                    source.shape());
        }
        stream.finish("download", source.type(), source.shape());
    }

    @Override
    public void fill(Queue queue, Tensor target, double value) {
        MemoryOps.Checks.fill(target);
        convert.fill(cuda(queue), target, value);
    }

    @Override
    public void convert(Queue queue, Tensor source, Tensor target) {
        MemoryOps.Checks.convert(source, target);
        convert.run(cuda(queue), source, target);
    }

    @Override
    public void embedding(Queue queue, Tensor ids, Tensor table, Tensor out) {
        EmbeddingOps.Checks.embedding(COMPUTE, ids, table, out);
        embedding.forward(cuda(queue), ids, table, out);
    }

    @Override
    public void embeddingBackward(Queue queue, Tensor ids, Tensor dOut, Tensor dTable) {
        EmbeddingOps.Checks.embeddingBackward(COMPUTE, ids, dOut, dTable);
        embedding.backward(cuda(queue), ids, dOut, dTable);
    }

    @Override
    public void scatterRows(Queue queue, Tensor source, Tensor rows, Tensor target) {
        EmbeddingOps.Checks.scatterRows(source, rows, target);
        embedding.scatter(cuda(queue), source, rows, target);
    }

    @Override
    public void gatherRows(Queue queue, Tensor source, Tensor rows, Tensor target) {
        EmbeddingOps.Checks.gatherRows(source, rows, target);
        embedding.gather(cuda(queue), source, rows, target);
    }

    @Override
    public void linear(Queue queue, Tensor x, Tensor w, Tensor bias, Tensor y) {
        LinearOps.Checks.linear(COMPUTE, x, w, bias, y);
        linear.forward(cuda(queue), x, w, bias, y);
    }

    @Override
    public void linearBackwardInput(Queue queue, Tensor dY, Tensor w, Target dX) {
        LinearOps.Checks.linearBackwardInput(COMPUTE, dY, w, dX);
        linear.backwardInput(cuda(queue), dY, w, dX);
    }

    @Override
    public void linearBackwardWeight(Queue queue, Tensor x, Tensor dY, Target dW) {
        LinearOps.Checks.linearBackwardWeight(COMPUTE, x, dY, dW);
        linear.backwardWeight(cuda(queue), x, dY, dW);
    }

    @Override
    public void linearBackwardBias(Queue queue, Tensor dY, Target dBias) {
        LinearOps.Checks.linearBackwardBias(COMPUTE, dY, dBias);
        linear.backwardBias(cuda(queue), dY, dBias);
    }

    @Override
    public void rmsNorm(Queue queue, Tensor x, Tensor w, double eps, Tensor y, Tensor rstd) {
        NormOps.Checks.rmsNorm(COMPUTE, x, w, y, rstd);
        norm.forward(cuda(queue), x, w, (float) eps, y, rstd);
    }

    @Override
    public void rmsNormBackward(Queue queue, Tensor x, Tensor w, Tensor rstd, Tensor dY, Target dX, Target dW) {
        NormOps.Checks.rmsNormBackward(COMPUTE, x, w, rstd, dY, dX, dW);
        if (dX != null) {
            norm.backwardInput(cuda(queue), x, w, rstd, dY, dX);
        }
        if (dW != null) {
            norm.backwardWeight(cuda(queue), x, rstd, dY, dW);
        }
    }

    @Override
    public void rotary(
            Queue queue, Tensor x, Tensor positions, Tensor table, boolean interleaved, boolean inverse, Target y) {
        AttentionOps.Checks.rotary(COMPUTE, x, positions, table, y);
        rotary.run(cuda(queue), x, positions, table, interleaved, inverse, y);
    }

    @Override
    public void attention(Queue queue, AttentionInput in, Tensor out, Tensor logSum) {
        AttentionOps.Checks.attention(COMPUTE, in, out, logSum);
        attention.forward(cuda(queue), in, out, logSum);
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
        AttentionOps.Checks.attentionBackward(COMPUTE, in, out, logSum, dOut, dQuery, dKey, dValue);
        clearUnlessKept(queue, dKey);
        clearUnlessKept(queue, dValue);
        attention.backward(cuda(queue), in, out, logSum, dOut, dQuery, dKey, dValue);
    }

    private void clearUnlessKept(Queue queue, Target target) {
        if (target != null && !target.accumulates()) {
            fill(queue, target.tensor(), 0);
        }
    }

    @Override
    public void add(Queue queue, Tensor a, Tensor b, float scale, Tensor out) {
        ElementwiseOps.Checks.add(COMPUTE, a, b, out);
        elementwise.add(cuda(queue), a, b, scale, out);
    }

    @Override
    public void accumulate(Queue queue, Tensor source, float scale, Target target) {
        ElementwiseOps.Checks.accumulate(COMPUTE, source, target);
        elementwise.accumulate(cuda(queue), source, scale, target);
    }

    @Override
    public void swiGlu(Queue queue, Tensor gate, Tensor up, Tensor out) {
        ElementwiseOps.Checks.swiGlu(COMPUTE, gate, up, out);
        elementwise.swiGlu(cuda(queue), gate, up, out);
    }

    @Override
    public void swiGluBackward(Queue queue, Tensor gate, Tensor up, Tensor dOut, Target dGate, Target dUp) {
        ElementwiseOps.Checks.swiGluBackward(COMPUTE, gate, up, dOut, dGate, dUp);
        elementwise.swiGluBackward(cuda(queue), gate, up, dOut, dGate, dUp);
    }

    @Override
    public void dropout(Queue queue, Tensor x, DropoutMask mask, Target y) {
        ElementwiseOps.Checks.dropout(COMPUTE, x, y);
        elementwise.dropout(cuda(queue), x, mask, y);
    }

    @Override
    public void crossEntropy(Queue queue, Tensor logits, Tensor targets, Tensor losses, Tensor logSum) {
        LossOps.Checks.crossEntropy(COMPUTE, logits, targets, losses, logSum);
        loss.forward(cuda(queue), logits, targets, losses, logSum);
    }

    @Override
    public void crossEntropyBackward(
            Queue queue, Tensor logits, Tensor targets, Tensor logSum, double weight, Tensor dLogits) {
        LossOps.Checks.crossEntropyBackward(COMPUTE, logits, targets, logSum, dLogits);
        loss.backward(cuda(queue), logits, targets, logSum, (float) weight, dLogits);
    }

    @Override
    public void argMax(Queue queue, Tensor x, Tensor out) {
        SampleOps.Checks.argMax(COMPUTE, x, out);
        sample.argMax(cuda(queue), x, out);
    }

    @Override
    public void sample(Queue queue, Tensor logits, Tensor positions, Sampling sampling, Tensor out) {
        SampleOps.Checks.sample(COMPUTE, logits, positions, out);
        sample.draw(cuda(queue), logits, positions, sampling, out);
    }

    @Override
    public void sumOfSquares(Queue queue, Tensor x, Target out) {
        OptimizerOps.Checks.sumOfSquares(COMPUTE, x, out);
        optimizer.sumOfSquares(cuda(queue), x, out);
    }

    @Override
    public void clipFactor(Queue queue, Tensor sumOfSquares, float maxNorm, Tensor out) {
        OptimizerOps.Checks.clipFactor(sumOfSquares, out);
        optimizer.clipFactor(cuda(queue), sumOfSquares, maxNorm, out);
    }

    @Override
    public void adamW(Queue queue, AdamW settings, int step, Tensor w, Tensor g, Tensor m, Tensor v, Tensor factor) {
        OptimizerOps.Checks.adamW(COMPUTE, step, w, g, m, v, factor);
        optimizer.adamW(cuda(queue), settings, step, w, g, m, v, factor);
    }

    @Override
    public void saliency(
            Queue queue, Saliency saliency, Tensor w, Tensor gradient, Tensor fisher, Tensor rows, Tensor columns) {
        ScoreOps.Checks.saliency(COMPUTE, saliency, w, gradient, fisher, rows, columns);
        score.saliency(cuda(queue), saliency, w, gradient, fisher, null, rows, columns);
    }

    @Override
    public void gather(Queue queue, Tensor source, Tensor rows, Tensor columns, Tensor target) {
        CompactOps.Checks.gather(source, rows, columns, target);
        compact.gather(cuda(queue), source, rows, columns, target);
    }

    @Override
    public void scaledSaliency(Queue queue, Saliency saliency, Tensor w, Tensor scale, Tensor rows, Tensor columns) {
        CalibrationOps.Checks.scaledSaliency(saliency, w, scale, rows, columns);
        score.saliency(cuda(queue), saliency, w, null, null, scale, rows, columns);
    }

    @Override
    public void squaredGradients(
            Queue queue, Sequences rows, double[] factors, Tensor x, Tensor dY, Target gradient, Target squares) {
        CalibrationOps.Checks.squaredGradients(COMPUTE, rows, factors, x, dY, gradient, squares);
        if (rows.queries() == 0) {
            clearUnlessKept(queue, squares);
            clearUnlessKept(queue, gradient);
            return;
        }
        calibration.squaredGradients(cuda(queue), rows, factors, x, dY, gradient, squares);
    }

    @Override
    public void columnDots(Queue queue, Tensor a, Tensor shift, Tensor b, Target sums) {
        CalibrationOps.Checks.columnDots(COMPUTE, a, shift, b, sums);
        calibration.columnDots(cuda(queue), a, shift, b, sums);
    }

    @Override
    public void correlate(Queue queue, Tensor a, Tensor b, Tensor weights, Target sum) {
        SolveOps.Checks.correlate(COMPUTE, a, b, weights, sum);
        if (a.shape().dim(0) == 0) {
            clearUnlessKept(queue, sum);
            return;
        }
        calibration.correlate(cuda(queue), a, b, weights, sum);
    }

    private CudaQueue cuda(Queue queue) {
        if (queue instanceof CudaQueue own && own.context() == context) {
            return own;
        }
        throw new IllegalArgumentException("the queue is not of this backend");
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try (context;
                memory;
                modules;
                staging;
                products) {
            // A fault that nobody has seen is thrown here; giving back is silent after it.
            context.settle();
        }
    }
}
