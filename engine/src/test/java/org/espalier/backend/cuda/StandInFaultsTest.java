package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.espalier.error.Failure;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Faults planted in kernels: the stand-in finds each, and says where. */
@ExtendWith(StandIn.class)
class StandInFaultsTest {

    private static final long[] IN = new long[64];

    /**
     * @param name   what is wrong
     * @param line   of the body, at which it is noticed
     * @param status the driver's name for it
     * @param says   what the report contains
     */
    private record Fault(String name, String body, int threads, int line, String status, String says) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Fault> faults() {
        return List.of(
                new Fault(
                        "store one past the end",
                        """
                        mul.wide.u32 %rd3, %r2, 8;
                        add.s64 %rd3, %rd2, %rd3;
                        st.global.u64 [%rd3+8], %rd1;
                        """,
                        64,
                        3,
                        "CUDA_ERROR_ILLEGAL_ADDRESS",
                        "thread (63, 0, 0): writes 8 bytes"),
                new Fault(
                        "load before the start",
                        "ld.global.u32 %r3, [%rd1+-4];",
                        1,
                        1,
                        "CUDA_ERROR_ILLEGAL_ADDRESS",
                        "which begin 4 bytes before device allocation"),
                new Fault(
                        "load of nothing",
                        "ld.global.u32 %r3, [16];",
                        1,
                        1,
                        "CUDA_ERROR_ILLEGAL_ADDRESS",
                        "4 bytes at 0x10, where nothing is allocated"),
                new Fault(
                        "misaligned vector load",
                        "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+4];",
                        1,
                        1,
                        "CUDA_ERROR_MISALIGNED_ADDRESS",
                        "is not a multiple of 16"),
                new Fault(
                        "misaligned shared store",
                        "mov.u32 %r3, shared; st.shared.u32 [%r3+2], %r3;",
                        1,
                        1,
                        "CUDA_ERROR_MISALIGNED_ADDRESS",
                        "is not a multiple of 4"),
                new Fault(
                        "shared memory read before it is written",
                        "ld.shared.u32 %r3, [shared+8];",
                        1,
                        1,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "reads byte 8 of shared memory, never written by this block"),
                new Fault(
                        "shared memory overrun",
                        "mov.u32 %r3, shared; st.shared.u64 [%r3+1020], %rd1;",
                        1,
                        1,
                        "CUDA_ERROR_MISALIGNED_ADDRESS",
                        "0x3fc is not a multiple of 8"),
                new Fault(
                        "shared memory beyond its end",
                        "mov.u32 %r3, shared; st.shared.u64 [%r3+1024], %rd1;",
                        1,
                        1,
                        "CUDA_ERROR_ILLEGAL_ADDRESS",
                        "writes 8 bytes at 1024 of the block's 1024 bytes"),
                new Fault(
                        "race within a warp",
                        """
                        shl.b32 %r3, %r2, 2;
                        mov.u32 %r4, shared;
                        add.u32 %r5, %r4, %r3;
                        st.shared.u32 [%r5], %r2;
                        xor.b32 %r6, %r3, 4;
                        add.u32 %r7, %r4, %r6;
                        ld.shared.u32 %r8, [%r7];
                        """,
                        32,
                        7,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "shared-memory race: reads byte 4 that thread 1"),
                new Fault(
                        "race of reads with a later write of another warp",
                        """
                        mov.u32 %r4, shared;
                        setp.eq.u32 %p1, %r2, 0;
                        @%p1 st.shared.u32 [%r4], %r2;
                        bar.sync 0;
                        ld.shared.u32 %r5, [%r4];
                        setp.eq.u32 %p2, %r2, 40;
                        @%p2 st.shared.u32 [%r4], %r2;
                        """,
                        64,
                        7,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "thread (40, 0, 0): shared-memory race: writes byte 0"),
                new Fault(
                        "sum read without a barrier",
                        """
                        mov.u32 %r4, shared;
                        setp.eq.u32 %p1, %r2, 0;
                        @%p1 st.shared.u32 [%r4], %r2;
                        bar.sync 0;
                        atom.shared.add.u32 %r5, [%r4], 1;
                        ld.shared.u32 %r6, [%r4];
                        """,
                        64,
                        6,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "thread (0, 0, 0): shared-memory race: reads byte 0 that thread 3"),
                new Fault(
                        "sum started without a barrier",
                        """
                        mov.u32 %r4, shared;
                        setp.eq.u32 %p1, %r2, 0;
                        @%p1 st.shared.u32 [%r4], %r2;
                        atom.shared.add.u32 %r5, [%r4], 1;
                        """,
                        64,
                        4,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "thread (1, 0, 0): shared-memory race: writes byte 0 that thread 0"),
                new Fault(
                        "read that races with a sum",
                        """
                        mov.u32 %r4, shared;
                        setp.eq.u32 %p1, %r2, 0;
                        @%p1 st.shared.u32 [%r4], %r2;
                        bar.sync 0;
                        setp.lt.u32 %p2, %r2, 32;
                        @%p2 ld.shared.u32 %r6, [%r4];
                        @!%p2 atom.shared.add.u32 %r5, [%r4], 1;
                        """,
                        64,
                        7,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "thread (32, 0, 0): shared-memory race: writes byte 0 that thread 0"),
                new Fault(
                        "sum of what was never written",
                        "mov.u32 %r4, shared; atom.shared.add.u64 %rd3, [%r4], 1;",
                        1,
                        1,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "reads byte 0 of shared memory, never written"),
                new Fault(
                        "misaligned sum",
                        "mov.u32 %r4, shared; atom.shared.add.u64 %rd3, [%r4+4], 1;",
                        1,
                        1,
                        "CUDA_ERROR_MISALIGNED_ADDRESS",
                        "0x4 is not a multiple of 8"),
                new Fault(
                        "two threads write one byte",
                        "mov.u32 %r4, shared; st.shared.u8 [%r4], %r2;",
                        2,
                        1,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "shared-memory race: writes byte 0 that thread 0"),
                new Fault(
                        "barrier that some threads never reach",
                        """
                        setp.lt.u32 %p1, %r2, 7;
                        @%p1 bra $end;
                        bar.sync 0;
                        $end:
                        """,
                        64,
                        3,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "divergent barrier: thread 0 of the block has left"),
                new Fault(
                        "two barriers for one",
                        """
                        setp.lt.u32 %p1, %r2, 32;
                        @%p1 bra $other;
                        bar.sync 0;
                        bra.uni $end;
                        $other:
                        bar.sync 0;
                        $end:
                        """,
                        64,
                        6,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "divergent barrier: other threads wait at PTX line"),
                new Fault(
                        "shuffle from a lane that is not there",
                        "shfl.sync.idx.b32 %r3, %r2, 20, 31, 0xffffffff;",
                        8,
                        1,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "shuffles from lane 20, which is inactive"),
                new Fault(
                        "shuffle that waits for lanes that never come",
                        """
                        setp.ge.u32 %p1, %r2, 16;
                        @%p1 bra $high;
                        shfl.sync.bfly.b32 %r3, %r2, 1, 31, 0xffffffff;
                        bra.uni $end;
                        $high:
                        bar.sync 0;
                        $end:
                        """,
                        32,
                        3,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "waits for lanes of its warp that never come"),
                new Fault(
                        "lane outside its own mask",
                        "shfl.sync.bfly.b32 %r3, %r2, 1, 31, 0x0000ffff;",
                        32,
                        1,
                        "CUDA_ERROR_LAUNCH_FAILED",
                        "the lane is not in its own member mask 0x0000ffff"),
                new Fault(
                        "local memory overrun",
                        "st.local.u32 [depot+32], %r2;",
                        1,
                        1,
                        "CUDA_ERROR_ILLEGAL_ADDRESS",
                        "at 32 of a thread's 32 bytes of local memory"),
                new Fault("trap", "trap;", 1, 1, "CUDA_ERROR_LAUNCH_FAILED", "trap"));
    }

