package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntSupplier;
import org.espalier.error.Failure;
import org.espalier.ffi.cuda.CudaLibrary;
import org.junit.jupiter.api.Test;

/** The stand-in's captures and graphs: when their work happens, what they refuse, and the faults that they let show. */
class StandInGraphTest extends StandInCalls {

    /** As {@code cuda.h} has them. */
    private static final int GLOBAL = 0;

    private static final int ILLEGAL_STATE = 401;

    private static final int UNSUPPORTED = 900;
    private static final int INVALIDATED = 901;
    private static final int ISOLATION = 905;
    private static final int IMPLICIT = 906;
    private static final int CAPTURED_EVENT = 907;
    private static final int WRONG_THREAD = 908;

    @Test
    void capturedWorkHappensAtEveryLaunchAndNotBefore() {
        long device = allocate(8);
        ok(CudaLibrary.cuMemsetD32Async(device, 1, 2, stream));
        begin();
        ok(CudaLibrary.cuMemcpyDtoDAsync_v2(device + 4, device, 4, stream));
        MemorySegment executable = instantiate(end());
        assertEquals(1, read(device + 4));
        for (int value : new int[] {5, 6}) {
            ok(CudaLibrary.cuMemsetD32Async(device, value, 1, stream));
            ok(CudaLibrary.cuGraphLaunch(executable, stream));
            assertEquals(value, read(device + 4));
        }
        assertEquals(2, StandIn.graphLaunches());
    }

    @Test
    void parametersOfAKernelAreCopiedWhenItIsCaptured() {
        long in = allocate(8);
        long out = allocate(8);
        ok(CudaLibrary.cuMemsetD32Async(in, 3, 2, stream));
        try (CudaModule module =
                CudaModule.loadPtx(context, "planted", PlantedKernel.ptx("""
                ld.global.u64 %rd3, [%rd1];
                st.global.u64 [%rd2], %rd3;""").getBytes(StandardCharsets.US_ASCII))) {
            begin();
            try (CudaKernel.Call call = module.kernel("planted").on(queue)) {
                call.number(in).number(out).number(1).launch(CudaGrid.of(1, 1), "planted");
            }
            assertEquals(1, StandIn.launchCalls());
            MemorySegment executable = instantiate(end());
            ok(CudaLibrary.cuGraphLaunch(executable, stream));
            assertEquals(3, read(out));
            assertEquals(1, StandIn.launchCalls());
            assertEquals(1, StandIn.launches());
        }
    }

    /** A launch on another stream comes after the one before, as the same graph never runs twice at once. */
    @Test
    void launchesOfAGraphFollowEachOther() {
        long device = allocate(8);
        ok(CudaLibrary.cuMemsetD32Async(device, 1, 1, stream));
        begin();
        ok(CudaLibrary.cuMemcpyDtoDAsync_v2(device + 4, device, 4, stream));
        MemorySegment executable = instantiate(end());
        ok(CudaLibrary.cuGraphLaunch(executable, stream));
        try (CudaQueue second = CudaQueue.open(context)) {
            ok(CudaLibrary.cuGraphLaunch(executable, second.enter()));
            MemorySegment host = arena.allocate(4);
            ok(CudaLibrary.cuMemcpyDtoHAsync_v2(host, device + 4, 4, second.enter()));
            assertEquals(1, host.get(ValueLayout.JAVA_INT, 0));
        }
    }

    /** Each ends the capture, which gives no graph then. */
    @Test
    void whatWouldWaitForTheCaptureOrChangeWhatItSeesIsRefused() {
        long device = allocate(8);
        MemorySegment pinned = arena.allocate(ValueLayout.ADDRESS);
        MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
        MemorySegment pageable = arena.allocate(4);
        invalidates(UNSUPPORTED, "nothing can wait for it", () -> CudaLibrary.cuStreamSynchronize(stream));
        invalidates(UNSUPPORTED, "nothing can wait for it", () -> CudaLibrary.cuStreamQuery(stream));
        invalidates(UNSUPPORTED, "while a stream is captured", CudaLibrary::cuCtxSynchronize);
        invalidates(UNSUPPORTED, "while a stream is captured", () -> CudaLibrary.cuMemAlloc_v2(address, 4));
        invalidates(UNSUPPORTED, "while a stream is captured", () -> CudaLibrary.cuMemFree_v2(device));
        invalidates(UNSUPPORTED, "while a stream is captured", () -> CudaLibrary.cuMemHostAlloc(pinned, 4, 0));
        invalidates(UNSUPPORTED, "while a stream is captured", () -> CudaLibrary.cuMemcpyHtoD_v2(device, pageable, 4));
        invalidates(
                UNSUPPORTED,
                "no copy from pageable memory",
                () -> CudaLibrary.cuMemcpyHtoDAsync_v2(device, pageable, 4, stream));
        invalidates(
                UNSUPPORTED,
                "no copy to pageable memory",
                () -> CudaLibrary.cuMemcpyDtoHAsync_v2(pageable, device, 4, stream));
        invalidates(UNSUPPORTED, "no allocation", () -> CudaLibrary.cuMemAllocAsync(address, 4, stream));
        invalidates(UNSUPPORTED, "no freeing of memory", () -> CudaLibrary.cuMemFreeAsync(device, stream));
        invalidates(UNSUPPORTED, "the stream is captured", () -> CudaLibrary.cuStreamDestroy_v2(stream));
    }

