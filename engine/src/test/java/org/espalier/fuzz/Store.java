package org.espalier.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where inputs that must be looked at lie: a folder for each, in one for each target. */
record Store(Path root) {

    private static final String DETAIL = "finding.txt";

    /** Writes a finding over a larger one of its kind, and says where. */
    Path write(String target, Finding finding) {
        Path folder = root.resolve(target).resolve(finding.kind().replaceAll("[^A-Za-z0-9.]+", "-"));
        try {
            Files.createDirectories(folder.resolve("input"));
            finding.input().writeInto(folder.resolve("input"));
            Files.writeString(folder.resolve(DETAIL), finding.kind() + "\n\n" + finding.detail() + "\n");
            return folder.resolve("input");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
