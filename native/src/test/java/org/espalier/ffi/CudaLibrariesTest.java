package org.espalier.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Finding the CUDA libraries on a machine that need not have them. */
class CudaLibrariesTest {

    enum Searched {
        DRIVER(CudaDriver::find, "cuInit"),
        CUBLAS(Cublas::find, "cublasCreate_v2");

        final Function<Optional<String>, Library> find;
        final String function;

        Searched(Function<Optional<String>, Library> find, String function) {
            this.find = find;
            this.function = function;
        }
    }

    @TempDir
    Path temporary;

    @ParameterizedTest
    @EnumSource
    void searchEndsInALibraryWithItsFunctionOrInReasons(Searched searched) {
        switch (searched.find.apply(Optional.empty())) {
            case Library.Loaded library ->
                assertTrue(library.symbols().find(searched.function).isPresent());
            case Library.Absent absent -> {
                assertTrue(absent.reasons().size() >= 2, absent.reasons().toString());
                assertTrue(
                        absent.reasons().getFirst().startsWith("lib"),
                        absent.reasons().toString());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void wrongGivenPathIsTheOnlyReason(Searched searched) throws IOException {
        Path text = Files.writeString(temporary.resolve("text.so"), "not a library");
        for (String path : List.of("/nonexistent/lib.so", text.toString())) {
            Library.Absent absent = assertInstanceOf(Library.Absent.class, searched.find.apply(Optional.of(path)));
            assertEquals(1, absent.reasons().size(), absent.reasons().toString());
            assertTrue(
                    absent.reasons().getFirst().startsWith(path + ": "),
                    absent.reasons().toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void libraryOfAnotherKindIsRefused(Searched searched) {
        Library.Absent absent = assertInstanceOf(Library.Absent.class, searched.find.apply(Optional.of("libm.so.6")));
        assertEquals(List.of("libm.so.6: has no function " + searched.function), absent.reasons());
    }

    @Test
    void givenPathWinsAndIsTheOnlyOneTried() {
        Library wanted = LibrarySearch.first(Optional.of("libm.so.6"), List.of("libc.so.6"), "cos");
        assertEquals("libm.so.6", assertInstanceOf(Library.Loaded.class, wanted).name());
        Library wrong = LibrarySearch.first(Optional.of("libc.so.6"), List.of("libm.so.6"), "cos");
        assertInstanceOf(Library.Absent.class, wrong);
    }

    @Test
    void searchGoesOnPastWhatDoesNotOpen() {
        Library found = LibrarySearch.first(
                Optional.empty(),
                List.of("libnonexistent.so.7", "/nonexistent/libm.so", "libc.so.6", "libm.so.6"),
                "cos");
        assertEquals("libm.so.6", assertInstanceOf(Library.Loaded.class, found).name());
        Library none = LibrarySearch.first(
                Optional.empty(),
                List.of("libnonexistent.so.7", "/nonexistent/a.so", "/nonexistent/b.so", "libm.so.6"),
                "cuInit");
        List<String> reasons = assertInstanceOf(Library.Absent.class, none).reasons();
        assertEquals(3, reasons.size(), reasons.toString());
        assertTrue(reasons.get(0).contains("libnonexistent.so.7"), reasons.toString());
        assertEquals("libm.so.6: has no function cuInit", reasons.get(1));
        assertEquals("none in /nonexistent", reasons.get(2));
    }

    @Test
    void cublasIsLookedForInEveryUsualPlace() throws IOException {
        for (String folder : List.of(
                "usr/local/cuda-13.0",
                "usr/local/cuda-12.8",
                "venv/lib/python3.12",
                "home/.local/lib/python3.11",
                "usr/lib/python3.11",
                "usr/lib/python3",
                "chosen")) {
            Files.createDirectories(temporary.resolve(folder));
        }
        List<String> candidates = Cublas.candidates(
                List.of("libcublas.so.13", "libcublas.so.12"),
                Map.of(
                        "CUDA_HOME",
                        temporary.resolve("chosen").toString(),
                        "VIRTUAL_ENV",
                        temporary.resolve("venv").toString(),
                        "HOME",
                        temporary.resolve("home").toString(),
                        "CUDA_PATH",
                        " "),
                temporary);
        assertEquals(List.of("libcublas.so.13", "libcublas.so.12"), candidates.subList(0, 2));
        List<String> expected = List.of(
                "chosen/lib64/libcublas.so.13",
                "usr/local/cuda-13.0/lib64/libcublas.so.13",
                "usr/local/cuda-12.8/targets/x86_64-linux/lib/libcublas.so.13",
                "usr/lib/x86_64-linux-gnu/libcublas.so.13",
                "opt/cuda/lib64/libcublas.so.13",
                "venv/lib/python3.12/site-packages/nvidia/cu13/lib/libcublas.so.13",
                "home/.local/lib/python3.11/site-packages/nvidia/cu13/lib/libcublas.so.13",
                "usr/lib/python3/dist-packages/nvidia/cu13/lib/libcublas.so.13",
                "chosen/lib64/libcublas.so.12",
                "venv/lib/python3.12/site-packages/nvidia/cublas/lib/libcublas.so.12");
        List<Integer> places = expected.stream()
                .map(e -> candidates.indexOf(temporary.resolve(e).toString()))
                .toList();
        assertTrue(places.getFirst() > 0, candidates.toString());
        assertEquals(places.stream().sorted().toList(), places, candidates.toString());
    }

    /** As images of frameworks are laid out: no variable but the PATH tells of the environment, and programs are links. */
    @Test
    void cublasIsFoundByThePythonOnThePath() throws IOException {
        for (String folder : List.of(
                "opt/pytorch/bin",
                "opt/pytorch/lib/python3.12",
                "pyenv/versions/3.11/bin",
                "pyenv/versions/3.11/lib/python3.11",
                "shims",
                "empty",
                "opt/conda/lib")) {
            Files.createDirectories(temporary.resolve(folder));
        }
        executable("opt/pytorch/bin/python3");
        Path real = executable("pyenv/versions/3.11/bin/python3.11");
        Files.createSymbolicLink(temporary.resolve("shims/python"), real);
        Files.createSymbolicLink(temporary.resolve("empty/python3"), temporary.resolve("nowhere"));
        String path = String.join(
                ":",
                "",
                temporary.resolve("empty").toString(),
                temporary.resolve("opt/pytorch/bin").toString(),
                temporary.resolve("shims").toString());
        List<String> candidates = Cublas.candidates(List.of("libcublas.so.12"), Map.of("PATH", path), temporary);
        List<Integer> places = Stream.of(
                        "usr/local/nvidia/lib64",
                        "opt/pytorch/lib/python3.12/site-packages/nvidia/cublas/lib",
                        "pyenv/versions/3.11/lib/python3.11/site-packages/nvidia/cublas/lib",
                        "opt/pytorch/lib",
                        "opt/conda/lib")
                .map(place ->
                        temporary.resolve(place).resolve("libcublas.so.12").toString())
                .map(candidates::indexOf)
                .toList();
        assertTrue(places.getFirst() > 0, candidates.toString());
        assertEquals(places.stream().sorted().toList(), places, candidates.toString());
    }

    private Path executable(String name) throws IOException {
        Path file = Files.writeString(temporary.resolve(name), "");
        assertTrue(file.toFile().setExecutable(true));
        return file;
    }

    @Test
    void newestToolkitFolderComesFirst() throws IOException {
        for (String name : List.of("cuda-12.8", "cuda-13.0", "other")) {
            Files.createDirectory(temporary.resolve(name));
        }
        assertEquals(
                List.of(temporary.resolve("cuda-13.0"), temporary.resolve("cuda-12.8")),
                LibrarySearch.folders(temporary, "cuda*"));
        assertEquals(List.of(), LibrarySearch.folders(temporary.resolve("missing"), "cuda*"));
    }
}
