package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.HostBuffer;
import org.espalier.backend.Precision;
import org.espalier.ffi.OneDnn;
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
    private final LinearProducts products;
    private final BlockProducts blocks;

    /** @param threads how many threads compute, the calling one among them */
    CpuSession(int threads, Precision precision) {
        pool = new WorkerPool(threads);
        scratch = new Scratch(threads);
        matVec = new MatVec(pool, scratch);
        decode = new AttentionDecode(pool, scratch);
        products = products(precision);
        blocks = precision == Precision.HALF ? new RoundedBlocks(rounded()) : BlockProducts.EXACT;
    }

    private LinearProducts products(Precision precision) {
        return switch (precision) {
            case FLOAT32, TF32 -> new TiledGemm(pool, scratch);
            case HALF -> new RoundedGemm(pool, scratch, rounded(), 1);
            // Three products of float32 would be slower than one, and no more exact.
            case SPLIT -> OneDnn.usable() ? new RoundedGemm(pool, scratch, rounded(), 2) : new TiledGemm(pool, scratch);
        };
    }

    private static RoundedNumbers rounded() {
        return OneDnn.usable() ? RoundedNumbers.BFLOAT16 : RoundedNumbers.FLOAT32;
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

    /** The products of linear layers, as exact as asked for. */
    LinearProducts products() {
        return products;
    }

    /** Products inside a task, as exact as asked for; in two parts they are float32. */
    BlockProducts blocks() {
        return blocks;
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
        products.close();
        widened.close();
        widenedBias.close();
        scratch.close();
    }
}
