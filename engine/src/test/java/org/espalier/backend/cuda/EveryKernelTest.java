package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Conformance;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpCases;
import org.espalier.ffi.CudaDriver;
import org.espalier.ffi.Library;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** No kernel goes untried: the list of cases, on which backends are compared, carries out every one that nvcc compiled. */
@ExtendWith(StandIn.class)
class EveryKernelTest {

    private static final long MOST_FLOPS = 1_000_000;
    private static final Pattern ENTRY = Pattern.compile("\\.entry (\\w+)\\(");

    @Test
    void isCarriedOutByTheListOfCases() throws IOException {
        StandIn.requireItself();
        List<String> kernels = kernels();
        assertTrue(kernels.size() > 100, kernels::toString);
        try (CudaBackend cuda = CudaBackend.open(0)) {
            OpCases.all().filter(c -> c.forwardFlops() <= MOST_FLOPS).forEach(c -> run(c, cuda));
            assertEquals(List.of(), kernels.stream().filter(kernel -> StandIn.launches(kernel) == 0).toList());
        }
    }

    @SuppressWarnings("unchecked")
    private static <F> void run(OpCase<F> opCase, Backend cuda) {
        Conformance.outputs(opCase, cuda, (F) cuda);
    }

    /** Of every source file, which lie beside the folder that the stand-in was built in. */
    private static List<String> kernels() throws IOException {
        Path standIn = Path.of(((Library.Loaded) CudaDriver.find()).name()).toAbsolutePath();
        try (Stream<Path> sources = Files.list(standIn.getParent().getParent().resolveSibling("cuda"))) {
            return sources.map(source -> source.getFileName().toString()).filter(name -> name.endsWith(".cu")).sorted()
                    .map(name -> CudaModule.ptx(name.replace(".cu", "")))
                    .flatMap(ptx -> ENTRY.matcher(ptx).results().map(entry -> entry.group(1))).toList();
        }
    }
}
