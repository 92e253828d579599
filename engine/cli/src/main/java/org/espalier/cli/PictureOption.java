package org.espalier.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.espalier.file.Output;
import picocli.CommandLine.Option;

/** Where a command draws, if it is asked to. */
final class PictureOption {

    @Option(names = "--out", paramLabel = "FILE", description = "Draw it as well: F.svg, or F.html for a page.")
    private Path path;

    @Option(names = "--force", description = "Replace the drawing if it exists.")
    private boolean force;

    /** What is wrong with the name given, if anything is. */
    Optional<String> complaint() {
        boolean known = path == null || isPage() || path.toString().endsWith(".svg");
        return known ? Optional.empty() : Optional.of("--out " + path + ": name a file that ends in .svg or .html");
    }

    /** Writes the one that was asked for, if any was. */
    void write(Supplier<String> drawing, Supplier<String> page) {
        if (path != null) {
            byte[] bytes = (isPage() ? page : drawing).get().getBytes(StandardCharsets.UTF_8);
            Output.writeFile(path, force, file -> Files.write(file, bytes));
        }
    }

    private boolean isPage() {
        return path.toString().endsWith(".html");
    }
}