    @BeforeEach
    void needsTheStandIn() {
        StandIn.requireItself();
    }

    @ParameterizedTest
    @MethodSource("faults")
    void faultIsFoundAndPlaced(Fault fault) {
        Failure found = assertThrows(Failure.class, () -> PlantedKernel.run(fault.body, fault.threads, IN));
        String place = "kernel planted, PTX line " + PlantedKernel.line(fault.line) + ": '";
        assertTrue(found.problem().startsWith(fault.status + ": "), found.problem());
        assertTrue(found.problem().contains(place), found.problem());
        assertTrue(found.problem().contains(fault.says), found.problem());
        assertTrue(StandIn.report().contains(fault.says), StandIn.report());
    }

    /** What the faulty kernels above do wrong, done right: the checks do not simply refuse everything. */
    @ParameterizedTest
    @MethodSource("soundBodies")
    void soundKernelPasses(String body) {
        assertDoesNotThrow(() -> PlantedKernel.run(body, 64, IN));
    }

    static List<String> soundBodies() {
        String neighbour = """
                shl.b32 %r3, %r2, 2;
                mov.u32 %r4, shared;
                add.u32 %r5, %r4, %r3;
                st.shared.u32 [%r5], %r2;
                BARRIER
                xor.b32 %r6, %r3, 4;
                add.u32 %r7, %r4, %r6;
                ld.shared.u32 %r8, [%r7];
                """;
        return List.of(
                neighbour.replace("BARRIER", "bar.sync 0;"),
                neighbour.replace("BARRIER", "bar.warp.sync 0xffffffff;"),
                "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+16];",
                "setp.ge.u32 %p1, %r2, 64;\n@%p1 trap;",
                """
                setp.lt.u32 %p1, %r2, 7;
                @%p1 bra $few;
                mov.u32 %r3, 1;
                bra.uni $join;
                $few:
                mov.u32 %r3, 2;
                $join:
                bar.sync 0;
                """,
                """
                mov.u32 %r4, %laneid;
                setp.ge.u32 %p1, %r4, 16;
                @%p1 bra $high;
                shfl.sync.bfly.b32 %r3, %r2, 1, 31, 0x0000ffff;
                bra.uni $end;
                $high:
                shfl.sync.bfly.b32 %r3, %r2, 1, 31, 0xffff0000;
                $end:
                """);
    }

