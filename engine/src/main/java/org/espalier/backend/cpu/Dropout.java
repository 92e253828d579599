package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.espalier.backend.DropoutMask;
import org.espalier.backend.Philox;

/** Leaves numbers out at random; how, says {@link DropoutMask}. Four of the generator's counters run abreast. */
final class Dropout {

    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_256;
    private static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_128;
    private static final int LANES = 4;
    /** Numbers whose draws are made at once. */
    private static final int CHUNK = 1024;

    private static final long LOW = 0xFFFFFFFFL;

    private final WorkerPool pool;

    Dropout(WorkerPool pool) {
        this.pool = pool;
    }

    /** {@code y = beta y + x scale} where the mask keeps, {@code beta y} elsewhere. */
    void run(DropoutMask mask, MemorySegment x, MemorySegment y, float beta, long count) {
        pool.ranges(count, Elementwise.GRAIN, (start, end) -> {
            short[] draws = new short[CHUNK];
            for (long at = start; at < end; at += CHUNK) {
                int numbers = (int) Math.min(CHUNK, end - at);
                draw(mask, at / DropoutMask.SHARED, draws);
                apply(mask, draws, x, y, beta, 4 * at, numbers);
            }
        });
    }

    private static void apply(
            DropoutMask mask, short[] draws, MemorySegment x, MemorySegment y, float beta, long base, int count) {
        short threshold = (short) mask.threshold();
        FloatVector scale = FloatVector.broadcast(Lanes.FLOATS, (float) mask.scale());
        for (int i = 0; i < count; i += Lanes.WIDTH) {
            long at = base + 4L * i;
            VectorMask<Float> kept = ShortVector.fromArray(SHORTS, draws, i)
                    .compare(VectorOperators.UGE, threshold)
                    .cast(Lanes.FLOATS);
            if (i + Lanes.WIDTH <= count) {
                FloatVector value = Lanes.load(x, at).mul(scale);
                FloatVector out = beta == 0 ? FloatVector.zero(Lanes.FLOATS) : Lanes.load(y, at);
                Lanes.store(beta == 0 ? out.blend(value, kept) : out.add(value, kept), y, at);
            } else {
                VectorMask<Float> inside = Lanes.FLOATS.indexInRange(i, count);
                FloatVector value = Lanes.load(x, at, inside).mul(scale);
                FloatVector out = beta == 0 ? FloatVector.zero(Lanes.FLOATS) : Lanes.load(y, at, inside);
                Lanes.store(beta == 0 ? out.blend(value, kept) : out.add(value, kept), y, at, inside);
            }
        }
    }

    /** The draws of {@code CHUNK} numbers from counter {@code block} on. */
    private static void draw(DropoutMask mask, long block, short[] draws) {
        LongVector step = LongVector.broadcast(LONGS, block).addIndex(1);
        for (int i = 0; i < CHUNK; i += LANES * DropoutMask.SHARED) {
            LongVector c0 = step.add(i / DropoutMask.SHARED).and(LOW);
            LongVector c1 = LongVector.broadcast(LONGS, mask.operation() & LOW);
            LongVector c2 = LongVector.broadcast(LONGS, mask.run() & LOW);
            LongVector c3 = LongVector.broadcast(LONGS, mask.run() >>> 32);
            int k0 = (int) mask.seed();
            int k1 = (int) (mask.seed() >>> 32);
            for (int round = 0; round < Philox.ROUNDS; round++) {
                LongVector a = c0.and(LOW).mul(LongVector.broadcast(LONGS, Philox.MULTIPLY_A));
                LongVector b = c2.and(LOW).mul(LongVector.broadcast(LONGS, Philox.MULTIPLY_B));
                c0 = mix(b, c1, k0);
                c2 = mix(a, c3, k1);
                c1 = b.and(LOW);
                c3 = a.and(LOW);
                k0 += Philox.WEYL_A;
                k1 += Philox.WEYL_B;
            }
            store(c0.or(c1.lanewise(VectorOperators.LSHL, 32)), draws, i);
            store(c2.or(c3.lanewise(VectorOperators.LSHL, 32)), draws, i + 4);
        }
    }

    private static LongVector mix(LongVector product, LongVector word, int key) {
        return product.lanewise(VectorOperators.LSHR, 32)
                .lanewise(VectorOperators.XOR, word)
                .lanewise(VectorOperators.XOR, key & LOW);
    }

    /** Four draws of each counter, eight draws apart. */
    private static void store(LongVector bits, short[] draws, int at) {
        for (int lane = 0; lane < LANES; lane++) {
            long four = bits.lane(lane);
            int targetAt = at + lane * DropoutMask.SHARED;
            draws[targetAt] = (short) four;
            draws[targetAt + 1] = (short) (four >>> 16);
            draws[targetAt + 2] = (short) (four >>> 32);
            draws[targetAt + 3] = (short) (four >>> 48);
        }
    }
}
