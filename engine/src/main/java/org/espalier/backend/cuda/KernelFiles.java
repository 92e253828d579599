package org.espalier.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.error.Failure;

/** The kernels as nvcc compiled them, which are packed beside the classes: for each source file machine code and PTX. */
final class KernelFiles {

    private static final String FOLDER = "/META-INF/espalier/kernels/";
    /** One of the files, to see whether there are any. */
    private static final String ANY = "rmsnorm.ptx";

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
