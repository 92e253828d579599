package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.espalier.backend.ActivationFunction;
import org.espalier.backend.AdamW;
import org.espalier.backend.AttentionForm;
import org.espalier.backend.AttentionInput;
import org.espalier.backend.DistillationOps.Taught;
import org.espalier.backend.DropoutMask;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Precision;
import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.backend.Sampling;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.error.Failure;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Every kernel at sizes of models of 70B parameters, where numbers are counted past 2³¹ and mostly past 2³²: in memory
 * without storage, in the first and the last blocks. Where they go is checked, what they compute is not.
 */
@ExtendWith(StandIn.class)
class PhantomSizesTest {

    private static final long HIDDEN = 8192;
    private static final long MLP = 28_672;
    private static final long VOCABULARY = 128_256;
    /** Times the hidden size more than 2³² numbers, whose lower 32 bits are a negative number: it lies before all memory. */
    private static final long TOKENS = 838_861;
    /** Times the vocabulary as many. */
    private static final long ROWS = 52_003;
    /** Times the numbers of a row of a cache as many. */
    private static final int CACHED = 800_000;

    private static final int SEQUENCES = 128;
    private static final int LENGTH = 2056;
    private static final List<DType> PLAIN = List.of(DType.F64, DType.F32, DType.BF16, DType.F16);
    private static final List<DType> BLOCKS =
            List.of(DType.Q4_0, DType.Q4_1, DType.Q5_0, DType.Q5_1, DType.Q8_0, DType.Q4_K, DType.Q5_K, DType.Q6_K);
    private static final List<DType> NARROW = List.of(DType.F32, DType.BF16, DType.F16);
    private static final Pattern ENTRY = Pattern.compile("\\.entry (\\w+)\\(");

    private final List<Buffer> buffers = new ArrayList<>();
    private CudaBackend cuda;
    private Queue queue;

    @Test
    void noKernelLosesItsWayAtTheSizesOfLargeModels() throws IOException {
        phantoms();
        on(Precision.FLOAT32, this::norms, this::elementwise, this::losses, this::embeddings, this::products);
        on(
                Precision.FLOAT32,
                this::attention,
                this::conversions,
                this::scores,
                this::compaction,
                this::optimizer,
                this::experts);
        on(Precision.HALF, this::halfGradients);
        List<String> untried = new ArrayList<>();
        for (String file : EveryKernelTest.sources()) {
            ENTRY.matcher(KernelFiles.ptx(file))
                    .results()
                    .map(entry -> entry.group(1))
                    .filter(kernel -> StandIn.launches(kernel) == 0)
                    .forEach(untried::add);
        }
        assertEquals(List.of(), untried);
    }

    /** The row's first number, counted in 32 bits. */
    @Test
    void plantedNarrowRowOffsetIsFound() {
        Failure found = planted(
                "cross_entropy",
                "cross_entropy_forward",
                "mul\\.lo\\.s64\\s+(%rd\\d+), (%rd\\d+), (%rd\\d+);",
                "mul.lo.s64 $1, $2, $3; shl.b64 $1, $1, 32; shr.s64 $1, $1, 32;",
                this::losses);
        assertTrue(found.problem().contains("CUDA_ERROR_ILLEGAL_ADDRESS"), found.problem());
    }

    /** The next four numbers of a thread, counted in 32 bits: it begins anew and never ends. */
    @Test
    void plantedNarrowCountIsFound() {
        Failure found = planted(
                "add",
                "add",
                "add\\.s64\\s+(%rd\\d+), \\1, (%rd4);",
                "add.s64 $1, $1, $2; and.b64 $1, $1, 0xffffffff;",
                this::elementwise);
        assertTrue(found.problem().contains("the kernel does not end"), found.problem());
    }

    /** One past the row, where rows are longer than a turn of all threads: the last row's is past the memory. */
    @Test
    void plantedReadPastALongRowIsFound() {
        Failure found =
                planted("rmsnorm", "rmsnorm_backward_input_f32", "setp\\.(lt|ge)\\.s32", "setp.le.s32", this::norms);
        assertTrue(found.problem().contains("CUDA_ERROR_ILLEGAL_ADDRESS"), found.problem());
    }

