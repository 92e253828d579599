package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.espalier.error.Failure;
import org.espalier.ffi.cuda.CudaLibrary;
import org.junit.jupiter.api.Test;

/** The stand-in's side of the driver interface: when work happens, what a call refuses, what is left behind. */
class StandInDriverTest extends StandInCalls {

    @Test
    void pinnedMemoryIsReadWhenTheCopyHappensAndPageableMemoryAtTheCall() {
        MemorySegment pinned = hostMemory(4);
        MemorySegment pageable = arena.allocateFrom(ValueLayout.JAVA_INT, 1);
        pinned.set(ValueLayout.JAVA_INT, 0, 1);
        long device = allocate(8);
        ok(CudaLibrary.cuMemcpyHtoDAsync_v2(device, pinned, 4, stream));
        ok(CudaLibrary.cuMemcpyHtoDAsync_v2(device + 4, pageable, 4, stream));
        pinned.set(ValueLayout.JAVA_INT, 0, 2);
        pageable.set(ValueLayout.JAVA_INT, 0, 2);
        queue.finish();
        MemorySegment read = arena.allocate(8);
        ok(CudaLibrary.cuMemcpyDtoH_v2(read, device, 8));
        assertEquals(2, read.get(ValueLayout.JAVA_INT, 0));
        assertEquals(1, read.get(ValueLayout.JAVA_INT, 4));
    }

    /** Without the event the second stream would copy what the first has not written yet. */
    @Test
    void eventsOrderStreams() {
        long device = allocate(4);
        MemorySegment read = arena.allocate(4);
        try (CudaQueue second = CudaQueue.open(context)) {
            MemorySegment event = event();
            ok(CudaLibrary.cuMemsetD32Async(device, 7, 1, stream));
            ok(CudaLibrary.cuEventRecord(event, stream));
            ok(CudaLibrary.cuStreamWaitEvent(second.enter(), event, 0));
            ok(CudaLibrary.cuMemcpyDtoHAsync_v2(read, device, 4, second.enter()));
            second.finish();
        }
        assertEquals(7, read.get(ValueLayout.JAVA_INT, 0));
    }

    @Test
    void missingOrderBetweenStreamsShows() {
        long device = allocate(4);
        CudaQueue second = CudaQueue.open(context);
        ok(CudaLibrary.cuMemsetD32Async(device, 7, 1, stream));
        refused(
                CudaLibrary.cuMemcpyDtoHAsync_v2(arena.allocate(4), device, 4, second.enter()),
                CudaLibrary.CUDA_ERROR_LAUNCH_FAILED(),
                "never written");
    }

    @Test
    void eventIsReadyOnceItsWorkHappened() {
        MemorySegment event = event();
        ok(CudaLibrary.cuEventRecord(event, stream));
        MemorySegment time = arena.allocate(ValueLayout.JAVA_FLOAT);
        assertEquals(CudaLibrary.CUDA_ERROR_NOT_READY(), CudaLibrary.cuEventElapsedTime_v2(time, event, event));
        ok(CudaLibrary.cuEventSynchronize(event));
        ok(CudaLibrary.cuEventQuery(event));
        ok(CudaLibrary.cuEventElapsedTime_v2(time, event, event));
        assertEquals(0f, time.get(ValueLayout.JAVA_FLOAT, 0));
    }

    @Test
    void useAfterFreeIsFoundThoughTheWorkWasQueuedBefore() {
        long device = allocate(4);
        ok(CudaLibrary.cuMemsetD32Async(device, 7, 1, stream));
        ok(CudaLibrary.cuMemFree_v2(device));
        Failure found = assertThrows(Failure.class, queue::finish);
        assertTrue(found.problem().contains("writes 4 bytes"), found.problem());
        assertTrue(found.problem().contains("freed before: device allocation 1 of 4 bytes"), found.problem());
    }

