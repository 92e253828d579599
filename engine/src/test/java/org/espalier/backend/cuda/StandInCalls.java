package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.cuda.CudaLibrary;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

/** A device of the stand-in's with one stream, and short forms of the calls that tests of its driver make. */
@ExtendWith(StandIn.class)
abstract class StandInCalls {

    final Arena arena = Arena.ofShared();
    CudaContext context;
    CudaQueue queue;
    MemorySegment stream;

    @BeforeEach
    void open() {
        StandIn.requireItself();
        context = CudaContext.open(0);
        queue = CudaQueue.open(context);
        stream = queue.enter();
    }

    @AfterEach
    void close() {
        if (context != null) {
            StandIn.reset();
        }
        arena.close();
    }

    long allocate(long bytes) {
        MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
        ok(CudaLibrary.cuMemAlloc_v2(address, bytes));
        return address.get(ValueLayout.JAVA_LONG, 0);
    }

    MemorySegment event() {
        MemorySegment event = arena.allocate(ValueLayout.ADDRESS);
        ok(CudaLibrary.cuEventCreate(event, CudaLibrary.CU_EVENT_DEFAULT()));
        return event.get(ValueLayout.ADDRESS, 0);
    }

    static void ok(int status) {
        CudaStatus.check(status, "a call of the test");
    }

    static void refused(int status, int expected, String says) {
        assertEquals(expected, status, StandIn.report());
        assertTrue(StandIn.report().contains(says), StandIn.report());
    }
}
