package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.espalier.backend.cuda.StandIn;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code engine devices} says of machines with a GPU, and with one that cannot be used. */
@ExtendWith(StandIn.class)
class DevicesCommandTest {

    @BeforeEach
    void needsTheStandIn() {
        StandIn.requireItself();
    }

    @Test
    void usableDeviceIsListedWithItsLibraries() throws JsonProcessingException {
        JsonNode devices = devices();
        assertEquals(2, devices.get("devices").size());
        assertFalse(devices.has("no_cuda"));
        JsonNode cuda = devices.get("devices").get(1);
        assertEquals("cuda", cuda.get("device").asText());
        assertEquals("8.0", cuda.get("compute_capability").asText());
        assertTrue(cuda.get("usable").asBoolean());
        assertTrue(cuda.get("driver").asText().matches("CUDA 13\\.0 \\(.*standin\\.so\\)"), cuda.toString());
        assertTrue(cuda.get("blas").asText().matches("cuBLAS 13\\.0\\.0 \\(.*standin-cublas\\.so\\)"), cuda.toString());
        assertEquals(16L << 30, cuda.get("memory_bytes").asLong());
        assertTrue(cuda.get("memory_available_bytes").asLong() > 15L << 30, cuda.toString());
        String text = Ran.engine("devices").output();
        assertTrue(text.contains("Espalier stand-in (interprets PTX)") && text.contains("16.0 GiB"), text);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            driver_version | 11080 | the NVIDIA driver is too old (it is for CUDA 11.8, this build's kernels are for CUDA 12): install
            capability     | 75    | the GPU is too old (Espalier stand-in (interprets PTX) has compute capability 7.5): use one of 8.0
            memory_pools   | 0     | the GPU has no memory pools (Espalier stand-in (interprets PTX)): a virtual GPU may need
            memory         | 1024  | the GPU has no 8 MiB left for the workspace of cuBLAS (0 bytes in use by 0 buffers; 1024 bytes of
            """)
    void deviceThatCannotBeUsedIsListedWithTheReason(String subject, long value, String reason)
            throws JsonProcessingException {
        StandIn.set(subject, value);
        JsonNode cuda = devices().get("devices").get(1);
        assertFalse(cuda.get("usable").asBoolean());
        assertTrue(cuda.get("reason").asText().startsWith(reason), cuda.toString());
        String text = Ran.engine("devices").output();
        assertTrue(text.contains("cannot be used       " + reason), text);
    }

    @Test
    void machineWithoutADeviceSaysSo() throws JsonProcessingException {
        StandIn.set("devices", 0);
        JsonNode devices = devices();
        assertEquals(1, devices.get("devices").size());
        assertTrue(devices.get("no_cuda").asText().startsWith("CUDA_ERROR_NO_DEVICE: "), devices.toString());
        assertTrue(Ran.engine("devices").output().contains("none: CUDA_ERROR_NO_DEVICE: "));
    }

    private static JsonNode devices() throws JsonProcessingException {
        return new ObjectMapper().readTree(Ran.engine("devices", "--json").output());
    }
}