    @Test
    void unknownOpcodeIsNamedWhenTheModuleIsLoaded() {
        Failure found = assertThrows(Failure.class, () -> PlantedKernel.run("frobnicate.sync.f32 %f1, %f2;", 1, IN));
        assertTrue(found.problem().startsWith("CUDA_ERROR_INVALID_PTX"), found.problem());
        String says = "PTX line " + PlantedKernel.line(1) + ": unknown opcode frobnicate.sync.f32";
        assertTrue(found.oneLine().contains(says), found.oneLine());
    }

    @Test
    void unknownModifierIsNotIgnored() {
        for (String statement : List.of(
                "add.sat.s32 %r3, %r2, %r2;",
                "fma.rz.f32 %f1, %f2, %f3, %f4;",
                "ld.global.L3::strange.u32 %r3, [%rd1];",
                "cvt.sat.u32.f32 %r3, %f1;",
                "bar.sync 0, 32;",
                "mul.s32 %r3, %r2, %r2;",
                "shfl.idx.b32 %r3, %r2, 0, 31;",
                "atom.shared.add.f32 %f1, [shared], %f2;",
                "atom.global.add.f32 %f1, [%rd2], %f2;",
                "red.global.add.f32 [%rd2], %f2;")) {
            Failure found = assertThrows(Failure.class, () -> PlantedKernel.run(statement, 1, IN), statement);
            assertTrue(
                    found.oneLine().contains("unknown opcode " + statement.substring(0, statement.indexOf(' '))),
                    found.oneLine());
        }
    }

    @Test
    void malformedTextIsRefusedWithItsLine() {
        for (String statement : List.of(
                "add.s32 %r3, %r2;",
                "add.s32 %r3, %r2, %nosuch;",
                "bra $nowhere;",
                "ld.param.u32 %r3, [nosuch];",
                "mov.f32 %f1, 1;",
                "add.s32 %r3 %r2;",
                "add.s32 5, %r2, %r2;",
                "`")) {
            Failure found = assertThrows(Failure.class, () -> PlantedKernel.run(statement, 1, IN), statement);
            assertTrue(found.oneLine().contains("PTX line " + PlantedKernel.line(1)), found.oneLine());
        }
    }
}
