package org.espalier.backend.cuda;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;

/** The kernels that a backend has loaded, one module for each source file, each loaded when it is first used. */
final class CudaModules implements AutoCloseable {

    private final CudaContext context;
    private final BiFunction<CudaContext, String, CudaModule> loader;
    private final Map<String, CudaModule> loaded = new ConcurrentHashMap<>();

    /** @param loader what loads a source file's kernels, by its name; {@link CudaModule#load} unless a test edits them */
    CudaModules(CudaContext context, BiFunction<CudaContext, String, CudaModule> loader) {
        this.context = context;
        this.loader = loader;
    }

    /**
     * A kernel of a source file, for example {@code kernel("rmsnorm", "rmsnorm_forward_f32")}.
     *
     * @throws org.espalier.error.Failure if the driver refuses the file or the file has no such kernel
     */
    CudaKernel kernel(String file, String kernel) {
        return loaded.computeIfAbsent(file, name -> loader.apply(context, name)).kernel(kernel);
    }

    @Override
    public void close() {
        loaded.values().forEach(CudaModule::close);
    }
}