    @Test
    void streamOrderedMemoryLivesInItsStreamsOrder() {
        MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
        ok(CudaLibrary.cuMemAllocAsync(address, 4, stream));
        long device = address.get(ValueLayout.JAVA_LONG, 0);
        ok(CudaLibrary.cuMemsetD32Async(device, 7, 1, stream));
        ok(CudaLibrary.cuMemFreeAsync(device, stream));
        queue.finish();
        refused(CudaLibrary.cuMemFree_v2(device), CudaLibrary.CUDA_ERROR_INVALID_VALUE(), "freed twice");
        ok(CudaLibrary.cuMemAllocAsync(address, 4, stream));
        try (CudaQueue second = CudaQueue.open(context)) {
            ok(CudaLibrary.cuMemsetD32Async(address.get(ValueLayout.JAVA_LONG, 0), 7, 1, second.enter()));
            Failure found = assertThrows(Failure.class, second::finish);
            assertTrue(found.problem().contains("before its stream has come to allocating it"), found.problem());
        }
    }

    @Test
    void copiesOutsideAnAllocationAreRefusedAtTheCall() {
        long device = allocate(8);
        refused(
                CudaLibrary.cuMemcpyHtoDAsync_v2(device + 4, arena.allocate(8), 8, stream),
                CudaLibrary.CUDA_ERROR_INVALID_VALUE(),
                "which end 4 bytes past device allocation 1 of 8 bytes");
        refused(
                CudaLibrary.cuMemsetD32Async(device + 2, 0, 1, stream),
                CudaLibrary.CUDA_ERROR_INVALID_VALUE(),
                "aligned");
        queue.finish();
    }

    @Test
    void copiesWithinTheDeviceCarryAlongWhatWasWritten() {
        long device = allocate(16);
        ok(CudaLibrary.cuMemsetD8Async(device, (byte) 5, 3, stream));
        ok(CudaLibrary.cuMemcpyDtoDAsync_v2(device + 8, device, 4, stream));
        MemorySegment read = arena.allocate(4);
        ok(CudaLibrary.cuMemcpyDtoHAsync_v2(read, device + 8, 3, stream));
        assertEquals(5, read.get(ValueLayout.JAVA_BYTE, 2));
        refused(
                CudaLibrary.cuMemcpyDtoHAsync_v2(read, device + 8, 4, stream),
                CudaLibrary.CUDA_ERROR_LAUNCH_FAILED(),
                "reads byte 11, never written");
    }

    @Test
    void launchesThatNoDeviceCanDoAreRefused() {
        try (CudaModule module = CudaModule.load(context, "rmsnorm")) {
            launch(module, "rmsnorm_forward_f32", 1, 1025, 0, "a block of 1025 x 1 x 1 threads");
            launch(module, "rmsnorm_forward_f32", 0, 32, 0, "a grid of 0 x 1 x 1 blocks");
            launch(module, "rmsnorm_forward_f32", 1, 32, 48 * 1024, "128 + 49152 bytes of shared memory");
            launch(
                    module,
                    "rmsnorm_backward_weight",
                    1,
                    1024,
                    0,
                    "1024 threads a block; it was compiled for 512 at most");
            launch(module, "rmsnorm_forward_f32", 1, 32, 0, "rmsnorm_forward_f32_param_0 is null");
        }
    }

    private void launch(CudaModule module, String kernel, int blocks, int threads, int shared, String says) {
        MemorySegment nothing = arena.allocate(ValueLayout.ADDRESS, 16);
        int status = CudaLibrary.cuLaunchKernel(
                module.kernel(kernel).function(),
                blocks,
                1,
                1,
                threads,
                1,
                1,
                shared,
                stream,
                nothing,
                MemorySegment.NULL);
        refused(status, CudaLibrary.CUDA_ERROR_INVALID_VALUE(), says);
    }

    @Test
    void moreSharedMemoryMustBeAskedFor() {
        try (CudaModule module = CudaModule.load(context, "rmsnorm")) {
            MemorySegment function = module.kernel("rmsnorm_forward_f32").function();
            int attribute = CudaLibrary.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES();
            refused(
                    CudaLibrary.cuFuncSetAttribute(function, attribute, 163 * 1024),
                    CudaLibrary.CUDA_ERROR_INVALID_VALUE(),
                    "a block has 166912 in all");
            ok(CudaLibrary.cuFuncSetAttribute(function, attribute, 100 * 1024));
            launch(module, "rmsnorm_forward_f32", 1, 32, 100 * 1024, "param_0 is null");
        }
    }

