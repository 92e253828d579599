package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.espalier.error.Failure;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Blocks that touch the same global memory, of one thread each: {@code %r3} is the block, {@code %rd3} and {@code %rd4} where
 * its number of {@code in} and {@code out} is.
 */
@ExtendWith(StandIn.class)
class StandInGlobalRacesTest {

    private static final String OWN = """
            mov.u32 %r3, %ctaid.x;
            mul.wide.u32 %rd5, %r3, 8;
            add.s64 %rd3, %rd1, %rd5;
            add.s64 %rd4, %rd2, %rd5;
            """;

    @BeforeEach
    void needsTheStandIn() {
        StandIn.requireItself();
    }

    @Test
    void blocksOnTheirOwnNumbersDoNotRace() {
        long[] out =
                run("ld.global.nc.u64 %rd6, [%rd3]; st.global.u64 [%rd4], %rd6; ld.global.u64 %rd6, [%rd4];", 5, 6, 7);
        assertArrayEquals(new long[] {5, 6, 7}, out);
        // All may read the same.
        assertArrayEquals(
                new long[] {5, 5, 5}, run("ld.global.u64 %rd6, [%rd1]; st.global.u64 [%rd4], %rd6;", 5, 6, 7));
    }

    /** Also where two blocks write the halves of one word. */
    @Test
    void partsOfAWordAreToldApart() {
        String body = """
                mul.wide.u32 %rd5, %r3, 2;
                add.s64 %rd4, %rd2, %rd5;
                cvt.u16.u32 %rs1, %r3;
                add.u16 %rs1, %rs1, 1;
                st.global.u16 [%rd4], %rs1;
                """;
        assertArrayEquals(new long[] {0x0003_0002_0001L, 0, 0}, run(body, 0, 0, 0));
        found("writes the byte", "wrote", body + "st.global.u16 [%rd2], %rs1;");
    }

    @Test
    void plantedRacesAreFound() {
        String own = "st.global.u64 [%rd4], %rd5; ";
        found("writes the byte", "wrote", "st.global.u64 [%rd2], %rd5;");
        found("reads the byte", "wrote", own + "ld.global.u64 %rd6, [%rd2];");
        found("writes the byte", "read", "ld.global.u64 %rd6, [%rd2+16]; " + own);
        // Each block adds to one sum: what two tokens of one id did in a gradient.
        found(
                "reads the byte",
                "wrote",
                "ld.global.u64 %rd6, [%rd2]; add.s64 %rd6, %rd6, 1; st.global.u64 [%rd2], %rd6;");
    }

    @Test
    void plantedReadsThroughTheReadOnlyCacheAreFound() {
        found(
                "reads through the read-only cache the byte",
                "wrote",
                "st.global.u64 [%rd4], %rd5; ld.global.nc.u64 %rd6, [%rd4];");
        found("writes the byte", "read", "ld.global.nc.u64 %rd6, [%rd4]; st.global.u64 [%rd4], %rd6;");
    }

    private static long[] run(String body, long... in) {
        return PlantedKernel.run(OWN + body, in.length, 1, in);
    }

    private static void found(String says, String before, String body) {
        Failure found = assertThrows(Failure.class, () -> run(body, 1, 2, 3));
        assertTrue(found.problem().contains("global-memory race: " + says), found.problem());
        assertTrue(found.problem().contains("of this launch " + before + ", in device allocation"), found.problem());
        StandIn.reset();
    }
}