    @Test
    void plantedRowsOfBlocksInTheSecondDimensionAreRefused() {
        phantoms();
        try (CudaBackend opened = CudaBackend.open(0);
                CudaQueue own = (CudaQueue) opened.newQueue();
                CudaModule module = CudaModule.load(own.context(), "argmax");
                CudaKernel.Call call = module.kernel("argmax").on(own)) {
            CudaGrid tall = new CudaGrid(1, 65_536, 1, 32, 1);
            Failure refused = assertThrows(
                    Failure.class, () -> call.number(0L).number(0L).number(1).launch(tall, "planted"));
            assertTrue(refused.problem().contains("a grid of 1 x 65536 x 1 blocks"), refused.problem());
        }
    }

    private static void phantoms() {
        StandIn.requireItself();
        StandIn.setMemory(1L << 45);
        StandIn.set("multiprocessors", 4000);
        StandIn.set("phantom", 4 << 20);
    }

    /** What is found when a kernel's text is edited. */
    private Failure planted(String file, String kernel, String text, String instead, Runnable family) {
        phantoms();
        String sound = KernelFiles.ptx(file);
        int start = sound.indexOf(".entry " + kernel + "(");
        int next = sound.indexOf(".entry ", start + 1);
        int end = next < 0 ? sound.length() : next;
        String edited = sound.substring(0, start)
                + sound.substring(start, end).replaceAll(text, instead)
                + sound.substring(end);
        assertNotEquals(sound, edited);
        CudaBackend opened = CudaBackend.open(
                0,
                Precision.FLOAT32,
                CudaProducts.PANEL,
                (context, asked) -> asked.equals(file)
                        ? CudaModule.loadPtx(context, file, edited.getBytes(StandardCharsets.US_ASCII))
                        : CudaModule.load(context, asked));
        cuda = opened;
        queue = opened.newQueue();
        Failure found = assertThrows(Failure.class, () -> {
            family.run();
            queue.finish();
        });
        assertTrue(found.problem().contains("kernel " + kernel + ","), found.problem());
        StandIn.reset();
        return found;
    }

    private void on(Precision precision, Runnable... families) {
        try (CudaBackend opened = CudaBackend.open(0, precision)) {
            cuda = opened;
            for (Runnable family : families) {
                try (Queue own = opened.newQueue()) {
                    queue = own;
                    family.run();
                    own.finish();
                } finally {
                    buffers.forEach(Buffer::close);
                    buffers.clear();
                }
            }
        }
    }

    private Tensor of(DType type, long... dims) {
        Tensor tensor = cuda.allocate(type, Shape.of(dims), "phantom");
        buffers.add(tensor.buffer());
        return tensor;
    }

    private Tensor floats(long... dims) {
        return of(DType.F32, dims);
    }

    private static Target into(Tensor tensor) {
        return Target.accumulate(tensor);
    }

    private void norms() {
        Tensor x = floats(TOKENS, HIDDEN);
        Tensor y = floats(TOKENS, HIDDEN);
        Tensor mean = floats(TOKENS);
        Tensor rstd = floats(TOKENS);
        for (DType type : NARROW) {
            Tensor w = of(type, HIDDEN);
            cuda.rmsNorm(queue, x, w, 1e-5, y, rstd);
            cuda.rmsNormBackward(queue, x, w, rstd, x, into(y), null);
            cuda.layerNorm(queue, x, w, w, 1e-5, y, mean, rstd);
            cuda.layerNormBackward(queue, x, w, mean, rstd, x, into(y), null, null);
        }
        // A block adds up all rows of its columns.
        Tensor wide = floats(ROWS, VOCABULARY);
        Tensor w = floats(VOCABULARY);
        cuda.rmsNormBackward(queue, wide, w, floats(ROWS), wide, null, into(floats(VOCABULARY)));
        cuda.layerNormBackward(
                queue,
                wide,
                w,
                floats(ROWS),
                floats(ROWS),
                wide,
                null,
                into(floats(VOCABULARY)),
                into(floats(VOCABULARY)));
    }

    private void elementwise() {
        Tensor a = floats(TOKENS, HIDDEN);
        Tensor b = floats(TOKENS, HIDDEN);
        Tensor c = floats(TOKENS, HIDDEN);
        cuda.add(queue, a, b, 1, c);
        cuda.accumulate(queue, a, 1, into(c));
        cuda.multiply(queue, a, b, into(c));
        cuda.swiGlu(queue, a, b, c);
        cuda.swiGluBackward(queue, a, b, c, into(floats(TOKENS, HIDDEN)), into(floats(TOKENS, HIDDEN)));
        cuda.dropout(queue, a, new DropoutMask(0.1, 1, 1, 1), into(c));
        for (ActivationFunction function : ActivationFunction.values()) {
            cuda.activation(queue, function, a, c);
            cuda.activationBackward(queue, function, a, b, into(c));
        }
        cuda.copyColumns(queue, a, HIDDEN / 2, into(c), 0, HIDDEN / 2);
        Tensor wide = floats(ROWS, VOCABULARY);
        cuda.linearBackwardBias(queue, wide, into(floats(VOCABULARY)));
        for (DType type : PLAIN) {
            cuda.linear(queue, a, of(DType.F32, HIDDEN, HIDDEN), of(type, HIDDEN), c);
            cuda.columnDots(queue, wide, of(type, VOCABULARY), wide, into(of(DType.F64, VOCABULARY)));
        }
    }

