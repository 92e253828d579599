package org.espalier.bench;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.espalier.backend.Precision;
import org.espalier.backend.Queue;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** What this processor can do at most: the arithmetic of a large product, and reading memory. */
final class Peaks {

    private static final int ROWS = 1024;
    private static final int DEPTH = 2048;
    private static final int COLUMNS = 5632;
    /** Far more than any cache. */
    private static final long READ_BYTES = 1L << 30;

    private Peaks() {}

    /** Floating-point operations a second of one product, {@code [1024, 2048]} by {@code [2048, 5632]}. */
    static double product(int threads, Precision precision, DType weight) {
        try (CpuBackend cpu = new CpuBackend(threads, precision);
                Queue queue = cpu.newQueue();
                Buffer x = cpu.allocate(4L * ROWS * DEPTH, "x");
                Buffer w = cpu.allocate(weight.bytes((long) COLUMNS * DEPTH), "w");
                Buffer y = cpu.allocate(4L * ROWS * COLUMNS, "y")) {
            Tensor activations = new Tensor(x, 0, DType.F32, Shape.of(ROWS, DEPTH));
            Tensor weights = new Tensor(w, 0, weight, Shape.of(COLUMNS, DEPTH));
            Tensor result = new Tensor(y, 0, DType.F32, Shape.of(ROWS, COLUMNS));
            cpu.fill(queue, activations, 1);
            cpu.fill(queue, weights, 1);
            long start = System.nanoTime();
            cpu.linear(queue, activations, weights, null, result);
            return 2e9 * ROWS * DEPTH * COLUMNS / (System.nanoTime() - start);
        }
    }

    /** Bytes a second that all threads read together. */
    static double read(int threads) {
        // Looked at in the end, so that the compiler leaves nothing out.
        AtomicLong seen = new AtomicLong();
        try (NativeMemory memory = NativeMemory.allocate(READ_BYTES, "memory that is read")) {
            memory.segment().fill((byte) 1);
            long part = READ_BYTES / threads / Long.BYTES * Long.BYTES;
            List<Thread> readers = IntStream.range(0, threads)
                    .mapToObj(i -> memory.segment().asSlice(part * i, part))
                    .map(own -> Thread.ofPlatform().unstarted(() -> seen.addAndGet(sum(own))))
                    .toList();
            long start = System.nanoTime();
            readers.forEach(Thread::start);
            for (Thread reader : readers) {
                reader.join();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            if (seen.get() == 0) {
                throw new IllegalStateException("nothing was read");
            }
            return part * threads / seconds;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while memory was read", e);
        }
    }

    private static long sum(MemorySegment memory) {
        long sum = 0;
        for (long at = 0; at < memory.byteSize(); at += Long.BYTES) {
            sum += memory.get(ValueLayout.JAVA_LONG, at);
        }
        return sum;
    }
}
