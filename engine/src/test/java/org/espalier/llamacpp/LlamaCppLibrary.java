package org.espalier.llamacpp;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** llama.cpp's functions, out of the library that {@code de.kherud:llama} has inside. */
final class LlamaCppLibrary {

    private static final String RESOURCE = "/de/kherud/llama/Linux/x86_64/libjllama.so";
    private static final int MOST_REMEMBERED = 4000;

    private static final StringBuilder SAID = new StringBuilder();
    private static LlamaCppLibrary instance;

    private final Linker linker = Linker.nativeLinker();
    private final SymbolLookup symbols;
    private final Map<String, MethodHandle> functions = new ConcurrentHashMap<>();

    private LlamaCppLibrary(SymbolLookup symbols) {
        this.symbols = symbols;
    }

    /** The library, loaded once; skips the test that asks on a system that it is not made for. */
    static synchronized LlamaCppLibrary instance() {
        assumeTrue(
                System.getProperty("os.name").equals("Linux")
                        && System.getProperty("os.arch").equals("amd64"),
                "skipped: llama.cpp is there for Linux on x86-64");
        if (instance == null) {
            instance = load();
        }
        return instance;
    }

    private static LlamaCppLibrary load() {
        try (InputStream library = LlamaCppLibrary.class.getResourceAsStream(RESOURCE)) {
            Path file = Files.createTempFile("llama", ".so");
            Files.write(file, library.readAllBytes());
            LlamaCppLibrary loaded = new LlamaCppLibrary(SymbolLookup.libraryLookup(file, Arena.global()));
            Files.delete(file);
            loaded.listen();
            loaded.call(loaded.function("llama_backend_init", FunctionDescriptor.ofVoid()));
            return loaded;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Keeps what llama.cpp says instead of printing it. */
    private void listen() {
        FunctionDescriptor callback = FunctionDescriptor.ofVoid(JAVA_INT, ADDRESS, ADDRESS);
        try {
            MethodHandle hear = MethodHandles.lookup()
                    .findStatic(
                            LlamaCppLibrary.class,
                            "hear",
                            MethodType.methodType(void.class, int.class, MemorySegment.class, MemorySegment.class));
            MemorySegment stub = linker.upcallStub(hear, callback, Arena.global());
            call(function("llama_log_set", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS)), stub, MemorySegment.NULL);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // llama.cpp calls it, with more than is of use
    private static void hear(int level, MemorySegment text, MemorySegment data) {
        synchronized (SAID) {
            SAID.append(text.reinterpret(Long.MAX_VALUE).getString(0));
            SAID.delete(0, Math.max(0, SAID.length() - MOST_REMEMBERED));
        }
    }

    /** The last of what it said. */
    String said() {
        synchronized (SAID) {
            return SAID.toString();
        }
    }

    MethodHandle function(String name, FunctionDescriptor descriptor) {
        return functions.computeIfAbsent(
                name, key -> linker.downcallHandle(symbols.find(key).orElseThrow(), descriptor));
    }

    Object call(MethodHandle function, Object... arguments) {
        try {
            return function.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
