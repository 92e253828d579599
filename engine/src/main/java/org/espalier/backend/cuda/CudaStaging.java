package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.NativeMemory;
import org.espalier.ffi.cuda.CudaLibrary;
import org.espalier.tensor.Tensor;

/**
 * Copies from the host by way of two pieces of pinned memory: while the device fetches one, the host fills the other, for
 * example from a mapped file. The source may change as soon as a copy returns.
 * <p>
 * The device fetches on a stream of its own, beside the work of other queues: a copy waits for the work on its target that
 * was queued before, later work on the target waits for the copy and not for those that follow it, and nothing else waits
 * for anything.
 */
final class CudaStaging implements AutoCloseable {

    private static final long PIECE_BYTES = 8L << 20;
    /** The driver copies as much by itself before its call returns: not worth a wait between streams. */
    private static final long SMALL = 64L << 10;

    private final CudaContext context;
    private final Piece[] pieces = new Piece[2];
    private CudaQueue copies;
    private int next;

    CudaStaging(CudaContext context) {
        this.context = context;
    }

    /** One piece of pinned memory, which is free again once {@code fetched} is reached. */
    private record Piece(MemorySegment memory, CudaEvent fetched) {}

    /** Copies {@code source} to {@code target} in the order of the queue's work on it. */
    void upload(CudaQueue queue, MemorySegment source, Tensor target) {
        if (source.byteSize() <= SMALL) {
            copy(queue, source, CudaBuffer.address(target, queue), target);
            return;
        }
        long address = CudaBuffer.address(target, copies());
        for (long at = 0; at < source.byteSize(); at += PIECE_BYTES) {
            uploadPiece(source.asSlice(at, Math.min(PIECE_BYTES, source.byteSize() - at)), address + at, target);
        }
        CudaBuffer.of(target).markDone();
    }

    /**
     * As {@link #upload}, from the bytes of a mapped file. The driver gets none of them: of a file that somebody shortened
     * meanwhile, Java code that reads them gets an error, native code a signal that ends the process.
     */
    void uploadMapped(CudaQueue queue, MemorySegment source, Tensor target) {
        if (source.byteSize() > SMALL) {
            upload(queue, source, target);
            return;
        }
        try (NativeMemory copy = NativeMemory.allocate(source.byteSize(), "a small weight")) {
            upload(queue, copy.segment().copyFrom(source), target);
        }
    }

    private synchronized CudaQueue copies() {
        if (copies == null) {
            copies = CudaQueue.open(context);
        }
        return copies;
    }

    /** Uploads of several threads take turns, piece by piece. */
    private synchronized void uploadPiece(MemorySegment source, long address, Tensor target) {
        Piece piece = nextPiece();
        piece.fetched.await();
        MemorySegment staged = piece.memory.asSlice(0, source.byteSize());
        staged.copyFrom(source);
        copy(copies, staged, address, target);
        piece.fetched.record(copies.enter());
    }

    private void copy(CudaQueue queue, MemorySegment bytes, long address, Tensor target) {
        context.check(
                CudaLibrary.cuMemcpyHtoDAsync_v2(address, bytes, bytes.byteSize(), queue.enter()),
                "upload",
                target.type(),
                target.shape());
    }

    private Piece nextPiece() {
        next = (next + 1) % pieces.length;
        if (pieces[next] == null) {
            pieces[next] = new Piece(pin(), CudaEvent.create(context));
        }
        return pieces[next];
    }

    private MemorySegment pin() {
        context.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ValueLayout.ADDRESS);
            CudaStatus.check(
                    CudaLibrary.cuMemHostAlloc(address, PIECE_BYTES, 0),
                    "pinning",
                    PIECE_BYTES,
                    "bytes of host memory for uploads");
            return address.get(ValueLayout.ADDRESS, 0).reinterpret(PIECE_BYTES);
        }
    }

    @Override
    public synchronized void close() {
        for (Piece piece : pieces) {
            if (piece != null) {
                piece.fetched.settle();
                piece.fetched.close();
                context.checkGivenBack(CudaLibrary.cuMemFreeHost(piece.memory), "cuMemFreeHost");
            }
        }
        if (copies != null) {
            copies.close();
        }
    }
}
