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
final class CudaDecoding implements CudaQueue.Attachment {

    private final CudaAllocator memory;
    private final CudaQueue queue;
    private CudaBuffer sequences;
    private int[] placed = {};
    private CudaBuffer room;
    /** The fewest rows of keys that the attention of a captured step has. */
    private int capturedKeys = Integer.MAX_VALUE;

    private CudaDecoding(CudaAllocator memory, CudaQueue queue) {
        this.memory = memory;
        this.queue = queue;
    }

    /** Of this queue, made when it is first asked for. */
    static CudaDecoding of(CudaQueue queue, CudaAllocator memory) {
        return queue.attached(CudaDecoding.class, () -> new CudaDecoding(memory, queue));
    }

    /**
     * For how many keys attention is launched. A step that will be repeated is launched for all that there may be.
     *
     * @param rows of keys that attention has to look at
     */
    int keys(CudaSequences some, int rows) {
        if (!queue.recording()) {
            return some.mostKeys();
        }
        capturedKeys = Math.min(capturedKeys, rows);
        return rows;
    }

    /** Before a step is captured. */
    void forgetCapturedKeys() {
        capturedKeys = Integer.MAX_VALUE;
    }

    /** The end of the rows of keys that every attention of the captured step has. */
    int capturedKeys() {
        return capturedKeys;
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
