package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.cuda.CudaLibrary;

/** Compiled kernels, loaded on a device. */
final class CudaModule implements AutoCloseable {

    private static final int LOG_BYTES = 8192;
    /** What drivers say of a fat binary that has nothing for the device, or that a toolkit made which is newer than they. */
    private static final Set<Integer> OTHER_TOOLKIT = Set.of(
            CudaLibrary.CUDA_ERROR_INVALID_IMAGE(),
            CudaLibrary.CUDA_ERROR_NO_BINARY_FOR_GPU(),
            CudaLibrary.CUDA_ERROR_INVALID_PTX(),
            CudaLibrary.CUDA_ERROR_UNSUPPORTED_PTX_VERSION(),
            CudaLibrary.CUDA_ERROR_INVALID_SOURCE());

    private final CudaContext context;
    private final String name;
    private final MemorySegment handle;
    private final Map<String, CudaKernel> kernels = new ConcurrentHashMap<>();
    private boolean closed;

    private CudaModule(CudaContext context, String name, MemorySegment handle) {
        this.context = context;
        this.name = name;
        this.handle = handle;
    }

    /**
     * Loads the kernels of one source file: machine code where the device is one that it was compiled for and the driver
     * knows it, else the PTX, which the driver compiles.
     *
     * @throws org.espalier.error.Failure if this build has no such kernels, or the driver refuses them
     */
    static CudaModule load(CudaContext context, String name) {
        context.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment module = arena.allocate(ValueLayout.ADDRESS);
            byte[] binary = KernelFiles.read(name + ".fatbin");
            int status = CudaLibrary.cuModuleLoadDataEx(
                    module, nativeCopy(arena, binary), 0, MemorySegment.NULL, MemorySegment.NULL);
            if (OTHER_TOOLKIT.contains(status)) {
                return loadPtx(context, name, KernelFiles.read(name + ".ptx"));
            }
            CudaStatus.check(status, "loading kernels", name);
            return new CudaModule(context, name, module.get(ValueLayout.ADDRESS, 0));
        }
    }

    /** Has the driver compile PTX text. */
    static CudaModule loadPtx(CudaContext context, String name, byte[] ptx) {
        context.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment module = arena.allocate(ValueLayout.ADDRESS);
            MemorySegment log = arena.allocate(LOG_BYTES);
            MemorySegment options = arena.allocateFrom(
                    ValueLayout.JAVA_INT,
                    CudaLibrary.CU_JIT_ERROR_LOG_BUFFER(),
                    CudaLibrary.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES());
            MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_LONG, log.address(), LOG_BYTES);
            int status = CudaLibrary.cuModuleLoadDataEx(module, nativeCopy(arena, ptx), 2, options, values);
            CudaStatus.check(status, "compiling kernels", name, log.getString(0).strip());
            return new CudaModule(context, name, module.get(ValueLayout.ADDRESS, 0));
        }
    }

    /** @throws org.espalier.error.Failure if the module has no kernel of that name */
    CudaKernel kernel(String kernel) {
        return kernels.computeIfAbsent(kernel, this::find);
    }

    private CudaKernel find(String kernel) {
        context.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment function = arena.allocate(ValueLayout.ADDRESS);
            CudaStatus.check(
                    CudaLibrary.cuModuleGetFunction(function, handle, arena.allocateFrom(kernel)),
                    "cuModuleGetFunction",
                    name,
                    kernel);
            return new CudaKernel(function.get(ValueLayout.ADDRESS, 0));
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            context.enter();
            context.checkGivenBack(CudaLibrary.cuModuleUnload(handle), "cuModuleUnload", name);
        }
    }

    /** With a zero at the end, as the driver wants text. */
    private static MemorySegment nativeCopy(Arena arena, byte[] bytes) {
        MemorySegment copy = arena.allocate(bytes.length + 1L, Long.BYTES);
        MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return copy;
    }
}
