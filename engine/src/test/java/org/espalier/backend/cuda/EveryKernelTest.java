package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.backend.Conformance;
import org.espalier.backend.OpCases;
import org.espalier.backend.Precision;
import org.espalier.ffi.CudaDriver;
import org.espalier.ffi.Library;
import org.espalier.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * No kernel that nvcc compiled goes untried, and hardly an instruction of one: what is compared in
 * {@link CudaConformanceTest}, at every alignment and with every index wrong in its turn, carries them out. On a device of
 * one multiprocessor, so that threads take turn after turn of small work.
 */
@ExtendWith(StandIn.class)
class EveryKernelTest {

    /**
     * Per cent of all instructions, and of any kernel's, that are carried out, as measured of what {@link #COMPILER} makes;
     * of what another makes, only that every kernel is. Most of the rest cannot happen: ends of rows of whole vectors
     * ({@code matvec}), turns of loops that are unrolled without knowing the block's size, loops without a turn, jumps to
     * jumps.
     */
    private static final double LEAST_OF_ALL = 96;

    private static final double LEAST_OF_ONE = 81;
    private static final String COMPILER = "V13.0.88";
    private static final Pattern ENTRY = Pattern.compile("\\.entry (\\w+)\\(");

    /** A kernel, and the PTX of its file, line by line. */
    private record Kernel(String name, List<String> ptx) {

        long instructions() {
            return StandIn.instructions(name);
        }

        long reached() {
            return instructions() - StandIn.unreached(name).size();
        }

        double share() {
            return 100.0 * reached() / instructions();
        }

        /** What was never carried out. */
        String left() {
            return name + ": " + reached() + " of " + instructions() + " instructions; not line "
                    + StandIn.unreached(name).stream()
                            .map(line -> line + ": " + ptx.get(line - 1).strip())
                            .collect(Collectors.joining("\n  "));
        }
    }

    @Test
    void isCarriedOutByTheListOfCases() throws IOException {
        StandIn.requireItself();
        StandIn.set("multiprocessors", 1);
        try (CudaBackend cuda = CudaBackend.open(0)) {
            OpCases.all()
                    .filter(c -> c.forwardFlops() <= CudaConformanceTest.MOST_FLOPS)
                    .forEach(c -> {
                        Conformance.check(c, cuda, cuda);
                        CudaConformanceTest.checkPlaces(c, cuda);
                    });
        }
        try (CudaBackend half = CudaBackend.open(0, Precision.HALF)) {
            OpCases.linear().stream()
                    .filter(c -> c.forwardFlops() <= CudaConformanceTest.MOST_FLOPS)
                    .filter(c -> c.operand("w").type() == DType.F16)
                    .forEach(c -> CudaConformanceTest.checkPlaces(c, half));
        }
        BadIndicesTest.all().forEach(BadIndicesTest::stop);
        List<Kernel> kernels = kernels();
        assertTrue(kernels.size() > 100, kernels::toString);
        assertEquals(
                List.of(),
                kernels.stream()
                        .filter(k -> k.instructions() == 0)
                        .map(Kernel::name)
                        .toList());
        long instructions = kernels.stream().mapToLong(Kernel::instructions).sum();
        long reached = kernels.stream().mapToLong(Kernel::reached).sum();
        String left = reached + " of " + instructions + " instructions\n"
                + kernels.stream()
                        .filter(k -> k.reached() < k.instructions())
                        .map(Kernel::left)
                        .collect(Collectors.joining("\n"));
        if (kernels.getFirst().ptx.stream().anyMatch(line -> line.endsWith(COMPILER))) {
            assertEquals(
                    List.of(),
                    kernels.stream()
                            .filter(k -> k.share() < LEAST_OF_ONE)
                            .map(Kernel::name)
                            .toList(),
                    left);
            assertTrue(reached >= LEAST_OF_ALL / 100 * instructions, left);
        }
        // What the queues were to give back after the kernels that were stopped.
        StandIn.reset();
    }

    /** Of every source file. */
    private static List<Kernel> kernels() throws IOException {
        List<Kernel> kernels = new ArrayList<>();
        for (String source : sources()) {
            String ptx = KernelFiles.ptx(source);
            ENTRY.matcher(ptx)
                    .results()
                    .forEach(entry ->
                            kernels.add(new Kernel(entry.group(1), ptx.lines().toList())));
        }
        return kernels;
    }

    /** Names of the source files, which lie beside the folder that the stand-in was built in. */
    static List<String> sources() throws IOException {
        Path standIn = Path.of(((Library.Loaded) CudaDriver.find()).name()).toAbsolutePath();
        try (Stream<Path> sources = Files.list(standIn.getParent().getParent().resolveSibling("cuda"))) {
            return sources.map(source -> source.getFileName().toString())
                    .filter(name -> name.endsWith(".cu"))
                    .map(name -> name.replace(".cu", ""))
                    .sorted()
                    .toList();
        }
    }
}