    private void losses() {
        Tensor logits = floats(ROWS, VOCABULARY);
        Tensor other = floats(ROWS, VOCABULARY);
        Tensor targets = of(DType.I32, ROWS);
        Tensor loss = floats(ROWS);
        Tensor logSum = floats(ROWS);
        Tensor teacherSum = floats(ROWS);
        cuda.crossEntropy(queue, logits, targets, loss, logSum);
        cuda.crossEntropyBackward(queue, logits, targets, logSum, 1, other);
        Taught taught = new Taught(logits, other, targets, 0.5, logSum, teacherSum);
        cuda.distillation(queue, taught, loss);
        cuda.distillationBackward(queue, taught, 1, floats(ROWS, VOCABULARY));
        cuda.argMax(queue, logits, targets);
        cuda.sample(queue, logits, of(DType.I32, ROWS), new Sampling(1, 0, 1, 1), targets);
    }

    private void embeddings() {
        long tokens = 1 << 18;
        Tensor ids = of(DType.I32, tokens);
        HostCopy.writeInts(
                cuda,
                queue,
                IntStream.range(0, (int) tokens)
                        .map(i -> (int) (i % VOCABULARY))
                        .toArray(),
                ids);
        Tensor out = floats(tokens, MLP);
        for (DType type : PLAIN) {
            cuda.embedding(queue, ids, of(type, VOCABULARY, MLP), out);
        }
        for (DType type : BLOCKS) {
            cuda.embedding(queue, ids, of(type, VOCABULARY, MLP), out);
        }
        cuda.embeddingBackward(queue, ids, out, floats(VOCABULARY, MLP));
        for (DType type : List.of(DType.F32, DType.BF16, DType.I8)) {
            // Rows of whole vectors, and of a number.
            for (long[] row : new long[][] {{8, 1028}, {1, 1}}) {
                Tensor cache = of(type, CACHED, row[0], row[1]);
                Tensor some = of(type, 2, row[0], row[1]);
                Tensor rows = of(DType.I32, 2);
                HostCopy.writeInts(cuda, queue, new int[] {0, CACHED - 1}, rows);
                cuda.scatterRows(queue, some, rows, cache);
                cuda.gatherRows(queue, cache, rows, some);
            }
        }
    }

    private void products() {
        for (DType type : PLAIN) {
            cuda.linear(queue, floats(4, MLP), of(type, VOCABULARY, MLP), null, floats(4, VOCABULARY));
        }
        for (DType type : BLOCKS) {
            cuda.linear(queue, floats(4, MLP), of(type, VOCABULARY, MLP), null, floats(4, VOCABULARY));
        }
        long tokens = 1 << 20;
        cuda.linear(queue, floats(tokens, HIDDEN), of(DType.BF16, MLP, HIDDEN), null, floats(tokens, MLP));
        cuda.correlate(queue, floats(tokens, MLP), floats(tokens, MLP), floats(tokens), into(of(DType.F64, MLP, MLP)));
        cuda.squaredGradients(
                queue,
                Sequences.packed(1000, 1000),
                new double[] {1, 1},
                floats(2000, VOCABULARY),
                floats(2000, MLP),
                into(floats(MLP, VOCABULARY)),
                into(floats(MLP, VOCABULARY)));
    }

    private void halfGradients() {
        cuda.linearBackwardInput(queue, floats(TOKENS, HIDDEN), of(DType.F16, HIDDEN, 256), into(floats(TOKENS, 256)));
    }