    @Test
    void capturesAndWorkOutsideDoNotWaitForEachOther() {
        MemorySegment outside = event();
        MemorySegment inside = event();
        CudaQueue second = CudaQueue.open(context);
        ok(CudaLibrary.cuEventRecord(outside, second.enter()));
        invalidates(
                ISOLATION, "recorded outside of the capture", () -> CudaLibrary.cuStreamWaitEvent(stream, outside, 0));
        ok(CudaLibrary.cuStreamBeginCapture_v2(stream, CudaLibrary.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL()));
        ok(CudaLibrary.cuEventRecord(inside, stream));
        ok(CudaLibrary.cuStreamWaitEvent(stream, inside, 0));
        end();
        invalidates(CAPTURED_EVENT, "in a stream that was captured", () -> {
            ok(CudaLibrary.cuEventRecord(inside, stream));
            return CudaLibrary.cuEventSynchronize(inside);
        });
        invalidates(CAPTURED_EVENT, "in a stream that was captured", () -> {
            ok(CudaLibrary.cuEventRecord(inside, stream));
            return CudaLibrary.cuEventQuery(inside);
        });
        invalidates(UNSUPPORTED, "no other can join it", () -> {
            ok(CudaLibrary.cuEventRecord(inside, stream));
            return CudaLibrary.cuStreamWaitEvent(second.enter(), inside, 0);
        });
    }

    @Test
    void defaultStreamWouldWaitForABlockingStream() {
        long device = allocate(4);
        MemorySegment made = arena.allocate(ValueLayout.ADDRESS);
        ok(CudaLibrary.cuStreamCreate(made, 0));
        stream = made.get(ValueLayout.ADDRESS, 0);
        invalidates(
                IMPLICIT,
                "the default stream would wait",
                () -> CudaLibrary.cuMemsetD32Async(device, 0, 1, MemorySegment.NULL));
    }

    @Test
    void capturesBeginAndEndInPairs() throws InterruptedException {
        int mode = CudaLibrary.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL();
        MemorySegment graph = arena.allocate(ValueLayout.ADDRESS);
        refused(CudaLibrary.cuStreamEndCapture(stream, graph), ILLEGAL_STATE, "no capture of the stream was begun");
        refused(CudaLibrary.cuStreamBeginCapture_v2(MemorySegment.NULL, mode), UNSUPPORTED, "the default stream");
        begin();
        refused(CudaLibrary.cuStreamBeginCapture_v2(stream, mode), ILLEGAL_STATE, "captured already");
        assertEquals(WRONG_THREAD, elsewhere(() -> CudaLibrary.cuStreamEndCapture(stream, graph)));
        assertEquals(CudaLibrary.CU_STREAM_CAPTURE_STATUS_ACTIVE(), status());
        end();
        assertEquals(CudaLibrary.CU_STREAM_CAPTURE_STATUS_NONE(), status());
    }

    /** A capture of the global mode is lost by what any thread does, one of this thread's by what waits for all streams. */
    @Test
    void anotherThreadDisturbsOnlyGlobalCapturesUnlessItWaitsForAllStreams() throws InterruptedException {
        MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
        MemorySegment graph = arena.allocate(ValueLayout.ADDRESS);
        begin();
        assertEquals(0, elsewhere(() -> CudaLibrary.cuMemAlloc_v2(address, 4)));
        end();
        ok(CudaLibrary.cuStreamBeginCapture_v2(stream, GLOBAL));
        assertEquals(UNSUPPORTED, elsewhere(() -> CudaLibrary.cuMemAlloc_v2(address, 4)));
        refused(CudaLibrary.cuStreamEndCapture(stream, graph), INVALIDATED, "an earlier call has invalidated");
        begin();
        assertEquals(UNSUPPORTED, elsewhere(CudaLibrary::cuCtxSynchronize));
        refused(CudaLibrary.cuStreamEndCapture(stream, graph), INVALIDATED, "an earlier call has invalidated");
    }

    private int elsewhere(IntSupplier call) throws InterruptedException {
        int[] status = new int[1];
        Thread thread = new Thread(() -> {
            context.enter();
            status[0] = call.getAsInt();
        });
        thread.start();
        thread.join();
        return status[0];
    }

