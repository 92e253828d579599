package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.espalier.ffi.cuda.CudaLibrary;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * What attention of few queries has on the device for one queue: which sequences it looks at, and room for the shares that
 * blocks leave. Both stay where they are from one call to the next, so that what was captured finds them.
 */
final class CudaDecoding implements AutoCloseable {

    private final CudaMemory memory;
    private final CudaQueue queue;
    private CudaBuffer sequences;
    private int[] placed = {};
    private CudaBuffer room;

    CudaDecoding(CudaMemory memory, CudaQueue queue) {
        this.memory = memory;
        this.queue = queue;
    }

    /**
     * The kernels' struct of these sequences, for the work that the queue is given next.
     *
     * @throws IllegalStateException in a capture, if they are not those that were placed before
     */
    Tensor place(CudaSequences some) {
        int[] words = some.words();
        Shape shape = Shape.of(words.length);
        if (sequences == null) {
            sequences = allocate(DType.I32, shape, "sequences of attention");
        }
        if (!Arrays.equals(words, placed)) {
            if (queue.capturing()) {
                throw new IllegalStateException("a step that is repeated attends to sequences that it was not told");
            }
            upload(words);
            placed = words;
        }
        return new Tensor(sequences, 0, DType.I32, shape);
    }

    /** The driver copies so little by itself before its call returns. */
    private void upload(int[] words) {
        try (Arena arena = Arena.ofConfined()) {
            int status = CudaLibrary.cuMemcpyHtoDAsync_v2(
                    sequences.address(queue),
                    arena.allocateFrom(ValueLayout.JAVA_INT, words),
                    sequences.bytes(),
                    queue.enter());
            queue.context().check(status, "sequences of attention");
        }
    }

    /** Room for so many numbers; what it held before is lost. */
    Tensor room(long numbers) {
        Shape shape = Shape.of(numbers);
        if (room == null || room.bytes() < DType.F32.bytes(numbers)) {
            if (room != null) {
                room.close();
                room = null;
            }
            room = allocate(DType.F32, shape, "shares of attention");
        }
        return new Tensor(room, 0, DType.F32, shape);
    }

    private CudaBuffer allocate(DType type, Shape shape, String purpose) {
        return memory.allocateOwn(type.bytes(shape.elements()), purpose + " " + type + " " + shape);
    }

    @Override
    public void close() {
        if (sequences != null) {
            sequences.close();
        }
        if (room != null) {
            room.close();
        }
    }
}
