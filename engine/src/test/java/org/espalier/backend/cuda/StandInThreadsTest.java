package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Lanes of a warp and threads of a block that exchange what they know, on the stand-in or a real device. */
@ExtendWith(StandIn.class)
class StandInThreadsTest {

    /** Every lane stores what it got: the lanes' own numbers, moved. */
    @Test
    void shufflesMoveNumbersBetweenLanes() {
        lanes("shfl.sync.bfly.b32 %r4, %r2, 5, 31, 0xffffffff;", lane -> lane ^ 5);
        lanes("shfl.sync.down.b32 %r4, %r2, 3, 31, 0xffffffff;", lane -> lane + 3 < 32 ? lane + 3 : lane);
        lanes("shfl.sync.up.b32 %r4, %r2, 3, 0, 0xffffffff;", lane -> lane >= 3 ? lane - 3 : lane);
        lanes("shfl.sync.idx.b32 %r4, %r2, 7, 31, 0xffffffff;", lane -> 7);
        // Segments of eight lanes.
        lanes("shfl.sync.down.b32 %r4, %r2, 1, 0x181f, 0xffffffff;", lane -> lane % 8 < 7 ? lane + 1 : lane);
        lanes("shfl.sync.idx.b32 %r4|%p1, %r2, 2, 0x181f, 0xffffffff;", lane -> lane / 8 * 8 + 2);
    }

    @Test
    void votesCountLanes() {
        lanes("setp.lt.u32 %p1, %r2, 3; vote.sync.ballot.b32 %r4, %p1, 0xffffffff;", lane -> 7);
        lanes("setp.lt.u32 %p1, %r2, 3; vote.sync.any.pred %p2, %p1, 0xffffffff; selp.b32 %r4, 1, 0, %p2;", lane -> 1);
        lanes("setp.lt.u32 %p1, %r2, 3; vote.sync.all.pred %p2, !%p1, 0xffffffff; selp.b32 %r4, 1, 0, %p2;", lane -> 0);
    }

    @Test
    void lanesThatPartMeetAgain() {
        lanes("""
                mov.u32 %r4, 0;
                and.b32 %r5, %r2, 3;
                $loop:
                add.u32 %r4, %r4, %r2;
                add.s32 %r5, %r5, -1;
                setp.ge.s32 %p1, %r5, 0;
                @%p1 bra $loop;
                activemask.b32 %r6;
                setp.ne.u32 %p2, %r6, 0xffffffff;
                @%p2 trap;
                """, lane -> lane * (lane % 4 + 1));
    }

    /** In any module of the kernel's name; a jump that no lane takes is not carried out. */
    @Test
    void instructionsThatNobodyReachedAreKnown() {
        String body = """
                setp.ge.u32 %p1, %r2, %r1;
                @%p1 bra $outside;
                mov.u32 %r4, 1;
                bra.uni $end;
                $outside:
                mov.u32 %r4, 2;
                $end:
                """;
        PlantedKernel.run(body, 2, 0, 0);
        assertTrue(StandIn.instructions("planted") > 5);
        assertEquals(List.of(PlantedKernel.line(2), PlantedKernel.line(6)), StandIn.unreached("planted"));
        PlantedKernel.run(body, 3, 0, 0);
        assertEquals(List.of(), StandIn.unreached("planted"));
        StandIn.reset();
        assertEquals(0, StandIn.instructions("planted"));
    }

    private static void lanes(String body, LongUnaryOperator expected) {
        String store = "mul.wide.u32 %rd3, %r2, 8; add.s64 %rd4, %rd2, %rd3; cvt.u64.u32 %rd5, %r4; "
                + "st.global.u64 [%rd4], %rd5;";
        long[] out = PlantedKernel.run(body + "\n" + store, 32, new long[32]);
        assertArrayEquals(LongStream.range(0, 32).map(expected).toArray(), out, body);
    }

    /** Every thread adds its number to one sum; the order decides nothing. */
    @Test
    void atomicsAddUp() {
        long[] out = PlantedKernel.run("""
                mov.u32 %r4, shared;
                setp.eq.u32 %p1, %r2, 0;
                @%p1 st.shared.u64 [%r4+8], 7;
                @%p1 st.shared.u32 [%r4], 5;
                bar.sync 0;
                cvt.u64.u32 %rd3, %r2;
                atom.shared.add.u64 %rd4, [%r4+8], %rd3;
                atom.shared.add.u32 %r5, [%r4], 1;
                bar.sync 0;
                @%p1 ld.shared.u64 %rd5, [%r4+8];
                @%p1 ld.shared.u32 %r6, [%r4];
                @%p1 st.global.u64 [%rd2], %rd5;
                @%p1 st.global.u32 [%rd2+8], %r6;
                """, 96, new long[96]);
        assertEquals(7 + 96 * 95 / 2, out[0]);
        assertEquals(5 + 96, out[1]);
    }

    /** The sums of a block through shared memory and barriers, whatever the numbers. */
    @Test
    void barriersOrderABlock() {
        Random random = new Random(3);
        long[] numbers = random.longs(128, -1000, 1000).toArray();
        long[] out = PlantedKernel.run("""
                mul.wide.u32 %rd3, %r2, 8;
                add.s64 %rd4, %rd1, %rd3;
                ld.global.s64 %rd5, [%rd4];
                shl.b32 %r3, %r2, 3;
                mov.u32 %r4, shared;
                add.u32 %r5, %r4, %r3;
                st.shared.s64 [%r5], %rd5;
                mov.u32 %r6, 64;
                $fold:
                bar.sync 0;
                setp.ge.u32 %p1, %r2, %r6;
                @%p1 bra $next;
                shl.b32 %r7, %r6, 3;
                add.u32 %r8, %r5, %r7;
                ld.shared.s64 %rd6, [%r5];
                ld.shared.s64 %rd7, [%r8];
                add.s64 %rd6, %rd6, %rd7;
                st.shared.s64 [%r5], %rd6;
                $next:
                shr.u32 %r6, %r6, 1;
                setp.ne.u32 %p2, %r6, 0;
                @%p2 bra $fold;
                setp.eq.u32 %p3, %r2, 0;
                @%p3 st.global.s64 [%rd2], %rd6;
                """, 128, numbers);
        assertEquals(LongStream.of(numbers).sum(), out[0]);
        assertTrue(Arrays.stream(out).skip(1).allMatch(number -> number == 0));
    }
}
