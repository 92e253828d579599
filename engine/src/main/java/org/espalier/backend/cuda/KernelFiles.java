package org.espalier.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.espalier.error.Failure;

/** The kernels as nvcc compiled them, which are packed beside the classes: for each source file machine code and PTX. */
final class KernelFiles {

    private static final String FOLDER = "/META-INF/espalier/kernels/";
    /** One of the files, to see whether there are any. */
    private static final String ANY = "rmsnorm.ptx";

    /** What a file of machine code ends with. */
    private static final String BINARY = ".fatbin";

    private static final Pattern PTX_VERSION = Pattern.compile("(?m)^\\.version (\\d+)\\.\\d+");

    private KernelFiles() {}

    /** The PTX of one source file as nvcc wrote it. */
    static String ptx(String name) {
        return new String(read(name + ".ptx"), StandardCharsets.US_ASCII);
    }

    /** Whether this build was made with nvcc. */
    static boolean built() {
        return KernelFiles.class.getResource(FOLDER + ANY) != null;
    }

    /**
     * The source files that there are kernels of, in order of name.
     *
     * @throws Failure if this build was made without nvcc
     */
    static List<String> names() {
        URL any = KernelFiles.class.getResource(FOLDER + ANY);
        if (any == null) {
            throw noKernels(ANY);
        }
        try {
            Stream<String> files = any.openConnection() instanceof JarURLConnection jar
                    ? ofJar(jar)
                    : Arrays.stream(Path.of(any.toURI()).getParent().toFile().list());
            return files.filter(file -> file.endsWith(BINARY))
                    .map(file -> file.substring(0, file.length() - BINARY.length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(any.toString(), e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(any.toString(), e);
        }
    }

    private static Stream<String> ofJar(JarURLConnection jar) throws IOException {
        jar.setUseCaches(false);
        try (JarFile file = jar.getJarFile()) {
            String folder = FOLDER.substring(1);
            return file.stream()
                    .map(JarEntry::getName)
                    .filter(name -> name.startsWith(folder))
                    .map(name -> name.substring(folder.length()))
                    .toList()
                    .stream();
        }
    }

    /** @throws Failure if this build was made without nvcc */
    static void requireKernels() {
        if (!built()) {
            throw noKernels(ANY);
        }
    }

    /** The major version of CUDA whose drivers know the PTX of this build's kernels; versions of PTX are four behind. */
    static int cudaVersion() {
        Matcher version = PTX_VERSION.matcher(new String(read(ANY), StandardCharsets.US_ASCII));
        if (!version.find()) {
            throw noKernels(ANY);
        }
        return Integer.parseInt(version.group(1)) + 4;
    }

    private static Failure noKernels(String file) {
        return new Failure(
                "this build has no CUDA kernels",
                file,
                "build it on a machine with nvcc (CUDA 13), or use --device cpu");
    }

    /**
     * One file.
     *
     * @throws Failure if this build was made without nvcc
     */
    static byte[] read(String file) {
        try (InputStream in = KernelFiles.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                throw noKernels(file);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(file, e);
        }
    }
}
