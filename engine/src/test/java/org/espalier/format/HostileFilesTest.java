package org.espalier.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged and lying files: each is refused with one line that names it, with little memory, and is let go of. */
class HostileFilesTest {

    /**
     * What opening may allocate, garbage included: this many times the file, plus a constant. The densest lists of tiny
     * tensors take most, as each of their entries of 30 to 60 bytes becomes a few objects.
     */
    private static final long TIMES = 20;

    private static final long PLUS = 4 << 20;

    @TempDir
    Path temp;

    @BeforeEach
    void openTrueFilesOnce() throws IOException {
        write(HostileFiles.CONFIG, "{\"model_type\": \"llama\"}".getBytes(StandardCharsets.UTF_8));
        write(
                HostileFiles.SHARD,
                HostileFiles.safetensors("{\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4));
        write(
                HostileFiles.INDEX,
                ("{\"weight_map\": {\"x\": \"" + HostileFiles.SHARD + "\"}}").getBytes(StandardCharsets.UTF_8));
        Checkpoints.open(temp).close();
        Path gguf = write(HostileFiles.GGUF, GgufBuilder.tinyLlama("llama").build());
        Checkpoints.open(gguf).close();
    }

    static List<HostileFiles.Case> cases() {
        return HostileFiles.all();
    }

    @Test
    void thereAreEnoughCases() {
        assertTrue(cases().size() >= 200, "only " + cases().size());
        assertEquals(
                cases().size(),
                cases().stream().map(Object::toString).distinct().count());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void refusesInOneLineWithLittleMemory(HostileFiles.Case hostile) throws IOException {
        Path file = write(hostile.file(), hostile.content());
        Path opened = hostile.file().equals(HostileFiles.GGUF) ? file : temp;
        List<String> native_ = NativeMemory.outstanding();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        Failure failure = assertThrowsExactly(
                Failure.class, () -> Checkpoints.open(opened).close());
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(
                allocated <= TIMES * hostile.content().length + PLUS,
                () -> allocated + " bytes allocated for a file of " + hostile.content().length);
        assertEquals(native_, NativeMemory.outstanding());
        assertOneLineAbout(file, failure);
        assertLetGo();
    }

    /** Every single bit of the header of a true file turned over: the same tensors under some names, or a refusal. */
    @Test
    void everyFlippedBitOfASafetensorsHeader() throws IOException {
        byte[] whole = HostileFiles.trueSafetensors();
        int refused = 0;
        for (int bit = 0; bit < 8 * (whole.length - 40); bit++) {
            Path file = write(HostileFiles.SAFETENSORS, flipped(whole, bit));
            try (SafetensorsFile opened = SafetensorsFile.open(file)) {
                assertSameTensors(opened, bit);
            } catch (Failure failure) {
                refused++;
                assertOneLineAbout(file, failure);
            }
        }
        assertTrue(refused > 8 * (whole.length - 40) * 9 / 10, refused + " refused");
        assertLetGo();
    }

    /**
     * Bits of a GGUF header turned over, all of the first 64 bytes and one of each byte after them: a model whose tensors
     * lie in the file, or a refusal.
     */
    @Test
    void flippedBitsOfEveryByteOfAGgufHeader() throws IOException {
        byte[] whole = GgufBuilder.tinyLlama("llama").build();
        int header = GgufBuilder.tinyLlama("llama").header().length;
        Random random = new Random(11);
        int opened = 0;
        for (int bit = 0; bit < 8 * header; bit += bit < 512 ? 1 : 8) {
            opened += opensOrIsRefused(flipped(whole, bit < 512 ? bit : bit + random.nextInt(8))) ? 1 : 0;
        }
        assertTrue(opened < header / 2, opened + " opened");
        assertLetGo();
    }

    private boolean opensOrIsRefused(byte[] gguf) throws IOException {
        Path file = write(HostileFiles.GGUF, gguf);
        try (Checkpoint opened = Checkpoints.open(file)) {
            for (StoredTensor tensor : opened.tensors().values()) {
                assertEquals(
                        tensor.type().bytes(tensor.shape().elements()),
                        tensor.bytes().byteSize());
            }
            assertTrue(opened.weightBytes() <= gguf.length);
            return true;
        } catch (Failure failure) {
            assertOneLineAbout(file, failure);
            return false;
        }
    }

    @Test
    void everyLengthOfAGgufHeader() throws IOException {
        byte[] whole = GgufBuilder.tinyLlama("llama").build();
        for (int size = 0; size < GgufBuilder.tinyLlama("llama").header().length; size++) {
            Path file = write(HostileFiles.GGUF, Arrays.copyOf(whole, size));
            assertOneLineAbout(
                    file,
                    assertThrowsExactly(
                            Failure.class, () -> Checkpoints.open(file).close()));
        }
        assertLetGo();
    }

    @Test
    void everyFlippedBitOfAnIndex() throws IOException {
        byte[] whole = Files.readAllBytes(temp.resolve(HostileFiles.INDEX));
        for (int bit = 0; bit < 8 * whole.length; bit++) {
            write(HostileFiles.INDEX, flipped(whole, bit));
            try (Checkpoint opened = Checkpoints.open(temp)) {
                assertEquals(1, opened.tensors().size());
            } catch (Failure failure) {
                assertFalse(failure.getMessage().contains("\n"));
                assertTrue(failure.place().startsWith(temp.toString()), failure.getMessage());
            }
        }
        assertLetGo();
    }

    @Test
    void foldersAndOtherPathsAreRefused() throws IOException {
        Files.createDirectories(temp.resolve("empty"));
        Files.createDirectories(temp.resolve("folder.gguf"));
        Files.createDirectories(temp.resolve("odd/model.safetensors"));
        write("odd/config.json", new byte[] {'{', '}'});
        write("text.txt", new byte[1]);
        for (String path : List.of("missing", "empty", "folder.gguf", "odd", "text.txt", "missing.gguf")) {
            assertOneLineAbout(
                    temp.resolve(path),
                    assertThrowsExactly(
                            Failure.class,
                            () -> Checkpoints.open(temp.resolve(path)).close()));
        }
    }

    private static void assertSameTensors(SafetensorsFile opened, int bit) {
        List<StoredTensor> tensors = List.copyOf(opened.tensors().values());
        assertEquals(2, tensors.size(), () -> "bit " + bit);
        assertEquals(DType.F32, tensors.get(0).type());
        assertEquals(Shape.of(2, 3), tensors.get(0).shape());
        assertEquals(DType.I64, tensors.get(1).type());
        assertEquals(Shape.of(2), tensors.get(1).shape());
        byte[] data = new byte[40];
        for (byte i = 0; i < 40; i++) {
            data[i] = i;
        }
        byte[] read = GgufBuilder.concat(
                tensors.get(0).bytes().toArray(ValueLayout.JAVA_BYTE),
                tensors.get(1).bytes().toArray(ValueLayout.JAVA_BYTE));
        assertArrayEquals(data, read);
    }

    private static void assertOneLineAbout(Path file, Failure failure) {
        assertEquals(failure.getMessage(), failure.oneLine());
        assertTrue(
                failure.getMessage().chars().noneMatch(c -> Character.isISOControl(c) || c == '\u2028'),
                failure.getMessage());
        assertTrue(
                failure.getMessage().length() < 600, () -> failure.getMessage().length() + " characters");
        assertTrue(failure.place().startsWith(file.toString()), failure.getMessage());
    }

    /** No mapping of a refused file stays behind, where the system can tell. */
    private void assertLetGo() throws IOException {
        Path maps = Path.of("/proc/self/maps");
        if (Files.exists(maps)) {
            assertFalse(Files.readString(maps).contains(temp.toString()), "a refused file is still mapped");
        }
    }

    private static byte[] flipped(byte[] bytes, int bit) {
        byte[] copy = bytes.clone();
        copy[bit / 8] ^= (byte) (1 << bit % 8);
        return copy;
    }

    private Path write(String name, byte[] content) throws IOException {
        return Files.write(temp.resolve(name), content);
    }
}
