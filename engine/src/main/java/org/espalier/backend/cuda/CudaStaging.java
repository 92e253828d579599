package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.cuda.CudaLibrary;

/**
 * Copies from the host by way of two pieces of pinned memory: while the device fetches one, the host fills the other, for
 * example from a mapped file. The source may change as soon as a copy returns.
 */
final class CudaStaging implements AutoCloseable {

    private static final long PIECE_BYTES = 8L << 20;
    /** The driver copies as much by itself before its call returns. */
    private static final long SMALL = 64L << 10;

    private final CudaContext context;
    private final Piece[] pieces = new Piece[2];
    private int next;

    CudaStaging(CudaContext context) {
        this.context = context;
    }

    /** One piece of pinned memory, which is free again once {@code fetched} is reached. */
    private record Piece(MemorySegment memory, CudaEvent fetched) {
    }

    /** Copies {@code source} to the device's {@code address} in the order of the queue's work. */
    synchronized void upload(CudaQueue queue, MemorySegment source, long address, String operation, Object... shapes) {
        if (source.byteSize() <= SMALL) {
            copy(queue, source, address, operation, shapes);
            return;
        }
        for (long at = 0; at < source.byteSize(); at += PIECE_BYTES) {
            long count = Math.min(PIECE_BYTES, source.byteSize() - at);
            Piece piece = nextPiece();
            piece.fetched.await();
            MemorySegment staged = piece.memory.asSlice(0, count);
            staged.copyFrom(source.asSlice(at, count));
            copy(queue, staged, address + at, operation, shapes);
            piece.fetched.record(queue);
        }
    }

    private void copy(CudaQueue queue, MemorySegment bytes, long address, String operation, Object... shapes) {
        context.check(CudaLibrary.cuMemcpyHtoDAsync_v2(address, bytes, bytes.byteSize(), queue.enter()), operation, shapes);
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
            CudaStatus.check(CudaLibrary.cuMemHostAlloc(address, PIECE_BYTES, 0), "pinning", PIECE_BYTES,
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
    }
}
