package org.espalier.backend.cuda;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The kernels that a backend has loaded, one module for each source file, each loaded when it is first used. */
final class CudaModules implements AutoCloseable {

    private final CudaContext context;
    private final Map<String, CudaModule> loaded = new ConcurrentHashMap<>();

    CudaModules(CudaContext context) {
        this.context = context;
    }

    /**
     * A kernel of a source file, for example {@code kernel("rmsnorm", "rmsnorm_forward_f32")}.
     *
     * @throws org.espalier.ffi.Failure if the driver refuses the file or the file has no such kernel
     */
    CudaKernel kernel(String file, String kernel) {
        return loaded.computeIfAbsent(file, name -> CudaModule.load(context, name)).kernel(kernel);
    }

    @Override
    public void close() {
        loaded.values().forEach(CudaModule::close);
    }
}