    @Test
    void handlesThatAreGoneAreRefused() {
        MemorySegment event = event();
        ok(CudaLibrary.cuEventDestroy_v2(event));
        refused(CudaLibrary.cuEventRecord(event, stream), CudaLibrary.CUDA_ERROR_INVALID_HANDLE(), "no such event");
        queue.close();
        refused(CudaLibrary.cuStreamSynchronize(stream), CudaLibrary.CUDA_ERROR_INVALID_HANDLE(), "no such stream");
        try (CudaModule module = CudaModule.load(context, "rmsnorm")) {
            Failure missing = assertThrows(Failure.class, () -> module.kernel("nosuch"));
            assertTrue(missing.problem().contains("the module has no kernel nosuch"), missing.problem());
        }
    }

    @Test
    void fatBinaryIsTakenApart() {
        byte[] fat = KernelFiles.read("rmsnorm.fatbin");
        imageIsRefused(
                new byte[] {0x50, (byte) 0xed, 0x55, (byte) 0xba, 2, 0, 16, 0}, 16, "a version that is not known");
        imageIsRefused(new byte[] {0x7f, 'E', 'L', 'F'}, 64, "not machine code alone");
        byte[] longer = fat.clone();
        // Of the first entry, whose size follows kind, version and header size.
        longer[16 + 8 + 3] = 1;
        imageIsRefused(longer, longer.length, "an entry reaches past its end");
        byte[] text = fat.clone();
        text[16] = 3;
        imageIsRefused(text, text.length, "an entry of the unknown kind 3");
        byte[] code = fat.clone();
        code[16 + 64 + 1] = 'X';
        imageIsRefused(code, code.length, "what is for sm_80 is no machine code of CUDA");
        String renamed = new String(fat, StandardCharsets.ISO_8859_1)
                .replaceAll("\0\\.text\\.rmsnorm_forward_f32\0", "\0.text.rmsnorm_forward_f33\0");
        imageIsRefused(
                renamed.getBytes(StandardCharsets.ISO_8859_1),
                fat.length,
                "the machine code for sm_80 has no kernel rmsnorm_forward_f32");
    }

    private void imageIsRefused(byte[] image, int bytes, String says) {
        MemorySegment module = arena.allocate(ValueLayout.ADDRESS);
        MemorySegment memory = arena.allocate(bytes, Long.BYTES);
        MemorySegment.copy(image, 0, memory, ValueLayout.JAVA_BYTE, 0, image.length);
        int status = CudaLibrary.cuModuleLoadDataEx(module, memory, 0, MemorySegment.NULL, MemorySegment.NULL);
        refused(status, status == 0 ? -1 : status, says);
    }

    @Test
    void threadWithoutACurrentContextIsRefused() throws InterruptedException {
        int[] status = new int[1];
        Thread thread = new Thread(() -> status[0] = CudaLibrary.cuCtxSynchronize());
        thread.start();
        thread.join();
        assertEquals(CudaLibrary.CUDA_ERROR_INVALID_CONTEXT(), status[0]);
    }

    @Test
    void everythingLeftBehindIsCounted() {
        long device = allocate(100);
        event();
        MemorySegment host = hostMemory(10);
        CudaModule module =
                CudaModule.loadPtx(context, "planted", PlantedKernel.ptx("").getBytes(StandardCharsets.US_ASCII));
        List<String> leaks = StandIn.leaks();
        // The queue has an event of its own.
        assertEquals(5, leaks.size(), leaks.toString());
        assertTrue(
                leaks.toString().contains("host allocation")
                        && leaks.toString().contains("of 100 bytes")
                        && leaks.toString().contains("1 stream(s), 2 event(s), 1 module(s)"),
                leaks.toString());
        module.close();
        ok(CudaLibrary.cuMemFree_v2(device));
        ok(CudaLibrary.cuMemFreeHost(host));
        queue.close();
        context.close();
        assertEquals(List.of("1 event(s)"), StandIn.leaks());
    }

    private MemorySegment hostMemory(long bytes) {
        MemorySegment address = arena.allocate(ValueLayout.ADDRESS);
        ok(CudaLibrary.cuMemHostAlloc(address, bytes, 0));
        return address.get(ValueLayout.ADDRESS, 0).reinterpret(bytes);
    }
}
