package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.espalier.backend.AttentionInput;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.ffi.cuda.CudaLibrary;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Device memory: who waits for whom, what is counted, and what is said when there is none left. */
@ExtendWith(StandIn.class)
class CudaMemoryTest {

    private static final int MIB = 1 << 20;
    /** What cuBLAS gets at first. */
    private static final long WORKSPACE = 8L * MIB;

    private static final Shape ONE = Shape.of(1);
    /** More than both pieces of staging memory. */
    private static final int UPLOAD = 17 * MIB;

    /** However the driver orders the work of two queues, a buffer's uses happen in the order in which they were asked for. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bufferPassesFromQueueToQueueInOrder(boolean othersFirst) {
        StandIn.requireItself();
        StandIn.setOthersFirst(othersFirst);
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue first = cuda.newQueue();
                Queue second = cuda.newQueue();
                Buffer buffer = cuda.allocate(4, "a number")) {
            Tensor number = Tensor.of(buffer, DType.F32, ONE);
            cuda.fill(first, number, 1);
            cuda.fill(second, number, 2);
            cuda.fill(first, number, 3);
            assertArrayEquals(new float[] {3}, HostCopy.readFloats(cuda, second, number));
        }
    }

    /** The same without the wait between the queues, which goes wrong. */
    @Test
    void plantedMissingWaitBetweenQueuesIsFound() {
        StandIn.requireItself();
        CudaBackend cuda = CudaBackend.open(0);
        CudaQueue first = (CudaQueue) cuda.newQueue();
        CudaQueue second = (CudaQueue) cuda.newQueue();
        CudaBuffer buffer = (CudaBuffer) cuda.allocate(4, "a number");
        long address = buffer.address(first);
        cuda.fill(first, Tensor.of(buffer, DType.F32, ONE), 1);
        try (NativeMemory host = NativeMemory.allocate(4, "a number")) {
            Failure found = assertThrows(
                    Failure.class,
                    () -> second.context()
                            .check(
                                    CudaLibrary.cuMemcpyDtoHAsync_v2(host.segment(), address, 4, second.enter()),
                                    "download"));
            assertTrue(
                    found.problem().contains("uses, before its stream has come to allocating it, device allocation"),
                    found.problem());
        }
        StandIn.reset();
    }

    /** Work on memory that was given back, with the address kept: the free may happen first. */
    @Test
    void plantedEarlyFreeIsFound() {
        StandIn.requireItself();
        StandIn.setOthersFirst(true);
        CudaBackend cuda = CudaBackend.open(0);
        CudaQueue queue = (CudaQueue) cuda.newQueue();
        CudaBuffer buffer = (CudaBuffer) cuda.allocate(4, "freed too early");
        long address = buffer.address(queue);
        buffer.close();
        queue.context().check(CudaLibrary.cuMemsetD32Async(address, 0, 1, queue.enter()), "fill");
        Failure found = assertThrows(Failure.class, queue::finish);
        assertTrue(found.problem().contains("writes 4 bytes at"), found.problem());
        assertTrue(found.problem().contains("freed before: device allocation"), found.problem());
        StandIn.reset();
    }

