package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.HostBuffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** What a backend's operations share: threads, working memory, and what keeps memory from one call to the next. */
final class CpuSession implements AutoCloseable {

    private final WorkerPool pool;
    private final Scratch scratch;
    /** A norm's weight or a bias, widened. */
    private final Scratch widened = new Scratch(1);
    /** A bias beside a norm's weight, widened. */
    private final Scratch widenedBias = new Scratch(1);

    private final MatVec matVec;
    private final AttentionDecode decode;

    /** @param threads how many threads compute, the calling one among them */
    CpuSession(int threads) {
        pool = new WorkerPool(threads);
        scratch = new Scratch(threads);
        matVec = new MatVec(pool, scratch);
        decode = new AttentionDecode(pool, scratch);
    }

    WorkerPool pool() {
        return pool;
    }

    Scratch scratch() {
        return scratch;
    }

    MatVec matVec() {
        return matVec;
    }

    AttentionDecode decode() {
        return decode;
    }

    /** A short vector of any plain floating type as float32; good until the next call. */
    MemorySegment floats(Tensor vector) {
        return floats(vector, widened);
    }

    /** As {@link #floats}, of a bias that is needed beside the weight; null for none. */
    MemorySegment biasFloats(Tensor bias) {
        return bias == null ? null : floats(bias, widenedBias);
    }

    private static MemorySegment floats(Tensor vector, Scratch room) {
        if (vector.type() == DType.F32 && !HostBuffer.isView(vector)) {
            return Segments.of(vector);
        }
        int count = Math.toIntExact(vector.shape().elements());
        room.require(4L * count);
        Widen.decode(vector.type(), Segments.of(vector), 0, room.of(0), 0, count);
        return room.of(0);
    }

    @Override
    public void close() {
        pool.close();
        decode.close();
        widened.close();
        widenedBias.close();
        scratch.close();
    }
}