    private void attention() {
        Sequences sequences = Sequences.packed(
                IntStream.generate(() -> LENGTH).limit(SEQUENCES).toArray());
        long tokens = sequences.queries();
        for (AttentionForm form : List.of(AttentionForm.plain(0.1), new AttentionForm(0.1, 30, 64))) {
            Tensor query = floats(tokens, 64, 128);
            Tensor key = floats(tokens, 64, 128);
            Tensor value = floats(tokens, 64, 128);
            Tensor out = floats(tokens, 64, 128);
            Tensor logSum = floats(tokens, 64);
            AttentionInput in = new AttentionInput(sequences, form, query, key, value, null);
            cuda.attention(queue, in, out, logSum);
            cuda.attentionBackward(
                    queue,
                    in,
                    out,
                    logSum,
                    out,
                    Target.overwrite(floats(tokens, 64, 128)),
                    Target.overwrite(floats(tokens, 64, 128)),
                    Target.overwrite(floats(tokens, 64, 128)));
            int keys = 1 << 20;
            AttentionInput decoding = new AttentionInput(
                    Sequences.cached(keys - 4, 4),
                    form,
                    floats(4, 64, 128),
                    floats(keys, 64, 128),
                    floats(keys, 64, 128),
                    null);
            cuda.attention(queue, decoding, floats(4, 64, 128), floats(4, 64));
        }
        for (boolean interleaved : new boolean[] {false, true}) {
            cuda.rotary(
                    queue,
                    floats(TOKENS, 64, 128),
                    of(DType.I32, TOKENS),
                    floats(TOKENS, 2, 64),
                    interleaved,
                    false,
                    into(floats(TOKENS, 64, 128)));
        }
    }

    private void conversions() {
        long wide = MLP + 4608;
        for (DType type :
                List.of(DType.I64, DType.I32, DType.I16, DType.I8, DType.U8, DType.F64, DType.BF16, DType.F16)) {
            cuda.convert(queue, of(type, VOCABULARY, wide), floats(VOCABULARY, wide));
        }
        cuda.convert(queue, floats(VOCABULARY, wide), of(DType.BF16, VOCABULARY, wide));
        for (DType type : BLOCKS) {
            cuda.convert(queue, of(type, VOCABULARY, wide), floats(VOCABULARY, wide));
        }
        cuda.fill(queue, of(DType.F64, VOCABULARY, wide), 1);
    }

    private void scores() {
        for (DType type : PLAIN) {
            saliency(Saliency.PARAM_MIX, of(type, VOCABULARY, MLP));
        }
        for (DType type : BLOCKS) {
            saliency(Saliency.L2, of(type, VOCABULARY, MLP));
        }
    }

    private void saliency(Saliency saliency, Tensor w) {
        cuda.saliency(
                queue,
                saliency,
                w,
                saliency.needsGradient() ? floats(VOCABULARY, MLP) : null,
                saliency.needsFisher() ? floats(VOCABULARY, MLP) : null,
                of(DType.F64, VOCABULARY),
                of(DType.F64, MLP));
    }

    private void compaction() {
        for (DType type : List.of(DType.I8, DType.BF16, DType.F32, DType.F64)) {
            Tensor rows = of(DType.I32, VOCABULARY);
            Tensor columns = of(DType.I32, MLP);
            cuda.gather(queue, of(type, VOCABULARY, MLP), rows, columns, of(type, VOCABULARY, MLP));
        }
    }

    private void experts() {
        int tokens = CACHED / 2;
        Tensor logits = floats(tokens, 8);
        Tensor chosen = of(DType.I32, tokens, 2);
        Tensor factors = floats(tokens, 2);
        cuda.route(queue, logits, true, chosen, factors);
        cuda.routeBackward(queue, logits, true, chosen, factors, factors, into(floats(tokens, 8)));
        Tensor rows = of(DType.I32, CACHED);
        HostCopy.writeInts(cuda, queue, IntStream.range(0, CACHED).toArray(), rows);
        Tensor source = floats(tokens, HIDDEN);
        Tensor spread = floats(CACHED, HIDDEN);
        cuda.spreadRows(queue, source, rows, factors, into(spread));
        cuda.joinRows(queue, spread, rows, factors, into(source));
        cuda.rowDots(queue, source, spread, rows, into(floats(tokens, 2)));
    }

    private void optimizer() {
        Tensor w = floats(VOCABULARY, MLP);
        Tensor sum = of(DType.F64, 1);
        Tensor clip = floats(1);
        cuda.sumOfSquares(queue, w, into(sum));
        cuda.clipFactor(queue, sum, 1, clip);
        Tensor[] three =
                Arrays.stream(new int[3]).mapToObj(_ -> floats(VOCABULARY, MLP)).toArray(Tensor[]::new);
        cuda.adamW(queue, new AdamW(1e-3, 0.9, 0.999, 1e-8, 0.01), 1, w, three[0], three[1], three[2], clip);
    }
}
