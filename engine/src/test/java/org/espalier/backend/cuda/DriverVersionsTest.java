package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.error.Failure;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is shipped of the kernels, as drivers and devices of several years take it. */
@ExtendWith(StandIn.class)
class DriverVersionsTest {

    @BeforeEach
    void needsTheStandIn() {
        StandIn.requireItself();
    }

    /** The fat binaries themselves, of every source file: without a compiler for PTX nothing else is taken. */
    @ParameterizedTest
    @ValueSource(ints = {80, 86, 87, 89, 90, 100, 103, 120, 121})
    void everyFatBinaryHasMachineCode(int capability) throws IOException {
        StandIn.set("compiler", 0);
        StandIn.set("capability", capability);
        CudaContext context = CudaContext.open(0);
        List<String> files = EveryKernelTest.sources();
        assertTrue(files.size() > 25, files::toString);
        for (String file : files) {
            CudaModule.load(context, file).close();
        }
        context.close();
    }

    /** A device that nobody knew when the kernels were built gets what its driver compiles. */
    @Test
    void laterDeviceCompilesThePtx() {
        StandIn.set("capability", 130);
        assertArrayEquals(new float[] {6}, twoTimesThree());
        StandIn.set("compiler", 0);
        Failure refused = assertThrows(Failure.class, DriverVersionsTest::twoTimesThree);
        assertTrue(refused.problem().startsWith("CUDA_ERROR_JIT_COMPILER_NOT_FOUND"), refused.problem());
        StandIn.reset();
    }

    /** The toolkit of CUDA 13 makes fat binaries that these refuse; the PTX beside them asks for no more than CUDA 12.0. */
    @ParameterizedTest
    @ValueSource(ints = {12000, 12020, 12040, 12090, 13000, 13010})
    void driversOfCuda12RunTheKernels(int version) {
        StandIn.set("driver_version", version);
        assertArrayEquals(new float[] {6}, twoTimesThree());
    }

    @Test
    void olderDriverIsRefusedWithTheVersionItNeeds() {
        StandIn.set("driver_version", 11080);
        Failure refused = assertThrows(Failure.class, DriverVersionsTest::twoTimesThree);
        assertEquals(
                "the NVIDIA driver is too old (it is for CUDA 11.8, this build's kernels are for CUDA 12): install a driver "
                        + "for CUDA 12 or later, or use --device cpu",
                refused.oneLine());
    }

    private static float[] twoTimesThree() {
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Buffer one = cuda.allocate(4, "one");
                Buffer other = cuda.allocate(4, "other")) {
            Tensor from = Tensor.of(one, DType.F32, Shape.of(1));
            Tensor to = Tensor.of(other, DType.F32, Shape.of(1));
            cuda.fill(queue, from, 2);
            cuda.accumulate(queue, from, 3, Target.overwrite(to));
            return HostCopy.readFloats(cuda, queue, to);
        }
    }
}
