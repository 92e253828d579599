package org.espalier;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where the large test material lies: the folder named by the system property {@code espalier.shared}, else
 * {@code shared} beside the repository. A test that asks for what is not there is skipped, and says what it missed.
 */
public final class Shared {

    private static final Path ROOT = root();

    private Shared() {}

    /** The file or folder {@code relative} of the test material; skips the test that asks if it is missing. */
    public static Path path(String relative) {
        Path path = ROOT.resolve(relative);
        assumeTrue(Files.exists(path), () -> "skipped: test material '" + relative + "' is not in " + ROOT);
        return path;
    }

    private static Path root() {
        String named = System.getProperty("espalier.shared", "");
        if (!named.isEmpty()) {
            return Path.of(named).toAbsolutePath().normalize();
        }
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null && !Files.exists(folder.resolve("kernels"))) {
            folder = folder.getParent();
        }
        return folder == null ? Path.of("shared") : folder.resolveSibling("shared");
    }
}