    /** The real order: a buffer is closed while work on it is queued, on two queues, and nothing waits. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void memoryIsGivenBackAfterTheWorkOnIt(boolean othersFirst) {
        StandIn.requireItself();
        StandIn.setOthersFirst(othersFirst);
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue first = cuda.newQueue();
                Queue second = cuda.newQueue();
                Buffer kept = cuda.allocate(4, "kept")) {
            Tensor result = Tensor.of(kept, DType.F32, ONE);
            try (Buffer passing = cuda.allocate(4, "passing")) {
                Tensor number = Tensor.of(passing, DType.F32, ONE);
                cuda.fill(first, number, 5);
                cuda.convert(second, number, result);
            }
            assertArrayEquals(new float[] {5}, HostCopy.readFloats(cuda, first, result));
        }
    }

    @Test
    void bufferIsRefusedOnceItIsClosed() {
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue()) {
            Buffer buffer = cuda.allocate(4, "gone");
            buffer.close();
            buffer.close();
            IllegalStateException refused = assertThrows(
                    IllegalStateException.class, () -> cuda.fill(queue, Tensor.of(buffer, DType.F32, ONE), 1));
            assertEquals("used after it was freed: gone", refused.getMessage());
        }
    }

    @Test
    void fullDeviceSaysWhatIsInUseAndWhatWouldHelp() {
        StandIn.requireItself();
        StandIn.setMemory(WORKSPACE + 10L * MIB);
        try (CudaBackend cuda = CudaBackend.open(0);
                Buffer weights = cuda.allocate(DType.F32, Shape.of(1536, 1024), "a weight")
                        .buffer();
                Buffer small = cuda.allocate(100, "an input")) {
            Failure full =
                    assertThrows(Failure.class, () -> cuda.allocate(DType.F32, Shape.of(1280, 1024), "the logits"));
            assertEquals("the GPU has no 5 MiB left for the logits F32 [1280, 1024]", full.problem());
            assertEquals(
                    "15 MiB in use by 3 buffers, the largest 8 MiB for the workspace of cuBLAS, "
                            + "6 MiB for a weight F32 [1536, 1024], 100 bytes for an input; 3 MiB of 18 MiB are free",
                    full.place());
            assertTrue(full.advice().contains("--micro-batch-size"), full.advice());
            assertEquals(WORKSPACE + weights.bytes() + small.bytes(), cuda.peakBytes());
            cuda.allocate(3 * MIB, "what still fits").close();
        }
    }

    /** An operation that needs room for a while says which it is, and for what shape. */
    @Test
    void fullDeviceSaysWhichOperationHasNoRoom() {
        StandIn.requireItself();
        Shape shape = Shape.of(300, 700);
        StandIn.setMemory(WORKSPACE + 2 * DType.F32.bytes(shape.elements()) + MIB / 4);
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Buffer weight = cuda.allocate(DType.F32.bytes(shape.elements()), "a weight");
                Buffer squares = cuda.allocate(DType.F32.bytes(shape.elements()), "squares");
                Buffer activations = cuda.allocate(4 * (300 + 700), "activations")) {
            Tensor w = Tensor.of(weight, DType.F32, shape);
            Tensor x = new Tensor(activations, 0, DType.F32, Shape.of(1, 700));
            Tensor dY = new Tensor(activations, x.bytes(), DType.F32, Shape.of(1, 300));
            Failure full = assertThrows(
                    Failure.class,
                    () -> cuda.squaredGradients(
                            queue,
                            Sequences.packed(1),
                            new double[] {1},
                            x,
                            dY,
                            null,
                            Target.overwrite(Tensor.of(squares, DType.F32, shape))));
            assertEquals("the GPU has no 840000 bytes left for one sequence's gradient [300, 700]", full.problem());
            assertEquals(w.bytes(), 840_000);
        }
    }

    /** What attention keeps for a queue has a size as well. */
    @Test
    void fullDeviceSaysHowMuchAttentionNeeds() {
        StandIn.requireItself();
        int keys = 600;
        StandIn.setMemory(WORKSPACE + MIB);
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Buffer activations = cuda.allocate(MIB, "activations")) {
            Tensor key = new Tensor(activations, 0, DType.F32, Shape.of(keys, 1, 4));
            Tensor query = key.slice(0, 1);
            Tensor logSum = new Tensor(activations, key.bytes(), DType.F32, Shape.of(1, 1));
            Failure full = assertThrows(
                    Failure.class,
                    () -> cuda.attention(
                            queue,
                            new AttentionInput(Sequences.cached(keys - 1, 1), 1, query, key, key),
                            query,
                            logSum));
            // Three blocks of keys leave four numbers and the logarithm of their weight each.
            assertEquals("the GPU has no 60 bytes left for shares of attention F32 [15]", full.problem());
        }
    }

    /** What was closed is there again, though nobody has waited for it. */
    @Test
    void freedMemoryIsWaitedForBeforeTheDeviceCountsAsFull() {
        StandIn.requireItself();
        StandIn.setMemory(WORKSPACE + 10L * MIB);
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue()) {
            for (int i = 0; i < 5; i++) {
                try (Buffer most = cuda.allocate(6 * MIB, "most of it")) {
                    cuda.fill(queue, Tensor.of(most, DType.I8, Shape.of(6 * MIB)), i);
                }
            }
            assertEquals(WORKSPACE + 6 * MIB, cuda.peakBytes());
        }
    }

    /** Larger than both pieces of staging memory, of no round size; the source changes as soon as the upload returns. */
    @Test
    void uploadsByWayOfPinnedMemoryArrive() {
        int count = 9 * MIB / 2 + 3;
        int[] numbers = new Random(1).ints(count).toArray();
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                NativeMemory host = NativeMemory.allocate(4L * count, "the source");
                Buffer buffer = cuda.allocate(4L * count, "the target")) {
            MemorySegment.copy(numbers, 0, host.segment(), ValueLayout.JAVA_INT, 0, count);
            Tensor target = Tensor.of(buffer, DType.I32, Shape.of(count));
            cuda.upload(queue, host.segment(), target);
            host.segment().fill((byte) 0);
            assertArrayEquals(numbers, HostCopy.readInts(cuda, queue, target));
        }
    }

    /** Though pinned memory is used again and again, which its copies are waited for before, the kernel is not. */
    @Test
    void uploadsDoNotWaitForTheWorkOfTheirQueue() {
        StandIn.requireItself();
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                NativeMemory host = NativeMemory.allocate(UPLOAD, "the source");
                Buffer other = cuda.allocate(4, "a number");
                Buffer buffer = cuda.allocate(UPLOAD, "the target")) {
            Tensor number = Tensor.of(other, DType.F32, ONE);
            cuda.fill(queue, number, 1);
            cuda.add(queue, number, number, 1, number);
            cuda.upload(queue, host.segment().fill((byte) 7), Tensor.of(buffer, DType.I8, Shape.of(UPLOAD)));
            assertEquals(0, StandIn.launches());
            queue.finish();
            assertEquals(1, StandIn.launches());
        }
    }

    /** What was asked of the target before the upload sees it as it was, what is asked after as it is. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void uploadsAreInOrderWithTheWorkOnTheirTarget(boolean othersFirst) {
        StandIn.requireItself();
        StandIn.setOthersFirst(othersFirst);
        Shape shape = Shape.of(UPLOAD / 4);
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                NativeMemory host = NativeMemory.allocate(UPLOAD, "the source");
                Buffer buffer = cuda.allocate(UPLOAD, "the target");
                Buffer copies = cuda.allocate(8, "copies")) {
            Tensor target = Tensor.of(buffer, DType.F32, shape);
            Tensor copied = Tensor.of(copies, DType.F32, Shape.of(2));
            cuda.fill(queue, target, 5);
            cuda.convert(queue, target.slice(0, 1), copied.slice(0, 1));
            cuda.upload(queue, host.segment().fill((byte) 0), target);
            cuda.convert(queue, target.slice(UPLOAD / 4 - 1, UPLOAD / 4), copied.slice(1, 2));
            assertArrayEquals(new float[] {5, 0}, HostCopy.readFloats(cuda, queue, copied));
        }
    }

    /** The second upload waits for a kernel, and what uses the first one does not. */
    @Test
    void anUploadIsWaitedForWithoutThoseThatFollowIt() {
        StandIn.requireItself();
        int bytes = 128 << 10;
        Shape shape = Shape.of(bytes / 4);
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Queue busy = cuda.newQueue();
                NativeMemory host = NativeMemory.allocate(bytes, "the source");
                Buffer first = cuda.allocate(bytes, "the first target");
                Buffer second = cuda.allocate(bytes, "another")) {
            Tensor next = Tensor.of(second, DType.F32, shape);
            cuda.fill(busy, next, 1);
            cuda.add(busy, next, next, 1, next);
            cuda.upload(queue, host.segment().fill((byte) 0), Tensor.of(first, DType.F32, shape));
            cuda.upload(queue, host.segment(), next);
            assertArrayEquals(
                    new float[bytes / 4], HostCopy.readFloats(cuda, queue, Tensor.of(first, DType.F32, shape)));
            assertEquals(0, StandIn.launches());
            assertArrayEquals(new float[bytes / 4], HostCopy.readFloats(cuda, queue, next));
            assertEquals(1, StandIn.launches());
        }
    }

    /** An upload whose target is read at an address that was asked for before, so that nothing waits for the copy. */
    @Test
    void plantedMissingWaitForAnUploadIsFound() {
        StandIn.requireItself();
        CudaBackend cuda = CudaBackend.open(0);
        CudaQueue queue = (CudaQueue) cuda.newQueue();
        CudaBuffer buffer = (CudaBuffer) cuda.allocate(UPLOAD, "the target");
        long address = buffer.address(queue);
        try (NativeMemory host = NativeMemory.allocate(UPLOAD, "the source");
                NativeMemory read = NativeMemory.allocate(4, "a number")) {
            cuda.upload(queue, host.segment().fill((byte) 7), Tensor.of(buffer, DType.I8, Shape.of(UPLOAD)));
            Failure found = assertThrows(
                    Failure.class,
                    () -> queue.context()
                            .check(
                                    CudaLibrary.cuMemcpyDtoHAsync_v2(
                                            read.segment(), address + UPLOAD - 4, 4, queue.enter()),
                                    "download"));
            assertTrue(found.problem().contains("never written"), found.problem());
        }
        StandIn.reset();
    }
}