    @Test
    void graphThatIsGoneIsRefusedAndWhatWasLaunchedBeforeHappens() {
        long device = allocate(4);
        begin();
        ok(CudaLibrary.cuMemsetD32Async(device, 9, 1, stream));
        MemorySegment graph = end();
        MemorySegment executable = instantiate(graph);
        ok(CudaLibrary.cuGraphDestroy(graph));
        refused(
                CudaLibrary.cuGraphInstantiateWithFlags(arena.allocate(ValueLayout.ADDRESS), graph, 0),
                CudaLibrary.CUDA_ERROR_INVALID_HANDLE(),
                "no such graph");
        ok(CudaLibrary.cuGraphLaunch(executable, stream));
        ok(CudaLibrary.cuGraphExecDestroy(executable));
        refused(
                CudaLibrary.cuGraphLaunch(executable, stream),
                CudaLibrary.CUDA_ERROR_INVALID_HANDLE(),
                "no such executable graph, or it is destroyed");
        assertEquals(9, read(device));
    }

    @Test
    void plantedFreeOfMemoryThatAGraphUsesIsFoundAtTheNextLaunch() {
        long device = allocate(4);
        begin();
        ok(CudaLibrary.cuMemsetD32Async(device, 9, 1, stream));
        MemorySegment executable = instantiate(end());
        ok(CudaLibrary.cuGraphLaunch(executable, stream));
        queue.finish();
        ok(CudaLibrary.cuMemFree_v2(device));
        ok(CudaLibrary.cuGraphLaunch(executable, stream));
        Failure found = assertThrows(Failure.class, queue::finish);
        assertTrue(found.problem().contains("freed before: device allocation 1 of 4 bytes"), found.problem());
    }

    /** What another stream writes is there only if the launch waits for it. */
    @Test
    void plantedMissingWaitBeforeALaunchIsFound() {
        long device = allocate(8);
        begin();
        ok(CudaLibrary.cuMemcpyDtoDAsync_v2(device + 4, device, 4, stream));
        MemorySegment executable = instantiate(end());
        CudaQueue writer = CudaQueue.open(context);
        ok(CudaLibrary.cuMemsetD32Async(device, 9, 1, writer.enter()));
        MemorySegment written = event();
        ok(CudaLibrary.cuEventRecord(written, writer.enter()));
        ok(CudaLibrary.cuStreamWaitEvent(stream, written, 0));
        ok(CudaLibrary.cuGraphLaunch(executable, stream));
        assertEquals(9, read(device + 4));
        ok(CudaLibrary.cuMemsetD32Async(device, 10, 1, writer.enter()));
        ok(CudaLibrary.cuGraphLaunch(executable, stream));
        assertEquals(9, read(device + 4), "the other stream's work is left for later");
    }

    @Test
    void plantedLeakOfAGraphIsCounted() {
        begin();
        MemorySegment graph = end();
        MemorySegment executable = instantiate(graph);
        assertTrue(
                StandIn.leaks().containsAll(List.of("1 graph(s)", "1 executable graph(s)")),
                StandIn.leaks().toString());
        ok(CudaLibrary.cuGraphDestroy(graph));
        ok(CudaLibrary.cuGraphExecDestroy(executable));
        assertTrue(
                StandIn.leaks().stream().noneMatch(l -> l.contains("graph")),
                StandIn.leaks().toString());
    }

    /** The call is refused in a capture; everything after it too, until the capture is ended, which gives nothing. */
    private void invalidates(int status, String says, IntSupplier call) {
        begin();
        refused(call.getAsInt(), status, says);
        refused(CudaLibrary.cuEventRecord(event(), stream), INVALIDATED, "an earlier call has invalidated the capture");
        MemorySegment graph = arena.allocate(ValueLayout.ADDRESS);
        refused(CudaLibrary.cuStreamEndCapture(stream, graph), INVALIDATED, "an earlier call has invalidated");
        assertEquals(MemorySegment.NULL, graph.get(ValueLayout.ADDRESS, 0));
        assertEquals(CudaLibrary.CU_STREAM_CAPTURE_STATUS_NONE(), status());
    }

    private void begin() {
        ok(CudaLibrary.cuStreamBeginCapture_v2(stream, CudaLibrary.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL()));
    }

    private MemorySegment end() {
        MemorySegment graph = arena.allocate(ValueLayout.ADDRESS);
        ok(CudaLibrary.cuStreamEndCapture(stream, graph));
        return graph.get(ValueLayout.ADDRESS, 0);
    }

    private MemorySegment instantiate(MemorySegment graph) {
        MemorySegment executable = arena.allocate(ValueLayout.ADDRESS);
        ok(CudaLibrary.cuGraphInstantiateWithFlags(executable, graph, 0));
        return executable.get(ValueLayout.ADDRESS, 0);
    }

    private int status() {
        MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
        ok(CudaLibrary.cuStreamIsCapturing(stream, status));
        return status.get(ValueLayout.JAVA_INT, 0);
    }

    /** One int, after all of the stream's work. */
    private int read(long device) {
        MemorySegment host = arena.allocate(4);
        ok(CudaLibrary.cuMemcpyDtoHAsync_v2(host, device, 4, stream));
        return host.get(ValueLayout.JAVA_INT, 0);
    }
}
